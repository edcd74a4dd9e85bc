"""Answers that their users leave uncounted."""

import gc

import pytest

from eiload.base.status import Status
from eiload.control.session import Left
from eiload.plugin.answers import Answer, OpenAnswers
from eiload.sending.reply import Reply


class Client:
    """What an answer asks of its user's client, and what it was asked."""

    user = "Hasty"

    def __init__(self) -> None:
        self.said: list[str] = []
        self.counted: list[Status] = []
        self.open = OpenAnswers(self.said.append)

    def answer(self) -> Answer:
        """Return an answer that is to be counted by its user."""
        reply = Reply(Status.OK, "", b"", 1, 2, 3)
        answer = Answer(self, reply, 0, "ssd Predict")
        self.open.add(answer)
        return answer

    def count(self, _reply: Reply, answer: Answer, _target: int, _name: str) -> None:
        """Be told of a count."""
        self.counted.append(answer.status)

    def forget(self, answer: Answer) -> None:
        """Be told of an answer that nobody has."""
        self.open.drop(answer)


@pytest.fixture
def client() -> Client:
    """Return a client of its own for each test."""
    return Client()


def test_dropped(client: Client) -> None:
    """An answer that nobody has any more is counted as it was, and that is explained once."""
    client.answer()
    client.answer().failure("not this")
    assert client.counted == []  # not by the garbage collector, which comes at any moment
    client.open.settle(Left.DROPPED)
    assert client.counted == [Status.OK, Status.BAD_ANSWER]
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
