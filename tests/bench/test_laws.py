"""The truth about the stand-in's laws, held against their formulas."""

import math
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from bench.laws import Law, laws, true_times_ms
from bench.setting import Setting
from bench.truth import QUANTILES, Reported, sees
from eiload.base.clock import NS_PER_S
from eiload.scenario.standin import StandIn


@pytest.fixture(scope="module", params=[True, False], ids=["quick", "full"])
def all_laws(request: pytest.FixtureRequest) -> list[Law]:
    """Return the laws that are measured."""
    return laws(Setting(Path(), quick=request.param))


def test_constant(all_laws: list[Law]) -> None:
    """The constant law's truth is its constant."""
    assert set(all_laws[0].true_ms()) == {50.0}


def test_lognormal() -> None:
    """The lognormal law's truth has the quantiles of a lognormal with its median and its p99."""
    settings = StandIn.of(compute={"median": "80 ms", "p99": "160 ms"}, concurrency=1000)
    times = true_times_ms(settings, range(0, 100 * NS_PER_S, NS_PER_S // 200))
    sigma = math.log(2) / NormalDist().inv_cdf(0.99)
    for q in (0.5, 0.9, 0.99):
        expected = 80 * math.exp(sigma * NormalDist().inv_cdf(q))
        assert np.quantile(times, q) == pytest.approx(expected, rel=0.03)


def test_stall(all_laws: list[Law]) -> None:
    """Who is due within 2.05 s waits for the end of the stall; times are even up to 2.05 s."""
    law = all_laws[2]
    times = np.array(law.true_ms())
    slow = times[times > 50]
    assert len(slow) == pytest.approx(law.rate * 2.05, abs=2)
    assert slow.max() == pytest.approx(2050, abs=20)
    for q in (0.99, 0.999):
        # A share 1 - q of the requests is slower than x: those due less than 2.1 s - x before
        # the end of the stall; those that were under way when it began all end 2 s later.
        expected = min(2050, 2100 - 1000 * law.seconds * (1 - q))
        assert np.quantile(times, q) == pytest.approx(expected, abs=30)


def test_the_stall_is_inside(all_laws: list[Law]) -> None:
    """There is one stall while the load runs, whichever contender takes how long to start."""
    law = all_laws[2]
    for start_s in (1.0, 3.5, 6.0):
        due_ns = [round((start_s + k / law.rate) * NS_PER_S) for k in range(law.requests)]
        slow = np.array(true_times_ms(law.settings, due_ns)) > 50
        assert slow.sum() == pytest.approx(law.rate * 2.05, abs=2)
        assert not slow[0]
        assert not slow[-1]


def test_nobody_queues(all_laws: list[Law]) -> None:
    """A closed loop gets more users than the law keeps busy; all find a slot in a stall too."""
    for law in all_laws:
        busy = law.rate * np.mean(law.true_ms()) / 1000 if law.settings.stalls is None else law.busy
        assert law.busy == pytest.approx(busy, rel=0.1)
        assert law.rate * 2.05 + law.busy < law.settings.concurrency


TRUE_MS = dict(zip(QUANTILES, (50.0, 50.0, 1800.0, 2050.0), strict=True))


@pytest.mark.parametrize(
    ("reported_ms", "derived", "word"),
    [
        ((51, 52, 1801, 2052), (), "yes"),
        ((51, 52, 1801, 2052), (0.999,), "yes"),
        ((51, 52, 1801, 2052), QUANTILES, "yes*"),
        ((51, 52, 60, 2000), (), "from p99.9"),
        ((51, 52, 60, 2000), (0.999,), "from p99.9*"),
        ((51, 52, 60, 70), (), "no"),
    ],
)
def test_sees(reported_ms: tuple[float, ...], derived: tuple[float, ...], word: str) -> None:
    """Who reports at least half of each true tail sees the stall; a star: only its log does."""
    reported = Reported(3000, dict(zip(QUANTILES, reported_ms, strict=True)), frozenset(derived))
    assert sees(TRUE_MS, reported) == word
