"""Whether a server fell behind, from the times around requests that were held back."""

import re
from dataclasses import replace

import numpy as np

from eiload.base.status import Status
from eiload.judging.backlog import never_sent
from eiload.record.run import Run
from tests.golden import ONE, Floats, golden_run, steady


def held_back(before_ms: float, during_ms: float) -> Run:
    """Return a run in which one in three requests from half of it on was not sent."""

    def answer(due_s: Floats) -> Floats:
        late = due_s > 150
        times = np.where(late, steady(during_ms, 1)(due_s), steady(before_ms, 1)(due_s))
        times[late & (np.arange(len(due_s)) % 3 == 0)] = np.inf
        return times

    return golden_run(ONE, answers={"gpu": answer}, failed=Status.DROPPED)


def test_all_were_sent() -> None:
    """There is nothing to explain."""
    assert never_sent(golden_run(ONE), 0) == ""


def test_a_limit_that_is_too_small() -> None:
    """Times that stay as they are say nothing against the server."""
    assert never_sent(held_back(100, 120), 0) == "max_in_flight (1,000) was reached"


def test_a_limit_on_bytes() -> None:
    """Which limit it was is said as the sender has said it; both if it was both."""
    run = held_back(100, 120)
    dropped = run.statuses(0)[Status.DROPPED]
    said = "max_in_flight_bytes (64 MB) was reached"
    for by_bytes, words in ((dropped, said), (5, f"max_in_flight (1,000) was reached, and {said}")):
        details = {f"DROPPED: {said}": by_bytes, "DROPPED": dropped - by_bytes}
        targets = (replace(run.targets[0], details=details),)
        assert never_sent(replace(run, targets=targets), 0) == words


def test_a_server_that_does_not_keep_up() -> None:
    """Times that grow do, and the numbers are given."""
    assert re.fullmatch(
        r"max_in_flight \(1,000\) was reached when the median service time rose from "
        r"[\d.]+ ms to [\d.]+ s: the server did not keep up",
        never_sent(held_back(100, 2000), 0),
    )


def test_a_server_that_never_answers() -> None:
    """Where there are no times, none are compared."""
    run = golden_run(
        ONE, answers={"gpu": lambda due: np.full(len(due), np.inf)}, failed=Status.DROPPED
    )
    assert never_sent(run, 0) == "max_in_flight (1,000) was reached"
