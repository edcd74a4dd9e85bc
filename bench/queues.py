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

import heapq
from dataclasses import dataclass, replace

import numpy as np

from bench.disturbances import (
    Floats,
    Service,
    StallLaw,
    Stalls,
    WorkClock,
    autoregressive,
    bursts,
    lognormal,
    wandering,
)
from eiload.base.clock import NS_PER_S
from eiload.record.buckets import bucket_of
from eiload.record.sample import Sample
from eiload.scenario.arrivals import (
    ConstantRate,
    MarkovRate,
    OpenPhase,
    PointsRate,
    Rate,
    SineRate,
    phase_seed,
)
from eiload.scenario.laws import Gamma, Law

__all__ = [
    "SYSTEMS",
    "WARM_UP_S",
    "Pairs",
    "System",
    "alone",
    "planned_per_s",
    "sample_of",
    "simulate",
]

WARM_UP_S = 60.0
"""Simulated and thrown away, so that queues are not empty at the start of a run."""

STALLING = StallLaw(30.0, 0.25)
SLOW_SHARE, SLOW_TIMES = 0.01, 5.0


@dataclass(frozen=True, slots=True)
class System:
    """A target's queue; utilisation is ``rate * service_s * 1.04 / slots``."""

    rate: float
    service_s: float
    slots: int
    own_stalls: StallLaw | None = None
    """Stalls on each target apart."""
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
    plan: tuple[tuple[float, float], ...] = ()
    """How a planned rate moves over the run: points of the run's length, 0 to 1, and the rate
    there. Before the run it is the first one's."""
    service: Service = lognormal
    shared_stalls: bool = True
    """The host's."""
    own_speed: tuple[float, float] = (0.0, 1.0)
    """Each target's logarithm of speed is an autoregression: its standard deviation, and over how
    many s."""
    shared_speed: tuple[float, float] = (0.0, 1.0)
    """The same of both targets."""
    trend: float = 0.0
    """From so much faster to so much slower, linearly over the run."""
    failures: StallLaw | None = None
    """Bursts in which half of the requests fail, on each target apart."""
    again: tuple[float, float] = (0.0, 0.0)
    """The share of requests that are sent again, and how much longer they take, s."""
    window_s: float = 0.0
    """The server begins at the next multiple of this, with all that came."""

    def slower(self, factor: float) -> "System":
        """Return this system with a service time `factor` times as long."""
        return replace(self, service_s=self.service_s * factor)


