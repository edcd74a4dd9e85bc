"""The line that a terminal writes over."""

import math

import pytest

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.status import Status
from eiload.report.progress import Progress
from eiload.report.ticker import SoFar, line
from tests.report import runs

GPU = SoFar("gpu", 12_345, 12_340, 5, "p95", 101 * NS_PER_MS)
EI = SoFar("ei", 12_345, 12_344, 1, "p95", 130 * NS_PER_MS)
AT = 192 * NS_PER_S, 600 * NS_PER_S, "steady"


def test_the_widest() -> None:
    """Phase, time left, sent, answered, errors, p95 so far of each target."""
    assert line(*AT, [GPU, EI], 200) == (
        "steady 03:12 of 10:00, 06:48 left"
        " | gpu 12,345 sent, 12,340 answered, 5 errors, p95 101 ms"
        " | ei 12,345 sent, 12,344 answered, 1 error, p95 130 ms"
    )


def test_an_ordinary_terminal() -> None:
    """Two targets on 80 columns: their counts are added up."""
    assert line(*AT, [GPU, EI], 90) == (
        "steady 06:48 left | 24,690 sent, 24,684 answered, 6 errors | p95 gpu 101, ei 130 ms"
    )
    assert line(*AT, [GPU, EI], 79) == (
        "steady 06:48 left | 24,690 sent, 24,684 ok, 6 errors | p95 gpu 101, ei 130 ms"
    )
    assert line(*AT, [GPU, EI], 60).endswith("...")
    assert line(*AT, [GPU], 79) == (
        "steady 06:48 left | gpu 12,345 sent, 12,340 answered, 5 errors, p95 101 ms"
    )


def test_until_decided() -> None:
    """When it is looked at next goes before how long it may last."""
    assert line(*AT, [GPU], 200, look_s=300).startswith(
        "steady 03:12 of 10:00, 06:48 left at most, look at 05:00 | gpu "
    )
    assert line(*AT, [GPU, EI], 90, look_s=300).startswith("steady look at 05:00 | 24,690 sent")


@pytest.mark.parametrize("width", range(0, 200, 7))
def test_it_fits(width: int) -> None:
    """Whatever the width."""
    assert len(line(*AT, [GPU, EI], width)) <= max(width, 3)


def test_no_plan_and_failures() -> None:
    """A run without a planned end has no time left; a tail among failures is a word."""
    failing = SoFar("gpu", 10, 1, 9, "p95", math.inf)
    assert line(192 * NS_PER_S, 0, "users", [failing], 100) == (
        "users 03:12 so far | gpu 10 sent, 1 answered, 9 errors, p95 failed"
    )
    nothing = SoFar("gpu", 0, 0, 0, "", math.nan)
    assert line(0, 0, "users", [nothing, nothing], 70).endswith("0 errors | no answer yet")


def test_what_has_passed_and_what_is_left_add_up() -> None:
    """Also in the middle of a second."""
    found = line(NS_PER_S // 2, 12 * NS_PER_S, "steady", [GPU], 100)
    assert found.startswith("steady 00:00 of 00:12, 00:12 left | ")


def test_after_the_plan() -> None:
    """While the last answers are waited for, it says for how long."""
    found = line(612 * NS_PER_S, 600 * NS_PER_S, "drain", [GPU], 100)
    assert found.startswith("drain 00:12 so far | gpu 12,345 sent")


def test_targets_have_one_percentile() -> None:
    """That of the one with the fewest answers."""
    progress = Progress(["gpu", "ei"], 1)
    progress.add(runs.recorded(runs.results(0, 0, 0, [100.0] * 500)))
    progress.add(runs.recorded(runs.results(1, 0, 0, [200.0] * 60)))
    assert progress.ticker(*AT, 79).endswith(" | p50 gpu 100, ei 200 ms")


def test_so_far_is_of_the_judged_phases() -> None:
    """Counts are of everything; the percentile leaves out the warm-up once there is more."""
    progress = Progress(["gpu"], 2, warm_up=[0])
    progress.add(runs.recorded(runs.results(0, 0, 0, [900.0] * 500)))
    assert progress.ticker(*AT, 100).endswith("500 sent, 500 answered, 0 errors, p95 900 ms")
    judged = runs.results(0, 1, 10, [100.0] * 600)
    judged = runs.ended(judged, slice(0, 6), Status.UNAVAILABLE)
    judged = runs.ended(judged, slice(6, 8), Status.DROPPED)
    progress.add(runs.recorded(judged))
    assert progress.ticker(*AT, 100).endswith("1,098 sent, 1,092 answered, 8 errors, p95 100 ms")


def test_a_percentile_that_there_is_data_for() -> None:
    """A handful of answers has a largest, some dozens a median."""
    progress = Progress(["gpu"], 1)
    progress.add(runs.recorded(runs.results(0, 0, 0, [100.0] * 10)))
    assert ", max 100 ms" in progress.ticker(*AT, 100)
    progress.add(runs.recorded(runs.results(0, 0, 1, [100.0] * 40)))
    assert ", p50 100 ms" in progress.ticker(*AT, 100)


@pytest.mark.parametrize("name", runs.HOSTILE)
def test_hostile_names_stay_on_the_line(name: str) -> None:
    """A name cannot break the line or steer the terminal."""
    found = Progress([name], 1).ticker(0, NS_PER_S, name, 200)
    assert len(found.splitlines()) == 1
    assert not set(found) & {"\x1b", "\x07", "\u202e"}


def test_no_verdict_words() -> None:
    """Numbers only: looking at verdicts during a run makes them wrong."""
    found = line(*AT, [GPU, EI], 200)
    assert not any(word in found for word in ("pass", "increase", "undecided", "verdict"))
