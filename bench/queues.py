"""Simulated targets whose truth is known, for checking what the verdicts claim.

What it knows: queues. What it must not know: verdicts.

A target is a FIFO queue in front of `slots` servers. Arrivals are shared by both targets of a pair,
like in a comparison: Poisson at one rate, or what a phase of a scenario would send. Service is
lognormal (coefficient of variation 0.2) and for 1 % of the requests five times as long. The host
stalls now and then (1 per 30 s on average, exponential with mean 0.25 s) and then both targets
stand still; a target may have stalls or a drift of speed of its own as well.

How. Stalls and drift are a change of the clock that work is done by: arrivals are mapped from real
time to work time, queued there, and departures mapped back. In work time one server is a running
maximum (Lindley 1952); several are a short loop over the arrivals (Kiefer & Wolfowitz 1955) whose
steps are vectorised over all runs at once. Units: seconds; every array is float64 of shape (n, R):
request by run, padded at the end with arrivals past the run.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_S
from eiload.record.buckets import bucket_of
from eiload.record.sample import Sample
from eiload.scenario.arrivals import ConstantRate, MarkovRate, OpenPhase, Rate, SineRate, phase_seed
from eiload.scenario.laws import Gamma, Law

__all__ = ["SYSTEMS", "Pairs", "System", "sample_of", "simulate"]

Floats = NDArray[np.float64]

WARM_UP_S = 60.0
"""Simulated and thrown away, so that queues are not empty at the start of a run."""

STALL_EVERY_S, STALL_MEAN_S = 30.0, 0.25
SLOW_SHARE, SLOW_TIMES = 0.01, 5.0
CV = 0.2


@dataclass(frozen=True, slots=True)
class System:
    """A target's queue; utilisation is ``rate * service_s * 1.04 / slots``."""

    rate: float
    service_s: float
    slots: int
    own_stalls: bool = False
    """Stalls as frequent as the host's, on each target apart."""
    shared_drift: float = 0.0
    """Both targets' speed wanders by up to this share, over 60 s."""
    own_drift: float = 0.0
    """Each target's speed wanders by up to this share on its own, over 120 s."""
    slow_share: float = SLOW_SHARE
    hop_s: float = 0.0
    """Added to every answer: half of it fixed, half exponential."""
    law: Law = "poisson"
    moving: Rate | None = None
    """How the rate moves, `rate` in the mean; None: it does not."""

    def slower(self, factor: float) -> "System":
        """Return this system with a service time `factor` times as long."""
        return replace(self, service_s=self.service_s * factor)


SYSTEMS = {
    "A30": System(20, 0.100, 7),
    "A60": System(20, 0.090, 3),
    "A80": System(20, 0.120, 3),
    "M60": System(6, 0.100, 1),
    "M80": System(8, 0.100, 1),
    "A60i": System(20, 0.090, 3, own_stalls=True),
    "A60d": System(20, 0.090, 3, shared_drift=0.15),
    "A60o": System(20, 0.090, 3, own_drift=0.05),
    "A60g": System(20, 0.090, 3, law=Gamma(3.0)),
    "A60t": System(20, 0.090, 3, moving=MarkovRate(18.33, 40, 60 * NS_PER_S, 5 * NS_PER_S)),
    "A60y": System(20, 0.090, 3, moving=SineRate(20, 8, 300 * NS_PER_S)),
    "A60u": System(20, 0.090, 3, moving=MarkovRate(2, 29, 20 * NS_PER_S, 40 * NS_PER_S)),
}
"""Named by utilisation: A30 is .29, A60 .6, A80 .8; M have one server. i, d, o add trouble; g, t,
y, u have other arrivals: gamma gaps, two states, a day's rise and fall in 300 s, unequal states."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Many runs of two targets: shape (n, R) each."""

    intended_s: Floats
    """From the start of the measurement; negative ones are warm-up."""
    baseline_s: Floats
    """Response times."""
    candidate_s: Floats

    @property
    def runs(self) -> int:
        """Return R."""
        return int(self.intended_s.shape[1])

    def pooled(self, seconds: float, of: str = "baseline_s") -> Floats:
        """Return every response time of the first `seconds` of all runs, unsorted."""
        within = (self.intended_s >= 0) & (self.intended_s < seconds)
        return np.asarray(getattr(self, of)[within])

    def sample(self, run: int, seconds: int, of: str = "baseline_s") -> Sample:
        """Return one run's first `seconds` as the recorder would keep it."""
        intended = self.intended_s[:, run]
        within = (intended >= 0) & (intended < seconds)
        return sample_of(intended[within], getattr(self, of)[within, run], seconds)


def sample_of(intended_s: Floats, response_s: Floats, seconds: int) -> Sample:
    """Return requests as a `Sample`; infinite response times are requests that failed."""
    ok = np.isfinite(response_s)
    second = intended_s.astype(np.int64)
    value_ns = (response_s[ok] * NS_PER_S).astype(np.int64)
    none = not len(value_ns)
    return Sample(
        seconds,
        second[ok],
        bucket_of(value_ns),
        np.ones(len(value_ns), np.int64),
        np.bincount(second[~ok], minlength=seconds),
        int(value_ns.sum()),
        0 if none else int(value_ns.min()),
        0 if none else int(value_ns.max()),
    )