SYSTEMS = {
    "A30": System(20, 0.100, 7),
    "A60": System(20, 0.090, 3),
    "A80": System(20, 0.120, 3),
    "M60": System(6, 0.100, 1),
    "M80": System(8, 0.100, 1),
    "A60i": System(20, 0.090, 3, own_stalls=STALLING),
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
    arrivals = _arrivals(rng, baseline, seconds, runs, seed)
    horizon = float(arrivals.max()) + 600.0
    shared = [
        Stalls.draw(rng, STALLING, horizon) for _ in range(runs) if baseline.shared_stalls
    ] or [Stalls(np.empty(0), np.empty(0))] * runs
    common = [
        wandering(rng, baseline.shared_drift, 60.0, horizon)
        * autoregressive(rng, *baseline.shared_speed, horizon)
        for _ in range(runs)
    ]
    each = list(zip(shared, common, strict=True))
    span = (seconds, horizon)
    answers = [_answers(rng, system, arrivals, each, span) for system in (baseline, candidate)]
    return Pairs(arrivals - WARM_UP_S, answers[0], answers[1])


def _answers(
    rng: np.random.Generator,
    system: System,
    arrivals: Floats,
    shared: list[tuple[Stalls, Floats]],
    span: tuple[float, float],
) -> Floats:
    """Return one target's response times, s, infinite where a request failed; shape (n, runs)."""
    clocks, (seconds, horizon) = [], span
    for stalls, common in shared:
        own = [Stalls.draw(rng, system.own_stalls, horizon)] if system.own_stalls else []
        speed = common * wandering(rng, system.own_drift, 120.0, horizon)
        speed = speed * autoregressive(rng, *system.own_speed, horizon)
        if system.trend:
            through = np.clip((np.arange(len(speed)) - WARM_UP_S) / seconds, 0, 1)
            speed = speed * (1 + system.trend * (1 - 2 * through))
        clocks.append(WorkClock([stalls, *own], speed))
    begin = arrivals
    if system.window_s:
        begin = np.ceil(arrivals / system.window_s) * system.window_s
    work = np.stack([c.work(begin[:, r]) for r, c in enumerate(clocks)], axis=1)
    leave = _fifo(work, _service(rng, system, work.shape), system.slots)
    answers = np.stack([c.real(leave[:, r]) for r, c in enumerate(clocks)], axis=1) - arrivals
    if system.hop_s:
        answers += system.hop_s / 2 * (1 + rng.standard_exponential(work.shape))
    if system.again[0]:
        answers += np.where(rng.random(work.shape) < system.again[0], system.again[1], 0.0)
    if system.failures:
        answers[bursts(rng, system.failures, 0.5, arrivals)] = np.inf
    return answers


def alone(
    system: System, seconds: int, seed: int, up_to_s: int | None = None
) -> tuple[Floats, Floats]:
    """Simulate one run of one target with Poisson arrivals.

    Args:
        system: with the host's stalls or without.
        seconds: length of the run, without the warm-up.
        seed: of everything.
        up_to_s: how much of the run is wanted; None for all of it.

    Returns:
        When requests were due, from the start of the measurement, and their response times; those
        of the warm-up are not among them.
    """
    rng = np.random.default_rng(seed)
    arrivals = _arrivals(rng, system, seconds, 1, seed)
    horizon = float(arrivals.max()) + 600.0
    stalls = [Stalls.draw(rng, STALLING, horizon)] if system.shared_stalls else []
    clock = WorkClock(stalls, np.ones(int(horizon) + 1))
    service = _service(rng, system, arrivals.shape)[:, 0]
    came = arrivals[:, 0][arrivals[:, 0] < WARM_UP_S + (seconds if up_to_s is None else up_to_s)]
    leave = clock.real(_one_queue(clock.work(came), service[: len(came)], system.slots))
    measured = came >= WARM_UP_S
    return came[measured] - WARM_UP_S, (leave - came)[measured]


def _one_queue(arrivals: Floats, service: Floats, slots: int) -> Floats:
    """Return what `_fifo` does, of one run: a heap of when each server is free."""
    if slots == 1:
        return _fifo(arrivals, service, 1)
    free = [0.0] * slots
    leave = []
    for arrival, length in zip(arrivals.tolist(), service.tolist(), strict=True):
        done = max(arrival, free[0]) + length
        heapq.heapreplace(free, done)
        leave.append(done)
    return np.array(leave)


def planned_per_s(system: System, seconds: int) -> Floats | None:
    """Return the rate that was planned in each second of a run; None where it does not move."""
    if not system.plan:
        return None
    at, rates = (np.array(each) for each in zip(*system.plan, strict=True))
    middle = np.arange(10 * seconds) / (10 * seconds)
    return np.asarray(np.interp(middle, at, rates).reshape(seconds, 10).mean(axis=1))


def _arrivals(
    rng: np.random.Generator, system: System, seconds: float, runs: int, seed: int
) -> Floats:
    """Return when requests come, and some that come past the end, shape (n, runs)."""
    span = WARM_UP_S + seconds
    if system.law == "poisson" and system.moving is None and not system.plan:
        mean = system.rate * span
        n = int(mean + 6 * np.sqrt(mean) + 10)
        return np.asarray(np.cumsum(rng.exponential(1 / system.rate, (n, runs)), axis=0))
    rate = system.moving or ConstantRate(system.rate)
    if system.plan:
        warm_ns = int(WARM_UP_S * NS_PER_S)
        points = [(warm_ns + int(at * seconds * NS_PER_S), level) for at, level in system.plan]
        rate = PointsRate(((0, system.plan[0][1]), *points))
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
    times = system.service_s * system.service(rng, shape)
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
