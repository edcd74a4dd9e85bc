"""Answers: how their users judge them, and those that nobody counts."""

import gc
from collections.abc import Callable

import gevent
import numpy as np
import pytest
from locust.exception import (
    InterruptTaskSet,
    LocustError,
    RescheduleTask,
    RescheduleTaskImmediately,
    ResponseError,
    StopUser,
)

from eiload.base.status import Status
from eiload.control.session import Left
from eiload.plugin.answers import Answer, OpenAnswers
from eiload.sending.reply import Reply
from eiload.serving.protos import predict_pb2
from eiload.serving.tensors import Tensor, to_proto
from eiload.serving.tfserving import decode_response


class Client:
    """What an answer asks of its user's client and of the tally, and what they were asked."""

    user = "Hasty"

    def __init__(self) -> None:
        self.said: list[str] = []
        self.counted: list[Status] = []
        self.told: list[str] = []
        self.heard: list[Status] = []
        self.open = OpenAnswers(self.said.append)

    def answer(
        self,
        status: Status = Status.OK,
        detail: str = "",
        response: bytes = b"",
        *,
        sent_ns: int = 2,
        done_ns: int = 3,
        catch: bool = True,
    ) -> Answer:
        """Return an answer that its user has to count, or, if it does not catch, one counted."""
        reply = Reply(status, detail, response, 1, sent_ns, done_ns, b"")
        answer = Answer(self, self, reply, "ssd Predict", catch=catch)
        if catch:
            self.open.add(answer)
        else:
            answer.count()
        return answer

    def count(self, _reply: Reply, status: Status, detail: str) -> None:
        """Count, as the tally does."""
        self.counted.append(status)
        self.told.append(detail)

    def outputs(self, reply: Reply) -> dict[str, Tensor]:
        """Decode, as the tally does."""
        return decode_response(reply.response)

    def tell(self, _reply: Reply, answer: Answer, _name: str) -> None:
        """Be told what Locust is to hear."""
        self.heard.append(answer.status)

    def forget(self, answer: Answer) -> None:
        """Be told of an answer that nobody has."""
        self.open.drop(answer)

    def late(self, problem: str) -> None:
        """Be told what was found after counting."""
        self.open.late(self.user, problem)


@pytest.fixture
def client() -> Client:
    """Return a client of its own for each test."""
    return Client()


def test_dropped(client: Client) -> None:
    """An answer that nobody has any more is counted as it was, and that is explained once."""
    client.answer()
    assert client.answer(response=b"no response").outputs == {}
    assert client.counted == []  # not by the garbage collector, which comes at any moment
    client.open.settle(Left.DROPPED)
    assert client.counted == client.heard == [Status.OK, Status.BAD_ANSWER]
    (said,) = client.said
    assert said.startswith("Hasty: predict(catch_response=True) without `with`")
    assert "as answer:`, or leave catch_response out" in said


def test_dropped_in_a_circle(client: Client) -> None:
    """It makes no difference who finds that nobody has it."""
    answer = client.answer()
    vars(answer)["itself"] = answer
    del answer
    gc.collect()
    client.open.settle(Left.DROPPED)
    assert client.counted == [Status.OK]


def test_kept(client: Client) -> None:
    """An answer that somebody has is left alone until the end, and counted once."""
    answer = client.answer()
    client.open.settle(Left.DROPPED)
    assert client.counted == []
    client.open.settle(Left.IDLE)
    with answer:
        answer.failure("too late")
    del answer
    client.open.settle(Left.ALL)
    assert client.counted == [Status.OK]


def test_judged(client: Client) -> None:
    """An answer that is being judged is waited for, and counted as it is if that takes too long."""
    with client.answer() as answer:
        client.open.settle(Left.IDLE)
        assert client.counted == []
        answer.failure("not this")
    with client.answer() as answer:
        client.open.settle(Left.ALL)
    client.open.settle(Left.ALL)
    assert client.counted == [Status.BAD_ANSWER, Status.OK]
    assert client.said == []  # they did write a block


def response(**outputs: Tensor) -> bytes:
    """Return a serialised answer with these outputs."""
    answer = predict_pb2.PredictResponse()
    for alias, tensor in outputs.items():
        answer.outputs[alias].CopyFrom(to_proto(tensor))
    return bytes(answer.SerializeToString())


def detector(score: float = 0.9) -> bytes:
    """Return what an SSD model answers that sees one dog."""
    return response(
        detection_boxes=np.array([[[0, 0, 1, 1]]], np.float32),
        detection_scores=np.array([[score]], np.float32),
        detection_classes=np.array([[18]], np.float32),
        num_detections=np.array([1], np.float32),
    )


def test_success(client: Client) -> None:
    """A status that is expected can be called good."""
    with client.answer(Status.DEADLINE_EXCEEDED, "Deadline Exceeded") as answer:
        assert not answer.ok
        answer.success()
        assert answer.ok
    assert client.counted == [Status.OK]


@pytest.mark.parametrize(("sent_ns", "done_ns"), [(0, 3), (2, 0)])
def test_success_of_nothing(client: Client, sent_ns: int, done_ns: int) -> None:
    """What was never sent, or has no outcome, does not become good by a word."""
    with client.answer(Status.UNFINISHED, sent_ns=sent_ns, done_ns=done_ns) as answer:
        answer.success()
    assert client.counted == [Status.UNFINISHED]


