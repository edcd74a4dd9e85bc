"""census: a schedule is counted, and its burstiness is that of its law."""

import math

import numpy as np
import pytest

from eiload.base.clock import NS_PER_S
from eiload.scenario.arrivals import ClosedPhase, ConstantRate, OpenPhase, StepsRate
from eiload.scenario.census import PhaseCensus, census
from eiload.scenario.laws import BatchArrivals, Gamma, Law
from eiload.scenario.schedule import Schedule


def of(law: Law, seconds: int = 3600) -> PhaseCensus:
    """Return what a phase of 20/s holds."""
    (found,) = census(Schedule((OpenPhase("p", seconds * NS_PER_S, ConstantRate(20), law),), 1))
    return found


@pytest.mark.parametrize(
    ("law", "cv", "dispersions"),
    [
        ("constant", 0, (0, 0, 0)),
        ("poisson", 1, (1, 1, 1)),
        # A renewal process's dispersion tends to cv^2, a batch process's is its size.
        (Gamma(2), 2, (3.5, 4, 4)),
        (BatchArrivals(8), math.sqrt(15), (8, 8, 8)),
    ],
    ids=str,
)
def test_burstiness_is_the_laws(law: Law, cv: float, dispersions: tuple[float, ...]) -> None:
    """CV of the gaps, and variance over mean of the counts in windows."""
    found = of(law)
    assert found.cv == pytest.approx(cv, rel=0.05, abs=1e-3)
    for window, expected in zip((1, 10, 60), dispersions, strict=True):
        windows = 3600 / window
        error = expected * 4 * np.sqrt(2 / windows)  # of a variance's estimate
        assert found.dispersion(window) == pytest.approx(expected, abs=error + 0.3)


def test_each_request_is_counted_once() -> None:
    """By phase and second, with the fullest one; a closed loop has nothing that is due."""
    schedule = Schedule(
        (
            OpenPhase("a", 2_500_000_000, ConstantRate(50)),
            ClosedPhase("users", 3 * NS_PER_S, 5),
            OpenPhase("b", 20 * NS_PER_S, StepsRate((0, 100))),
        ),
        7,
    )
    first, users, last = census(schedule)
    due = schedule.due([schedule.duration_ns])
    assert first.requests + last.requests == sum(due.values())
    assert len(first.per_second) == 3
    assert last.per_second[:10].sum() == 0
    assert last.per_second.sum() == last.requests
    assert last.peak == (int(last.per_second.argmax()), int(last.per_second.max()))
    assert (users.requests, users.peak[1]) == (0, 0)
    assert math.isnan(users.cv)
    assert math.isnan(first.dispersion(1))  # three windows have no variance worth a number


def test_chunks_do_not_show() -> None:
    """Gaps between chunks are gaps like others."""
    found = of("poisson", 1200)
    (offsets,) = [
        np.concatenate(
            [
                c.offsets_ns
                for c in Schedule((OpenPhase("p", 1200 * NS_PER_S, ConstantRate(20)),), 1).chunks()
            ]
        )
    ]
    gaps = np.diff(offsets)
    assert found.requests == len(offsets)
    assert found.cv == pytest.approx(gaps.std() / gaps.mean())
