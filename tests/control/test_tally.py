"""A worker's tally: results, answers, failures in words."""

from pathlib import Path

import numpy as np

from eiload.base.status import Status
from eiload.control.tally import TOGETHER, Tally
from eiload.record.facts import Answers
from eiload.record.recorder import Recorder
from eiload.record.served import Served, Version
from eiload.scenario import build
from eiload.sending.arrays import RESULT_DTYPE, Results
from eiload.sending.reply import Reply
from eiload.sending.result import RESULT
from eiload.sending.witness import Share
from eiload.server.answers import detections
from eiload.serving.protos import predict_pb2
from eiload.serving.tfserving import to_proto

TARGET = {"server": "127.0.0.1:1", "model": "ssd"}
SCENARIO = build(
    {
        "name": "tally",
        "targets": {"a": TARGET, "b": TARGET},
        "payload": {"synthetic": "8x8"},
        "traffic": [{"phase": "x", "rate": "1/s", "for": "1 s"}],
        "compare": {"baseline": "a", "candidate": "b"},
    },
    "test",
    Path(),
)


def begun() -> Tally:
    """Return a tally whose run has begun at instant 0."""
    tally = Tally(SCENARIO)
    tally.begin(Recorder(0, 1))
    return tally


def a_result(status: Status = Status.OK, *, seq: int = 0, target: int = 0) -> Results:
    """Return one result."""
    packed = RESULT.pack(seq, 1, 2, 3, 4, 0, target, 1, 0, status, 0, 0, 0, 0)
    return np.frombuffer(packed, RESULT_DTYPE)


def an_answer(seed: bytes) -> bytes:
    """Return an SSD's answer."""
    message = predict_pb2.PredictResponse()
    for alias, array in detections([seed.ljust(16)], 1).items():
        message.outputs[alias].CopyFrom(to_proto(array))
    data: bytes = message.SerializeToString()
    return data


def test_nothing_counts_before_the_load() -> None:
    """Results of the preparation are nobody's."""
    tally = Tally(SCENARIO)
    assert not tally.begun
    assert not tally.record(a_result(), str)
    assert tally.take().intervals.total() == 0


def test_failures_are_told_in_words() -> None:
    """Each failure's status and text is counted for its target, running."""
    tally = begun()
    for _ in range(2):
        result = a_result(Status.UNAVAILABLE, target=1)
        assert tally.record(result, lambda _number: "gone")
        taken = tally.take()
        assert taken.intervals.total() == 1
    assert taken.failures == {"a": ({},), "b": ({"UNAVAILABLE: gone": 2},)}


def test_undecodable_answer() -> None:
    """An answer that is no PredictResponse is a bad answer, and the request failed."""
    tally = begun()
    result, problem = tally.check(a_result(), b"\xff")
    assert result["status"][0] == Status.BAD_ANSWER
    assert problem.startswith("cannot be decoded")
    assert tally.take().answers == {"a": (Answers(checked=1, bad=1),), "b": (Answers(),)}


def test_answers_are_paired() -> None:
    """The answers to one arrival's two requests are compared."""
    tally = begun()
    for seq, answers in ((0, (b"x", b"x")), (2, (b"x", b"y"))):
        for target, seed in enumerate(answers):
            _, problem = tally.check(a_result(seq=seq + target, target=target), an_answer(seed))
            assert not problem
    assert tally.take().answers["b"] == (Answers(checked=2, compared=2, agreed=1),)


def test_users_requests_are_counted_together() -> None:
    """What users count is in the next report, however little or much it was."""
    tally = begun()
    packed = a_result().tobytes()
    reply = Reply(Status.OK, "", b"", 1, 2, 3, packed)
    for count in (1, 2 * TOGETHER + 1):
        for _ in range(count):
            tally.count(reply, Status.OK, "")
        assert tally.take().intervals.total() == count


def test_users_judge_their_requests() -> None:
    """A request is counted as its user calls it, whatever the server did; failures in words."""
    tally = begun()
    tally.open = 3
    for found, judged in (
        (Status.OK, Status.OK),
        (Status.OK, Status.BAD_ANSWER),
        (Status.INTERNAL, Status.OK),
    ):
        packed = a_result(found, target=1).tobytes()
        tally.count(Reply(found, "", b"", 1, 2, 3, packed), judged, "not this")
    taken = tally.take()
    assert taken.intervals.statuses(1, 0) == {Status.OK: 2, Status.BAD_ANSWER: 1}
    assert taken.failures == {"a": ({},), "b": ({"BAD_ANSWER: not this": 1},)}
    assert tally.open == 0


def test_what_served_is_told() -> None:
    """Versions of answers that are looked at, sizes of those that ended OK, shares of addresses."""
    tally = begun()
    message = predict_pb2.PredictResponse.FromString(an_answer(b"x"))
    message.model_spec.version.value = 7
    answer = message.SerializeToString()
    tally.record(a_result(target=1), str)
    tally.record(a_result(Status.UNAVAILABLE, target=1), str)
    tally.check(a_result(target=1), answer)
    tally.look(1, 0, 9, answer)
    tally.look(1, 0, 9, an_answer(b"says no version"))
    reply = Reply(Status.OK, "", answer, 1, 2, 3, bytes(a_result(target=1).data))
    tally.open = 1
    tally.count(reply, Status.OK, "")
    taken = tally.take([Share(1, 0, "10.0.0.1:1", 2)]).served
    assert taken["a"] == (Served(),)
    (served,) = taken["b"]
    assert served == Served(2, 8, 4, (Version(7, 3, 9, 3),), {"10.0.0.1:1": 2})


def test_failures_in_a_row_are_counted_where_they_end_a_run() -> None:
    """In the order in which they came, after the grace; nowhere else."""
    assert begun().take().rows == {}
    abort = {"failures": "3 in a row", "grace": "0 s"}
    plain = {"name": "tally", "targets": {"a": TARGET, "b": TARGET}, "abort": abort}
    more = {
        "payload": {"synthetic": "8x8"},
        "traffic": [{"phase": "x", "rate": "1/s", "for": "1 s"}],
    }
    tally = Tally(build({**plain, **more}, "test", Path()))
    tally.begin(Recorder(0, 1))
    for status in (Status.UNAVAILABLE, Status.OK, Status.UNAVAILABLE, Status.BAD_ANSWER):
        assert tally.record(a_result(status, target=1), str)
    assert tally.take().rows == {"a": 0, "b": 2}
    assert tally.record(a_result(Status.DROPPED, target=1), str)
    assert tally.take().rows == {"a": 0, "b": 3}