def test_the_last_word_holds(client: Client) -> None:
    """As in Locust, an answer may be judged again."""
    with client.answer() as answer:
        answer.failure("not this")
        answer.success()
    with client.answer() as answer:
        answer.success()
        answer.failure("not this")
    assert client.counted == [Status.OK, Status.BAD_ANSWER]


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("no dog", "no dog"),
        (ValueError("no dog"), "no dog"),
        (AssertionError(), "AssertionError"),
        ("no\ndog \x1b[1m" + "!" * 400, "no dog ?[1m" + "!" * 289 + "..."),
        (404, "404"),
    ],
)
def test_reasons(client: Client, reason: object, told: str) -> None:
    """A reason is a text or an exception, told in one line that is not too long."""
    with client.answer() as answer:
        answer.failure(reason)
    assert client.told == [told]


def test_failure_of_a_failure(client: Client) -> None:
    """What the server said is kept, and the user's reason beside it."""
    with client.answer(Status.UNAVAILABLE, "going away") as answer:
        answer.failure("no dog found")
    assert client.counted == [Status.UNAVAILABLE]
    assert client.told == ["going away; no dog found"]


def test_without_catching(client: Client) -> None:
    """Who forgot catch_response is told in a sentence, as by Locust's own clients."""
    answer = client.answer(catch=False)
    with pytest.raises(LocustError, match=r"^Hasty: `with` without catch_response, .* write `with"):
        answer.__enter__()
    with pytest.raises(LocustError, match=r"^Hasty: failure\(\) outside a `with` block that catch"):
        answer.failure("not this")
    assert client.counted == [Status.OK]


def test_judged_outside_the_block(client: Client) -> None:
    """Before the block and after it nothing can be said: that would be without effect."""
    answer = client.answer()
    with pytest.raises(LocustError, match=r"^Hasty: success\(\) outside"):
        answer.success()
    with answer:
        pass
    with pytest.raises(LocustError, match=r"^Hasty: failure\(\) outside"):
        answer.failure("too late")
    assert client.counted == [Status.OK]


@pytest.mark.parametrize(
    "flow",
    [
        RescheduleTask(),
        RescheduleTaskImmediately(),
        InterruptTaskSet(),
        StopUser(),
        gevent.GreenletExit(),
        KeyboardInterrupt(),
    ],
    ids=lambda flow: type(flow).__name__,
)
def test_flow_is_no_judgement(client: Client, flow: BaseException) -> None:
    """Locust's own flow control goes on its way, and the answer is what it is."""
    for status in (Status.OK, Status.UNAVAILABLE):
        with pytest.raises(type(flow)), client.answer(status):
            raise flow
    assert client.counted == [Status.OK, Status.UNAVAILABLE]


@pytest.mark.parametrize("error", [KeyError("boxes"), gevent.Timeout(1)], ids=["error", "timeout"])
def test_an_exception_is_a_failure(client: Client, error: BaseException) -> None:
    """Any other exception in the block makes the answer bad, and goes on its way."""
    with pytest.raises(type(error)), client.answer():
        raise error
    assert client.counted == [Status.BAD_ANSWER]
    assert client.told == [f"{type(error).__name__}: {error}"]


def test_an_exception_after_a_word(client: Client) -> None:
    """As in Locust, what was said before it holds."""

    def fail_after(word: Callable[[Answer], None]) -> None:
        with client.answer() as answer:
            word(answer)
            raise KeyError

    for word in (Answer.success, lambda answer: answer.failure("not this")):
        with pytest.raises(KeyError):
            fail_after(word)
    assert client.counted == [Status.OK, Status.BAD_ANSWER]
    assert client.told == ["", "not this"]


def test_raised_instead_of_said(client: Client) -> None:
    """Locust's own exception for it is another way to say `failure`, and goes no further."""
    with client.answer():
        raise ResponseError("no dog")
    assert client.told == ["no dog"]
    assert client.counted == [Status.BAD_ANSWER]


def test_detections(client: Client) -> None:
    """An SSD model's answer has its detections, of which those that score enough are given."""
    with client.answer(response=detector()) as answer:
        assert [each.label for each in answer.detections()] == ["dog"]
        assert answer.detections(min_score=0.95) == []
    assert client.counted == [Status.OK]


def test_detections_of_another_model(client: Client) -> None:
    """An answer of another model is a failure that says what it has and lacks."""
    with client.answer(response=response(y=np.ones(2, np.float32))) as answer:
        assert answer.detections() == []
        answer.failure("no dog")
    with client.answer(response=response(detection_boxes=np.ones((1, 1, 4), np.float32))) as answer:
        assert answer.detections() == []
    assert client.counted == [Status.BAD_ANSWER] * 2
    other, part = client.told
    needs = "detections() needs the outputs of an SSD detector; the answer has"
    assert other.startswith(f"{needs} 'y', not 'detection_boxes', 'detection_scores', 'detection_")
    assert other.endswith("'num_detections'; no dog")
    assert part.startswith(f"{needs} 'detection_boxes', not 'detection_scores', ")


def test_detections_that_cannot_be(client: Client) -> None:
    """Nor is an answer good that contradicts itself."""
    with client.answer(response=detector(score=7)) as answer:
        assert answer.detections() == []
    assert client.told == ["detection_scores are not all between 0 and 1"]


def test_found_bad_after_counting(client: Client) -> None:
    """Without a block the answer was counted before anybody looked: that is said, once."""
    for _ in range(2):
        answer = client.answer(response=response(y=np.ones(2, np.float32)), catch=False)
        assert answer.detections() == []
        assert not answer.ok
    assert client.counted == [Status.OK] * 2
    (said,) = client.said
    assert said.startswith("Hasty: an answer that is counted already turns out to be bad: detect")
    assert said.endswith("as answer:`, and it is counted as failed")


def test_failed_calls_have_nothing_in_them(client: Client) -> None:
    """An answer of a failed call has neither outputs nor detections, and no second reason."""
    with client.answer(Status.UNAVAILABLE, "going away") as answer:
        assert answer.outputs == {}
        assert answer.detections() == []
    assert client.told == ["going away"]
