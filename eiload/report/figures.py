"""The numbers that every report shows of a target, computed once.

What it knows: which figures a reader gets and when one must be withheld. What it must not know: how
they are written (`words`) or laid out (the forms), and any verdict.

A quantile above ``1 - 20/n`` is withheld (None): fewer than 20 of n requests lie beyond it, so it
is a story about those few (`blocks.reportable`, docs/statistics.md). Quantiles count every
request; one that did not end OK is slower than everything, so a quantile among those is infinite.
`max_ok_ns` is of the requests that ended OK, and says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eiload.base.status import Status
from eiload.judging.statistics.blocks import reportable
from eiload.record.facts import PhaseSpan, TargetFacts
from eiload.record.intervals import Kind
from eiload.record.run import Run
from eiload.record.sample import Sample
from eiload.record.series import throughput_per_s
from eiload.scenario import Quantile, Scenario

__all__ = [
    "QUANTILES",
    "Figures",
    "Ledger",
    "asked",
    "asked_of_service",
    "figures",
    "ledger",
    "quantile_ns",
    "tables",
]

QUANTILES = (0.5, 0.9, 0.99, 0.999)
"""The response time quantiles of every run; those that its scenario asks for come to them."""


def asked(scenario: Scenario) -> tuple[float, ...]:
    """Return the response time quantiles that a reader asks for: p50, p99, and the scenario's.

    The scenario's are those that its objectives name, and its comparison's headline.
    """
    headline = [scenario.compare.headline] if scenario.compare is not None else []
    return tuple(sorted({0.5, 0.99, *_named(scenario, "response"), *headline}))


def asked_of_service(scenario: Scenario) -> tuple[float, ...]:
    """Return the service time quantiles that the scenario's objectives name."""
    return tuple(sorted(_named(scenario, "service")))


def _named(scenario: Scenario, of: str) -> set[float]:
    metrics = [objective.metric for objective in scenario.objectives]
    return {each.q for each in metrics if isinstance(each, Quantile) and each.of == of}


@dataclass(frozen=True, slots=True)
class Ledger:
    """What became of requests: scheduled = ok + failed + dropped + unfinished + lost."""

    scheduled: int
    ok: int
    failed: int
    dropped: int
    unfinished: int
    lost: int

    @property
    def error_share(self) -> float:
        """Return the share of requests that did not end OK, however that came; NaN of none."""
        return 1 - self.ok / self.scheduled if self.scheduled else float("nan")


@dataclass(frozen=True, slots=True)
class Figures:
    """One line of the main table: a target, over all measured phases or one of them."""

    facts: TargetFacts
    phase: str
    """The phase's name; empty for all that are not warm-up."""
    warm_up: bool
    ledger: Ledger
    throughput_per_s: float
    """Good answers that came, per second of the phases; NaN when they lasted no time."""
    response_ns: dict[float, float | None]
    """Response time at each of `QUANTILES` and of those `asked`, in their order; None where the
    data cannot support it."""
    mean_ok_ns: float
    max_ok_ns: float
    service_ns: dict[float, float | None]
    """Service time at p99 and at each that is asked of it."""
    lag_p99_ns: float | None
    lag_max_ns: float
    """The longest; NaN when nothing was sent."""
    of_class: str = ""
    """The class of a mix; empty for all requests together."""

    @property
    def service_p99_ns(self) -> float | None:
        """Return the service time at p99."""
        return self.service_ns[0.99]


def quantile_ns(sample: Sample, q: float) -> float | None:
    """Return the quantile `q` of a sample, ns, or None when the sample cannot support it."""
    return sample.quantile_ns(q) if reportable(q, sample.total) else None


def ledger(statuses: Mapping[Status, int]) -> Ledger:
    """Return the ledger of requests counted by status."""
    ours = {status: statuses.get(status, 0) for status in _OURS}
    total = sum(statuses.values())
    ok = statuses.get(Status.OK, 0)
    return Ledger(
        scheduled=total,
        ok=ok,
        failed=total - ok - sum(ours.values()),
        dropped=ours[Status.DROPPED],
        unfinished=ours[Status.UNFINISHED],
        lost=ours[Status.LOST],
    )


_OURS = (Status.DROPPED, Status.UNFINISHED, Status.LOST)
"""What can become of a request without any answer or status from the server."""


def figures(
    run: Run, target: int, spans: Sequence[PhaseSpan], phase: str = "", of_class: str = ""
) -> Figures:
    """Return the figures of one target over some phases."""
    response, service, lag = (
        run.sample(target, spans, kind) for kind in (Kind.RESPONSE, Kind.SERVICE, Kind.LAG)
    )
    quantiles = sorted({*QUANTILES, *asked(run.scenario)})
    return Figures(
        facts=run.targets[target],
        phase=phase,
        warm_up=bool(spans) and all(span.warm_up for span in spans),
        ledger=ledger(run.statuses(target, spans)),
        throughput_per_s=throughput_per_s(run, target, spans),
        response_ns={q: quantile_ns(response, q) for q in quantiles},
        mean_ok_ns=response.mean_ns(),
        max_ok_ns=float(response.max_ns) if response.good else float("nan"),
        service_ns={
            q: quantile_ns(service, q) for q in sorted({0.99, *asked_of_service(run.scenario)})
        },
        lag_p99_ns=quantile_ns(lag, 0.99),
        lag_max_ns=float(lag.max_ns) if lag.good else float("nan"),
        of_class=of_class,
    )


def tables(run: Run) -> list[list[Figures]]:
    """Return each target's figures: all measured phases, then each phase where there are several.

    Then each class of a mix, over all measured phases. Warm-up phases are left out, and phases that
    a stopped run never reached.
    """
    measured = [span for span in run.measured() if span.seconds]
    apart = measured if len(measured) > 1 else []
    classes = [(name, run.of_class(name)) for name in run.scenario.payload.classes]
    return [
        [figures(run, target, measured)]
        + [figures(run, target, [span], phase=span.name) for span in apart]
        + [figures(of, target, measured, of_class=name) for name, of in classes]
        for target in range(len(run.targets))
    ]
