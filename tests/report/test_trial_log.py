"""How a trial goes, by its log's end."""

import pytest

from eiload.base.clock import NS_PER_S
from eiload.report.progress import Progress
from eiload.report.trial_log import called, log_of, newest
from tests.report import runs


def line(elapsed_s: int, total_s: int, phase: str, look_s: int | None = None) -> str:
    """Return a line of a log as a run writes it."""
    progress = Progress(["gpu"], phases=2)
    if elapsed_s:
        progress.add(runs.recorded(runs.results(0, 1, 0, [100.0] * 1250)))
    told = progress.line(elapsed_s * NS_PER_S, total_s * NS_PER_S, phase, look_s)
    return f"eiload: {told}\n"


COUNTS = "1,250 ok, p50 100 p95 100 ms"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (line(0, 75, "warm-up"), "warm-up, 75 s left: 0 ok, no answer yet"),
        (line(4, 3665, "steady"), f"steady, 62 min left: {COUNTS}"),
        (line(4, 600, "a | b, c", 9), f"a | b, c, 10 min left at most, a look in 5 s: {COUNTS}"),
        (line(4, 4, "drain"), f"drain: {COUNTS}"),
    ],
)
def test_newest(written: str, said: str) -> None:
    """Phase, what is left, counts and times: of the last whole line, whatever else is there."""
    log = f"0 ok, cut\n{line(0, 75, 'old')}{written}[2026-11-30] vm/INFO/locust: x\neiload: 00:0"
    assert newest(log) == said


def test_nothing_said_yet() -> None:
    """Before its load a trial has no line of that kind."""
    assert newest("") == newest("eiload: starting the stand-in 'gpu'\n") == ""


def test_names() -> None:
    """People count from 1."""
    assert called(0) == "trial-001"
    assert log_of(11) == "trial-012.log"
