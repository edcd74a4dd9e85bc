"""SageMaker's account beside ours: the same minutes, means that add up, what is unknown."""

import math
from dataclasses import replace

import numpy as np
import pytest

from eiload.base.clock import NS_PER_S
from eiload.observe.cloudwatch import KIND, MINUTE_NS
from eiload.observe.invoked import invoked
from eiload.record.observed import Series, Source
from eiload.record.run import Run
from tests.golden import ONE, golden_run

US = 1_000.0


def constant(due_s: np.ndarray) -> np.ndarray:
    """Answer after 100 ms, from second 200 on after 200."""
    return np.where(due_s < 200, 0.1, 0.2)


def source(at_s: tuple[float, ...], **values: tuple[float | None, ...]) -> Source:
    """Return an account: values by ``<name>__<stat>``."""
    series = [
        Series(
            name.partition("__")[0],
            (("stat", name.partition("__")[2]),),
            tuple((number, value) for number, value in enumerate(of)),
        )
        for name, of in values.items()
    ]
    return Source(
        KIND,
        "CloudWatch ssd/A",
        MINUTE_NS,
        tuple(int(at * NS_PER_S) for at in at_s),
        tuple(series),
    )


def run(*sources: Source) -> Run:
    """Return a run of five minutes at 20/s, with what was read of its target."""
    return replace(golden_run(ONE, {"gpu": constant}), observed=(sources,))


def test_means_of_the_same_minutes() -> None:
    """Model, overhead and what is outside of both add up to our mean of just these."""
    of = source(
        (-20.0, 40.0, 100.0, 280.0),
        model_us__sum=(1.0, 1200 * 60_000.0, 600 * 90_000.0, 5.0),
        model_us__count=(1.0, 1200.0, 600.0, 1.0),
        model_us__max=(9e9, 95_000.0, 99_000.0, 9e9),
        overhead_us__sum=(1.0, 1200 * 5_000.0, 600 * 8_000.0, 5.0),
        overhead_us__count=(1.0, 1200.0, 600.0, 1.0),
        invocations__sum=(1.0, 1200.0, 600.0, 5.0),
    )
    (found,) = invoked(run(of), 0)
    assert (found.minutes, found.of_minutes) == (2, 2)
    assert found.invocations == 1800
    assert found.sent == pytest.approx(2400, abs=200)
    assert found.service_ns == pytest.approx(99.8e6, rel=0.001)
    assert found.model_ns == pytest.approx(70_000 * US)
    assert found.overhead_ns == pytest.approx(6_000 * US)
    assert found.outside_ns == pytest.approx(23.8e6, rel=0.01)
    assert found.why == ""


def test_a_minute_that_is_missing_is_left_out_on_both_sides() -> None:
    """Ours of that minute took twice as long; they are not in the mean."""
    of = source(
        (60.0, 220.0),
        model_us__sum=(100 * 60_000.0, None),
        model_us__count=(100.0, None),
        overhead_us__sum=(100.0, None),
        overhead_us__count=(100.0, None),
    )
    (found,) = invoked(run(of), 0)
    assert (found.minutes, found.of_minutes) == (1, 2)
    assert found.service_ns == pytest.approx(99.8e6, rel=0.001)
    assert math.isnan(found.invocations)


def test_nothing_came() -> None:
    """Everything is unknown, and why."""
    missing = replace(source((60.0,)), why="1 of 1 minutes had not come after 180 s")
    (found,) = invoked(run(missing), 0)
    assert math.isnan(found.model_ns)
    assert math.isnan(found.overhead_ns)
    assert math.isnan(found.outside_ns)
    assert (found.minutes, found.of_minutes) == (0, 1)
    assert found.why == "1 of 1 minutes had not come after 180 s"


def test_no_minute_in_a_judged_phase() -> None:
    """A minute that a phase begins or ends in is none of it."""
    (found,) = invoked(run(source((270.0,), model_us__count=(1.0,))), 0)
    assert found.of_minutes == 0
    assert found.why == "no whole minute of the clock lies within a judged phase"


def test_nobody_asked() -> None:
    """Runs of other targets have none."""
    assert invoked(run(), 0) == []
