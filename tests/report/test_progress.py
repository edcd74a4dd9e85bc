"""The line that is shown while a run goes on."""

import pytest

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.record.intervals import Intervals
from eiload.record.recorder import Recorder
from eiload.report.progress import Progress
from tests.report import runs


def test_line_counts_and_times() -> None:
    """The line has the time, the phase, and each target's counts and recent times."""
    progress = Progress(["gpu", "ei"], phases=2)
    gpu = runs.results(0, 1, 0, [100.0] * 250)
    ei = runs.ended(runs.results(1, 1, 0, [120.0] * 30), slice(0, 2), Status.UNAVAILABLE)
    progress.add(runs.recorded(gpu, ei))
    assert progress.line(4 * NS_PER_S, 600 * NS_PER_S, "steady") == (
        "00:04/10:00 steady"
        " | gpu 250 ok, p50 100 p90 100 ms"
        " | ei 28 ok, 2 failed, p50 120 max 120 ms"
    )


def test_counts_are_of_the_whole_run_and_times_of_the_last_seconds() -> None:
    """After ten quiet seconds the counts stay and the times are gone."""
    progress = Progress(["gpu"], phases=1)
    progress.add(runs.recorded(runs.results(0, 0, 0, [100.0] * 5)))
    for _ in range(30):  # however many reports come with nothing in them
        progress.add(Intervals.empty())
    assert progress.line(2 * NS_PER_S, 60 * NS_PER_S, "p").endswith("gpu 5 ok, p50 100 max 100 ms")
    assert progress.line(30 * NS_PER_S, 60 * NS_PER_S, "p").endswith("gpu 5 ok, no answer lately")


@pytest.mark.parametrize("workers", [1, 20])
def test_the_window_is_of_seconds(workers: int) -> None:
    """Ten seconds back, whether one worker reports or twenty do, every 3 s."""
    progress = Progress(["gpu"], phases=1)
    for start in range(0, 60, 3):
        for _ in range(workers):
            slow = start >= 54
            progress.add(
                runs.recorded(runs.results(0, 0, start, [900.0 if slow else 100.0] * 3, rate=1))
            )
    said = progress.line(60 * NS_PER_S, 60 * NS_PER_S, "steady")
    assert "p50 900" in said  # 6 of the last 10 s
    tail = next(word for word in said.split() if word in {"p90", "p95", "p99", "max"})
    assert f"{tail} 900 ms" in said


def test_slow_answers_are_recent_when_they_come() -> None:
    """An answer after 20 s belongs to a request that was due long ago: it is news all the same."""
    progress = Progress(["gpu", "ei"], phases=1)
    for second in range(40):
        progress.add(runs.recorded(runs.results(0, 0, second, [100.0], rate=1)))
    progress.add(runs.recorded(runs.results(1, 0, 19, [20_000.0], rate=1)))
    line = progress.line(40 * NS_PER_S, 60 * NS_PER_S, "steady")
    assert line.endswith("ei 1 ok, p50 20,007 max 20,007 ms")


def test_a_long_run_knows_its_times_by_the_step() -> None:
    """Of a day's run an answer is recent while the step that it was counted in goes on."""
    recorder = Recorder(0, 120)
    recorder.record(runs.results(0, 0, 170, [100.0] * 5))
    progress = Progress(["gpu"], 1, 120)
    progress.add(recorder.take())
    assert progress.line(200 * NS_PER_S, 86_400 * NS_PER_S, "p").endswith("p50 100 max 100 ms")


def test_until_decided() -> None:
    """When the run is looked at next stands beside where it is."""
    said = Progress(["gpu"], 1).line(2 * NS_PER_S, 60 * NS_PER_S, "p", 20)
    assert said == "00:02/01:00 p, look at 00:20 | gpu 0 ok, no answer yet"


def test_nothing_yet() -> None:
    """Before the first answer, the line says so."""
    assert (
        Progress(["gpu"], 1)
        .line(0, 3600 * NS_PER_S, "warm-up")
        .endswith("00:00/1:00:00 warm-up | gpu 0 ok, no answer yet")
    )


def test_notable_lag_is_mentioned() -> None:
    """The generator's own lateness appears once it matters."""
    batch = runs.results(0, 0, 0, [100.0] * 50)
    batch["sent_ns"] = batch["intended_ns"] + 20_000_000
    progress = Progress(["gpu"], 1)
    progress.add(runs.recorded(batch))
    assert progress.line(0, NS_PER_S, "p").endswith(", lag p99 20.0 ms")


@pytest.mark.parametrize("name", runs.HOSTILE)
def test_hostile_names_stay_on_the_line(name: str) -> None:
    """A name cannot break the line or steer the terminal."""
    line = Progress([name], 1).line(0, NS_PER_S, name)
    assert len(line.splitlines()) == 1
    assert not set(line) & {"\x1b", "\x07", "\u202e"}


def test_no_verdict_words() -> None:
    """Numbers only: looking at verdicts during a run makes them wrong."""
    progress = Progress(["gpu"], 1)
    progress.add(runs.recorded(runs.results(0, 0, 0, [900.0] * 50)))
    line = progress.line(0, NS_PER_S, "steady")
    assert not any(word in line for word in ("pass", "increase", "undecided", "verdict"))


def test_no_plan() -> None:
    """A run of Locust's users ends when Locust ends it: the line shows no length of it."""
    progress = Progress(["ssd"], phases=1)
    assert progress.line(4 * NS_PER_S, 0, "users").startswith("00:04 users | ssd 0 ok")