def simulate(
    baseline: System, seconds: int, runs: int, seed: int, candidate: System | None = None
) -> Pairs:
    """Simulate pairs of targets that share arrivals and the host's stalls.

    Args:
        baseline: its rate is that of both.
        seconds: length of a run, without the warm-up.
        runs: R.
        seed: of everything.
        candidate: another system; None means the same one (an A/A run).
    """
    rng = np.random.default_rng(seed)
    candidate = baseline if candidate is None else candidate
    arrivals = _arrivals(rng, baseline, WARM_UP_S + seconds, runs, seed)
    horizon = float(arrivals.max()) + 600.0
    shared = [_Stalls.draw(rng, horizon) for _ in range(runs)]
    common = [_speed(rng, baseline.shared_drift, 60.0, horizon) for _ in range(runs)]
    answers = []
    for system in (baseline, candidate):
        clocks = [
            _WorkClock(
                [stalls, _Stalls.draw(rng, horizon)] if system.own_stalls else [stalls],
                speed * _speed(rng, system.own_drift, 120.0, horizon),
            )
            for stalls, speed in zip(shared, common, strict=True)
        ]
        work = np.stack([c.work(arrivals[:, r]) for r, c in enumerate(clocks)], axis=1)
        leave = _fifo(work, _service(rng, system, work.shape), system.slots)
        real = np.stack([c.real(leave[:, r]) for r, c in enumerate(clocks)], axis=1)
        hop = system.hop_s / 2 * (1 + rng.standard_exponential(work.shape)) if system.hop_s else 0.0
        answers.append(real - arrivals + hop)
    return Pairs(arrivals - WARM_UP_S, answers[0], answers[1])


def _arrivals(
    rng: np.random.Generator, system: System, span: float, runs: int, seed: int
) -> Floats:
    """Return when requests come, and some that come past the end, shape (n, runs)."""
    if system.law == "poisson" and system.moving is None:
        mean = system.rate * span
        n = int(mean + 6 * np.sqrt(mean) + 10)
        return np.asarray(np.cumsum(rng.exponential(1 / system.rate, (n, runs)), axis=0))
    rate = system.moving or ConstantRate(system.rate)
    phase = OpenPhase("", int(span * NS_PER_S), rate, system.law)
    each = [
        np.concatenate([*phase.instants(phase_seed(seed, run))]) / NS_PER_S for run in range(runs)
    ]
    past = span + np.cumsum(
        rng.exponential(1 / system.rate, (max(map(len, each)) + 10, runs)), axis=0
    )
    for run, instants in enumerate(each):
        late = past[: len(past) - len(instants), run].copy()
        past[: len(instants), run], past[len(instants) :, run] = instants, late
    return np.asarray(past)


def _service(rng: np.random.Generator, system: System, shape: tuple[int, ...]) -> Floats:
    sigma = np.sqrt(np.log1p(CV**2))
    times = system.service_s * rng.lognormal(-(sigma**2) / 2, sigma, shape)
    return np.asarray(np.where(rng.random(shape) < system.slow_share, SLOW_TIMES, 1.0) * times)


def _fifo(arrivals: Floats, service: Floats, slots: int) -> Floats:
    """Return when each request leaves a FIFO queue in front of `slots` servers."""
    if slots == 1:
        done = np.cumsum(service, axis=0)
        return np.asarray(done + np.maximum.accumulate(arrivals - (done - service), axis=0))
    n, runs = arrivals.shape
    free = np.zeros((runs, slots))  # when each server is free
    flat, first = free.ravel(), np.arange(runs) * slots
    leave = np.empty_like(arrivals)
    for i in range(n):
        soonest = first + free.argmin(axis=1)
        leave[i] = np.maximum(arrivals[i], flat[soonest]) + service[i]
        flat[soonest] = leave[i]
    return leave


@dataclass(frozen=True, slots=True)
class _Stalls:
    """Times at which a host stands still; they may overlap."""

    start: Floats
    length: Floats

    @staticmethod
    def draw(rng: np.random.Generator, horizon: float) -> "_Stalls":
        count = rng.poisson(horizon / STALL_EVERY_S)
        return _Stalls(
            np.sort(rng.uniform(0, horizon, count)), rng.exponential(STALL_MEAN_S, count)
        )


def _speed(rng: np.random.Generator, by: float, over_s: float, horizon: float) -> Floats:
    """Return a speed per second of time, wandering in 1 +- `by`, new direction every `over_s`."""
    seconds = np.arange(int(horizon) + 1)
    if by == 0:
        return np.ones(len(seconds))
    knots = np.arange(0, horizon + 2 * over_s, over_s)
    levels = rng.uniform(1 - by, 1 + by, len(knots))
    return np.asarray(np.interp(seconds + rng.uniform(0, over_s), knots, levels))


class _WorkClock:
    """How much work has been done by an instant: piecewise linear, nearly flat while stalled."""

    def __init__(self, stalls: list[_Stalls], speed: Floats) -> None:
        starts = np.concatenate([s.start for s in stalls])
        ends = np.concatenate([s.start + s.length for s in stalls])
        edges = np.concatenate([np.arange(len(speed), dtype=np.float64), starts, ends])
        change = np.repeat([0, 1, -1], [len(speed), len(starts), len(ends)])
        order = np.argsort(edges, kind="stable")
        self._edges = edges[order]
        stalled = np.cumsum(change[order])[:-1] > 0
        second = np.minimum(self._edges[:-1].astype(np.int64), len(speed) - 1)
        rate = np.where(stalled, 1e-9, speed[second])
        self._works = np.concatenate([[0.0], np.cumsum(np.diff(self._edges) * rate)])

    def work(self, real: Floats) -> Floats:
        return np.asarray(np.interp(real, self._edges, self._works))

    def real(self, work: Floats) -> Floats:
        return np.asarray(np.interp(work, self._works, self._edges))
