"""A run: everything that was measured and what it was measured with; saved, loaded, asked.

What it knows: the shape of a finished run and its file. What it must not know: Locust, processes,
verdicts. Judging (`health`, `sla`, `compare`, `cost`) and showing (`report`) take a `Run` and
nothing else, so a run file is all they need, today or in a year.

The file is JSON with a schema number. The counts travel in it as base64 of `Intervals.to_bytes`;
everything else is plain.
"""

import base64
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from eiload.base.clock import NS_PER_S
from eiload.base.errors import ScenarioError
from eiload.base.files import write_whole
from eiload.base.status import Status
from eiload.recorder import Intervals, Ints, Kind, bucket_mid_ns, step_s_for
from eiload.scenario import Scenario, restore
from eiload.scenario.arrivals import ClosedPhase

__all__ = [
    "PAYLOAD",
    "Answers",
    "PhaseSpan",
    "Run",
    "Sample",
    "TargetFacts",
    "WorkerFacts",
    "as_long_as",
    "facts_of",
    "load",
    "save",
]

PAYLOAD = "payload"
"""Name of the payload's digest (SHA-256) among the facts of a run's environment."""

SCHEMA = "eiload-run/1"
"""Name and version of the run file's form; the number rises when an older reader would misread."""


@dataclass(frozen=True, slots=True)
class PhaseSpan:
    """Where a phase lies in the run, in whole seconds from the run's start."""

    index: int
    name: str
    first_second: int
    seconds: int
    """How many seconds hold arrivals of the phase; 0 when the run was stopped before it."""
    warm_up: bool
    closed: bool
    """Closed loop: response times flatter a slow server, so they cannot make an objective pass."""


