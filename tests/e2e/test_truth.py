"""A run whose truth is known from the stand-ins' law: what the comparison says of it.

One minute, the least that a comparison takes, for three targets: one, its equal, and one whose
computing time is 1.3 times as long. Accelerator slots for all, so nothing queues and each quantile
of the slow one is 1.3 times the baseline's.
"""

from dataclasses import replace
from typing import Any

import pytest

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.judging import health
from eiload.judging.compare import compare
from eiload.judging.compare.comparison import Change, Comparison
from eiload.judging.judgement import judge
from eiload.observe.device import gpus_of
from eiload.observe.foreign import check
from eiload.observe.parts import excess, parts_of
from eiload.record.run import Run
from eiload.scenario import Compare
from eiload.scenario.standin import StandIn
from eiload.server.accelerator import Accelerator, Admission
from eiload.server.gpu import IDLE_W, RUN_W
from tests.e2e.locust_runs import headless, report, scenario

SLACK = 0.02
"""What the client and the machine add to both sides, against times of 150 ms and more."""


def law(**changes: Any) -> dict[str, Any]:
    """Return a target of the law."""
    stand_in = {"compute": {"median": "150 ms", "p99": "250 ms"}, "concurrency": 200, **changes}
    observe = {"metrics": "stand-in", "gpu": "stand-in"}
    return {"model": "ssd", "deadline": "10 s", "stand_in": stand_in, "observe": observe}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return the run."""
    folder = tmp_path_factory.mktemp("truth")
    path = scenario(
        folder,
        targets={"a": law(seed=1), "aa": law(seed=2), "slow": law(seed=3, slowdown=1.3)},
        traffic=[{"phase": "steady", "rate": "10/s", "for": "60 s"}],
    )
    headless("--scenario", str(path), "--report-json", "run.json", folder=folder)
    return report(folder)


def law_ms(seed: int, number: int, **changes: Any) -> float:
    """Return the mean of so many computing times, the first of which are not of the load."""
    settings = StandIn.of(**law(seed=seed, **changes)["stand_in"])
    accelerator, took_ns = Accelerator(settings), 0
    for nth in range(number):
        admission = accelerator.arrive(nth * NS_PER_S, 0)
        assert isinstance(admission, Admission)
        took_ns += admission.server_ns
    return took_ns / number / NS_PER_MS


def test_the_servers_account_is_the_laws(run: Run) -> None:
    """Its mean is that of the times that its law drew; both sides count the same; so is the split.

    Parts add up to the response time, and the runtime's is the server's to 2 %.
    """
    drawn = {}
    for target, (seed, changes) in enumerate(((1, {}), (2, {}), (3, {"slowdown": 1.3}))):
        counted = check(run, target)
        assert counted is not None
        assert (counted.least, counted.uncounted, counted.restarted) == (0, 0, False)
        parts = parts_of(run, target)
        assert parts is not None
        assert parts.response_ns == pytest.approx(run.sample(target).mean_ns(), rel=1e-6)
        means = {part.name: part.mean_ns / NS_PER_MS for part in parts.parts}
        drawn[target] = law_ms(seed, counted.total + 1, **changes)
        assert means["runtime"] == pytest.approx(drawn[target], rel=0.02)
        (gpu,) = gpus_of(run, target)
        assert gpu.emulated
        busy_s = (gpu.energy_j - IDLE_W * 60) / RUN_W
        assert gpu.use == pytest.approx(busy_s / 60, abs=0.1)
    one, other = parts_of(run, 0), parts_of(run, 2)
    assert one is not None
    assert other is not None
    split = {share.name: share.difference_ns / NS_PER_MS for share in excess(one, other)}
    assert split["runtime"] == pytest.approx(drawn[2] - drawn[0], rel=0.02)


def against(run: Run, candidate: str) -> Comparison:
    """Compare a target with the first one."""
    how = Compare(baseline="a", candidate=candidate, headline=0.5, quantiles=(0.5, 0.9))
    return compare(run, how)


@pytest.mark.parametrize(("candidate", "truth"), [("aa", 1.0), ("slow", 1.3)])
def test_interval_holds_the_truth(run: Run, candidate: str, truth: float) -> None:
    """The interval of the ratio holds the law's ratio at each quantile that it gives."""
    rows = [row for row in against(run, candidate).response if row.ratio is not None]
    assert rows
    for row in rows:
        assert row.ratio is not None
        assert row.ratio.low <= truth * (1 + SLACK)
        assert row.ratio.high >= truth * (1 - SLACK)


def test_words(run: Run) -> None:
    """Of equals it does not say increase; of 30 % more it does, unless the run is invalid."""
    words = {name: against(run, name).word for name in ("aa", "slow")}
    if not health.check(run).valid:  # the machine was too busy to send in time: no words are given
        how = Compare(baseline="a", candidate="slow", headline=0.5)
        invalid = replace(run, scenario=run.scenario.model_copy(update={"compare": how}))
        comparison = judge(invalid).comparison
        assert comparison is not None
        assert comparison.word is None
        return
    assert words["aa"] in {Change.NO_INCREASE, Change.INCONCLUSIVE}
    assert words["slow"] is Change.INCREASE
