"""What is said of a run that was stopped."""

import pytest

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.record.stopping import (
    CLOCK,
    RUN_TIME,
    aborted,
    as_planned,
    before_load,
    clock,
    decided,
    hopeless,
    is_abort,
    share,
)


def test_before_the_load() -> None:
    """Why, and after --run-time how long it would have had to be."""
    assert before_load("SIGINT", 2 * NS_PER_S) == "stopped before the load began (SIGINT)"
    assert before_load(RUN_TIME, 2 * NS_PER_S, ready=True) == (
        "--run-time was over before the load began (getting ready took 2 s)"
    )
    assert before_load(RUN_TIME, 11_400 * NS_PER_MS) == (
        "--run-time was over before the load began (getting ready has taken 11 s and is not done)"
    )


@pytest.mark.parametrize(
    ("took_ms", "run_time_s", "said"),
    [
        (12_300, 15, "12 of 15 s of --run-time went into getting ready"),
        (1_340, 8, "1.3 of 8 s of --run-time went into getting ready"),
        (800, 60, ""),
    ],
)
def test_share(took_ms: int, run_time_s: int, said: str) -> None:
    """A share that changes what was measured is told."""
    assert share(took_ms * NS_PER_MS, run_time_s * NS_PER_S) == said


def test_before_the_last_second_of_the_plan() -> None:
    """A look's end is as planned, an abort is none, and neither is taken for the other."""
    for reason in (decided("5 min"), hopeless("5 min")):
        assert as_planned(reason)
        assert not is_abort(reason)
        assert "after 5 min" in reason
    assert is_abort(aborted("60 % failed"))
    for reason in (aborted("60 % failed"), "SIGINT", RUN_TIME, ""):
        assert not as_planned(reason)


def test_a_clock_that_jumps() -> None:
    """By an hour it is said; being kept right or read late is nothing to say."""
    assert clock(4 * NS_PER_S) == clock(-4 * NS_PER_S) == {}
    said = "the machine's clock jumped {} by 60 min during the run; no time depends on it"
    assert clock(3600 * NS_PER_S) == {CLOCK: said.format("forward")}
    assert clock(-3600 * NS_PER_S) == {CLOCK: said.format("back")}