class Answers(NamedTuple):
    """Sampled answers of one target in one phase."""

    checked: int = 0
    bad: int = 0
    compared: int = 0
    """Those of a comparison's candidate that were held against the baseline's."""
    agreed: int = 0
    """Of these, how many said the same."""

    def plus(self, other: "Answers") -> "Answers":
        """Return the counts of both together."""
        return Answers(*(one + two for one, two in zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """What preflight and the answers told of a target."""

    name: str
    address: str
    model: str
    emulated: str = ""
    """What was emulated, in words; empty for a real server."""
    first_inference_ns: int | None = None
    """Service time of the very first inference, before the load; None when none was made."""
    notes: tuple[str, ...] = ()
    answers_checked: int = 0
    """Of all phases, like the next three; `Run.answers` tells them apart."""
    answers_bad: int = 0
    answers_compared: int = 0
    answers_agreed: int = 0
    details: dict[str, int] = field(default_factory=dict)
    """Failures of all phases by ``STATUS: text of the server``, with their number."""
    answers: tuple[Answers, ...] = ()
    """By phase, in the scenario's order; empty in the files of versions that did not know."""
    failures: tuple[dict[str, int], ...] = ()
    """`details` by phase; empty likewise."""


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """What one load-generating pair (Locust process and sender) says of itself."""

    name: str
    cpu_s: float
    """CPU time (user + system) of the pair during the load."""
    wall_s: float
    loop_delay_max_ns: int
    """The longest the sender's event loop was kept from running."""
    rss_bytes: int
    """Resident memory of the pair at the end."""
    steal_share: float = 0.0
    """Share of the machine's CPU time taken by its hypervisor during the load (Linux)."""
    lost: str = ""
    """Why this worker's record is not whole; empty when it is."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The requests of one target over some phases, by second of their intended instant.

    Seconds are numbered 0..seconds-1 through the chosen phases, one after the other.
    `second`, `bucket`, `count` are parallel int64 arrays of the requests that ended OK.
    """

    seconds: int
    second: Ints
    bucket: Ints
    count: Ints
    bad: Ints
    """Per second, shape (seconds,): requests that ended any other way; slower than everything."""
    sum_ns: int
    min_ns: int
    max_ns: int
    """Exact sum, minimum and maximum of the OK requests; 0 when there are none."""

    @property
    def good(self) -> int:
        """Return the number of requests that ended OK."""
        return int(self.count.sum())

    @property
    def total(self) -> int:
        """Return the number of requests, however they ended."""
        return self.good + int(self.bad.sum())

    def quantile_ns(self, q: float) -> float:
        """Return the time that a share `q` of all requests did not exceed, ns.

        The value of rank ``ceil(q * total)``; infinity when that request did not end OK; NaN when
        there are no requests. Within 0.05 % of the exact value.
        """
        if self.total == 0:
            return float("nan")
        rank = max(1, int(np.ceil(q * self.total - 1e-9)))
        if rank > self.good:
            return float("inf")
        # Counting is linear; sorting a day's worth of buckets takes seconds.
        reached = np.cumsum(np.bincount(self.bucket, weights=self.count))
        value = float(bucket_mid_ns(np.searchsorted(reached, [rank]))[0])
        return min(max(value, float(self.min_ns)), float(self.max_ns))

    def quantiles_ns(self, qs: Sequence[float]) -> list[float]:
        """Return `quantile_ns` of each of `qs`."""
        return [self.quantile_ns(q) for q in qs]

    def mean_ns(self) -> float:
        """Return the exact mean of the OK requests, ns; NaN when there are none."""
        return self.sum_ns / self.good if self.good else float("nan")

    def over(self, limit_ns: float) -> Ints:
        """Return per second, shape (seconds,), how many requests took longer than `limit_ns`.

        Requests that did not end OK are over every limit. A request within 0.05 % of the limit may
        be counted on either side of it: times are kept in buckets that wide.
        """
        slow = bucket_mid_ns(self.bucket) > limit_ns
        per_second = np.bincount(self.second[slow], self.count[slow], self.seconds)
        return np.asarray(per_second, np.int64) + self.bad

    def per_second(self) -> Ints:
        """Return per second, shape (seconds,), how many requests were due."""
        per_second = np.bincount(self.second, self.count, self.seconds)
        return np.asarray(per_second, np.int64) + self.bad


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run."""

    scenario: Scenario
    started_wall_ns: int
    """When the first phase began, ns since the epoch: a label."""
    ended_ns: int
    """Length of the load, ns from the start of the first phase until sending ended."""
    stopped: str
    """What ended it before its plan did ("SIGINT", "stopped in the web UI" ...); empty if none."""
    environment: dict[str, str]
    """Versions and machine, as text; under `PAYLOAD` the digest of what was sent, where known."""
    targets: tuple[TargetFacts, ...]
    workers: tuple[WorkerFacts, ...]
    intervals: Intervals
    problems: tuple[str, ...] = ()
    """What went wrong with the generator itself, each a sentence; any makes the run invalid."""

    def target_index(self, name: str) -> int:
        """Return the index of the target called `name`.

        Raises:
            KeyError: there is none.
        """
        for index, target in enumerate(self.targets):
            if target.name == name:
                return index
        raise KeyError(name)

    @property
    def emulated(self) -> bool:
        """Tell whether any target was a stand-in."""
        return any(target.emulated for target in self.targets)

    @property
    def step_s(self) -> int:
        """Return in which steps, s, the times are kept, at most (`recorder.step_s_for`)."""
        return step_s_for(self.scenario.duration_ns)

    def phases(self) -> list[PhaseSpan]:
        """Return where the phases lie, in order; those after an early stop have no seconds."""
        spans, start_ns = [], 0
        for index, phase in enumerate(self.scenario.traffic):
            end_ns = min(start_ns + phase.duration_ns, self.ended_ns)
            first = start_ns // NS_PER_S
            last = -(-end_ns // NS_PER_S)
            closed = isinstance(phase, ClosedPhase)
            length = max(0, last - first) if end_ns > start_ns else 0
            spans.append(PhaseSpan(index, phase.name, first, length, phase.warm_up, closed))
            start_ns += phase.duration_ns
        return spans

    def measured(self, phase: str | None = None) -> list[PhaseSpan]:
        """Return the phases that count: the one called `phase`, or all that are not warm-up."""
        return [
            span
            for span in self.phases()
            if (span.name == phase if phase is not None else not span.warm_up)
        ]

    def sample(
        self, target: int, spans: Iterable[PhaseSpan] | None = None, kind: Kind = Kind.RESPONSE
    ) -> Sample:
        """Return the requests of one target.

        Args:
            target: its index.
            spans: the phases; None means all that are not warm-up.
            kind: response time, service time or lag.
        """
        spans = self.measured() if spans is None else list(spans)
        seconds, offset = [np.empty(0, np.int64)], 0
        buckets, counts = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        bad = np.zeros(sum(span.seconds for span in spans), np.int64)
        moments: list[tuple[int, int, int]] = []
        for span in spans:
            if span.seconds == 0:
                continue
            second, bucket, count = self.intervals.slab(target, span.index, kind)
            seconds.append(np.clip(second - span.first_second, 0, span.seconds - 1) + offset)
            buckets.append(bucket)
            counts.append(count)
            second, status, count = self.intervals.slab(target, span.index, Kind.STATUS)
            failed = status != Status.OK
            where = np.clip(second[failed] - span.first_second, 0, span.seconds - 1) + offset
            np.add.at(bad, where, count[failed])
            if found := self.intervals.moments(target, span.index, kind):
                moments.append(found)
            offset += span.seconds
        sums, mins, maxs = zip(*moments, strict=True) if moments else ((0,), (0,), (0,))
        return Sample(
            offset, np.concatenate(seconds), np.concatenate(buckets), np.concatenate(counts),
            bad, sum(sums), min(mins), max(maxs),
        )  # fmt: skip

    def statuses(self, target: int, spans: Iterable[PhaseSpan] | None = None) -> dict[Status, int]:
        """Return one target's requests by how they ended; phases as in `sample`."""
        totals: dict[Status, int] = {}
        for span in self.measured() if spans is None else spans:
            for status, count in self.intervals.statuses(target, span.index).items():
                totals[status] = totals.get(status, 0) + count
        return totals

    def answers(self, target: int, spans: Iterable[PhaseSpan] | None = None) -> Answers:
        """Return the sampled answers of one target; phases as in `sample`.

        Where a run's file does not tell phases apart, bad answers are taken from how the requests
        ended, and the comparisons of all phases count.
        """
        spans = self.measured() if spans is None else list(spans)
        facts, found = self.targets[target], Answers()
        if facts.answers:
            for span in spans:
                found = found.plus(facts.answers[span.index])
            return found
        ended_bad = self.statuses(target, self.phases()).get(Status.BAD_ANSWER, 0)
        bad = facts.answers_bad
        if ended_bad >= bad:
            bad = min(bad, self.statuses(target, spans).get(Status.BAD_ANSWER, 0))
        checked = facts.answers_checked - (facts.answers_bad - bad)
        return Answers(checked, bad, facts.answers_compared, facts.answers_agreed)

    def failures(self, target: int, *, warm_up: bool) -> dict[str, int]:
        """Return one target's failures by ``STATUS: text``, in warm-up or in all other phases.

        Where a run's file does not tell phases apart, all of them are counted as not in warm-up.
        """
        facts = self.targets[target]
        if not facts.failures:
            return {} if warm_up else dict(facts.details)
        found: Counter[str] = Counter()
        for span in self.phases():
            if span.warm_up == warm_up:
                found.update(facts.failures[span.index])
        return dict(found)

    def to_json(self) -> dict[str, Any]:
        """Return the run as plain data, the form of the run file."""
        return {
            "schema": SCHEMA,
            "scenario": json.loads(self.scenario.masked().to_json()),
            "started_wall_ns": self.started_wall_ns,
            "ended_ns": self.ended_ns,
            "stopped": self.stopped,
            "environment": self.environment,
            "targets": [asdict(target) for target in self.targets],
            "workers": [asdict(worker) for worker in self.workers],
            "problems": list(self.problems),
            "intervals": base64.b64encode(self.intervals.to_bytes()).decode("ascii"),
        }

    @staticmethod
    def from_json(data: Any) -> "Run":
        """Read what `to_json` wrote.

        Raises:
            ValueError: `data` is not a run of this schema.
        """
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            found = data.get("schema") if isinstance(data, dict) else type(data).__name__
            raise ValueError(f"not a run file of schema {SCHEMA!r}, got {found!r}")
        try:
            return Run(
                scenario=restore(json.dumps(data["scenario"])),
                started_wall_ns=int(data["started_wall_ns"]),
                ended_ns=int(data["ended_ns"]),
                stopped=str(data["stopped"]),
                environment={str(k): str(v) for k, v in data["environment"].items()},
                targets=facts_of(data["targets"]),
                workers=tuple(WorkerFacts(**worker) for worker in data["workers"]),
                intervals=Intervals.from_bytes(base64.b64decode(data["intervals"], validate=True)),
                problems=tuple(str(problem) for problem in data["problems"]),
            )
        except (KeyError, TypeError, AttributeError, ScenarioError) as error:
            raise ValueError(f"damaged run file: {type(error).__name__}: {error}") from error


def facts_of(data: Iterable[dict[str, Any]]) -> tuple[TargetFacts, ...]:
    """Read the facts of targets that were written by `asdict`.

    Raises:
        KeyError, TypeError: they are not.
    """
    return tuple(
        TargetFacts(
            **{
                **facts,
                "notes": tuple(facts["notes"]),
                "answers": tuple(Answers(*map(int, each)) for each in facts.get("answers", ())),
                "failures": tuple(facts.get("failures", ())),
            }
        )
        for facts in data
    )


def as_long_as(scenario: Scenario, ended_ns: int) -> Scenario:
    """Return the scenario of a run that had no planned end (Locust's users), as long as it was."""
    (phase,) = scenario.traffic
    return scenario.model_copy(update={"traffic": (replace(phase, duration_ns=max(ended_ns, 1)),)})


def save(path: Path, document: dict[str, Any]) -> None:
    """Write `document` as JSON to `path`, wholly or not at all.

    Raises:
        OutputError: the file cannot be written; the message names it and the reason.
    """
    write_whole(path, json.dumps(document, allow_nan=False, indent=1))


def load(path: Path) -> Run:
    """Read a run file.

    Raises:
        ScenarioError: there is no such file, or it is not a whole run file of a known schema.
    """
    try:
        return Run.from_json(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:  # json's and unicode's errors are ValueErrors too
        raise ScenarioError(f"{path}: {error}") from error
