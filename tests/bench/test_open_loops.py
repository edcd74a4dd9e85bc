"""Schedules that all open loops share."""

from bench.open_loops import instants_ns, per_s
from eiload.base.clock import NS_PER_S
from eiload.scenario.arrivals import ConstantRate, OpenPhase

PHASE = OpenPhase("1000/s", NS_PER_S, ConstantRate(1000))


def test_same_for_all() -> None:
    """Whoever asks for a phase gets the instants that eiload itself would send at."""
    ours = instants_ns(PHASE, 7, 1)
    assert ours.tolist() == instants_ns(PHASE, 7, 1).tolist()
    assert ours.tolist() != instants_ns(PHASE, 8, 1).tolist()
    assert ours.tolist() != instants_ns(PHASE, 7, 0).tolist()
    assert 800 < len(ours) < 1200
    assert per_s(PHASE) == 1000


def test_nothing_due() -> None:
    """A phase without arrivals has no instants."""
    assert len(instants_ns(OpenPhase("idle", 1, ConstantRate(0.001)), 1, 0)) == 0
