"""A run: everything that was measured and what it was measured with; saved, loaded, asked.

What it knows: the shape of a finished run and its file. What it must not know: Locust, processes,
verdicts. Judging (`health`, `sla`, `compare`, `cost`) and showing (`report`) take a `Run` and
nothing else, so a run file is all they need, today or in a year.

The file is JSON with a schema number. The counts travel in it as base64 of `Intervals.to_bytes`;
everything else is plain.
"""

import base64
import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from eiload.base.clock import NS_PER_S
from eiload.base.errors import ScenarioError
from eiload.base.files import write_whole
from eiload.base.status import Status
from eiload.record.checksum import CHECKSUM, changed, sealed
from eiload.record.facts import Answers, PhaseSpan, TargetFacts, WorkerFacts, facts_of
from eiload.record.intervals import Intervals, Kind
from eiload.record.mistaken import EXPECTED, sort_of, sort_of_json
from eiload.record.observed import Source, observed_of, written
from eiload.record.recorder import step_s_for
from eiload.record.sample import Sample
from eiload.record.served import Served
from eiload.record.taken import LookFacts, looks_of
from eiload.record.taken import written as written_looks
from eiload.scenario import Scenario, restore
from eiload.scenario.arrivals import ClosedPhase

__all__ = ["PAYLOAD", "Run", "as_long_as", "content", "load", "parse", "save"]

PAYLOAD = "payload"
"""Name of the payload's digest (SHA-256) among the facts of a run's environment."""

SCHEMA = "eiload-run/1"
"""Name and version of the run file's form; the number rises when an older reader would misread."""


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
    by_class: Intervals = field(default_factory=Intervals.empty)
    """The same counts by the classes of a mix; empty where there is none."""
    observed: tuple[tuple[Source, ...], ...] = ()
    """What was read beside the load of each target; empty of older versions and of journals."""
    looks: tuple[LookFacts, ...] = ()
    """Those taken while it went on; the words are judged anew from the counts (`judging.looks`)."""

    def counted(self, counts: Intervals) -> "Run":
        """Return this run with other counts, by class if it has a mix."""
        if not self.scenario.payload.mix:
            return replace(self, intervals=counts)
        return replace(self, intervals=counts.folded(), by_class=counts)

    def of_class(self, name: str) -> "Run":
        """Return the run of one class of its requests: all else, sampled answers too, is the same.

        Raises:
            ValueError: there is no such class.
        """
        classes = self.scenario.payload.classes
        if name not in classes:
            raise ValueError(f"no class {name!r}; there is {', '.join(classes) or 'none'}")
        which = classes.index(name)
        return replace(self, intervals=self.by_class.of_class(which), by_class=Intervals.empty())

    def target_index(self, name: str) -> int:
        """Return the index of the target called `name`.

        Raises:
            KeyError: there is none.
        """
        return self.scenario.target_index(name)

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
            kind: response time, service time, one of its parts, or lag. A lag is known of every
                request that was sent, however it ended, and parts are of those that ended OK, so
                none of these counts as slower than everything.
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
            failed = (status != Status.OK) & (kind in {Kind.RESPONSE, Kind.SERVICE})
            where = np.clip(second[failed] - span.first_second, 0, span.seconds - 1) + offset
            bad += np.bincount(where, count[failed], len(bad)).astype(np.int64)
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

    def wire(self, target: int, spans: Iterable[PhaseSpan] | None = None) -> dict[int, int]:
        """Return one target's requests by the flags of `sending.result`; phases as in `sample`."""
        totals: Counter[int] = Counter()
        for span in self.measured() if spans is None else spans:
            totals.update(self.intervals.wire(target, span.index))
        return dict(totals)

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

    def served(self, target: int, spans: Iterable[PhaseSpan] | None = None) -> Served:
        """Return what served the requests of one target; phases as in `sample`."""
        parts = self.targets[target].served
        spans = self.measured() if spans is None else spans
        return Served.all(parts[span.index] for span in spans if span.index < len(parts))

    def sources(self, target: int) -> tuple[Source, ...]:
        """Return what was read beside the load of one target."""
        return self.observed[target] if target < len(self.observed) else ()

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

    def frame(self) -> Any:
        """Return the run as a pandas DataFrame: a row a second, phase and target.

        The columns are those of ``seconds.csv`` (docs/run-file.md): counts by status, times in ms,
        NaN where so few requests do not support a percentile, infinite where one failed.

        Raises:
            ModuleNotFoundError: pandas is not installed.
        """
        from eiload.record.seconds import frame  # noqa: PLC0415  # it builds on this module

        return frame(self)

    def to_json(self) -> dict[str, Any]:
        """Return the run as plain data, the form of the run file."""
        data = {
            "schema": SCHEMA,
            "scenario": json.loads(self.scenario.masked().to_json()),
            "started_wall_ns": self.started_wall_ns,
            "ended_ns": self.ended_ns,
            "stopped": self.stopped,
            "environment": self.environment,
            "targets": [asdict(target) for target in self.targets],
            "workers": [asdict(worker) for worker in self.workers],
            "problems": list(self.problems),
            "observed": [written(each) for each in self.observed],
            "looks": written_looks(self.looks),
            "intervals": base64.b64encode(self._counts().to_bytes()).decode("ascii"),
        }
        return sealed(data)

    def _counts(self) -> Intervals:
        """Return all counts, by class where there are classes."""
        return self.by_class if self.scenario.payload.mix else self.intervals

    @staticmethod
    def from_json(data: Any) -> "Run":
        """Read what `to_json` wrote.

        Raises:
            ValueError: `data` is not a run of this schema.
        """
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            raise ValueError(
                f"not a run file of schema {SCHEMA!r}, but {sort_of_json(data)}; {EXPECTED}"
            )
        if damage := changed(data):
            raise ValueError(f"{damage}; get it anew, or read it at your risk without {CHECKSUM!r}")
        try:
            run = Run(
                scenario=restore(json.dumps(data["scenario"])),
                started_wall_ns=int(data["started_wall_ns"]),
                ended_ns=int(data["ended_ns"]),
                stopped=str(data["stopped"]),
                environment={str(k): str(v) for k, v in data["environment"].items()},
                targets=facts_of(data["targets"]),
                workers=tuple(WorkerFacts(**worker) for worker in data["workers"]),
                intervals=Intervals.empty(),
                problems=tuple(str(problem) for problem in data["problems"]),
                observed=tuple(observed_of(each) for each in data.get("observed", ())),
                looks=looks_of(data.get("looks", ())),
            )
            counts = base64.b64decode(data["intervals"], validate=True)
            return run.counted(Intervals.from_bytes(counts))
        except (KeyError, TypeError, AttributeError, ScenarioError) as error:
            raise ValueError(f"damaged run file: {type(error).__name__}: {error}") from error


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


def load(path: str | os.PathLike[str]) -> Run:
    """Read a run file.

    Raises:
        ScenarioError: there is no such file, or it is not a whole run file of a known schema.
    """
    return parse(content(path), path)


def content(path: str | os.PathLike[str]) -> bytes:
    """Return what is in a file.

    Raises:
        ScenarioError: it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ScenarioError(
            f"{os.fspath(path)}: cannot be read: {error.strerror}; {EXPECTED}"
        ) from error


def parse(data: bytes, path: str | os.PathLike[str]) -> Run:
    """Read a run file's content.

    Args:
        data: the content.
        path: where it is from, for messages.

    Raises:
        ScenarioError: it is not a whole run file of a known schema.
    """
    path = Path(path)
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:  # unicode's are ValueErrors too
        sort = sort_of(path, data)
        raise ScenarioError(f"{path}: not a run file, but {sort}; {EXPECTED}") from error
    try:
        return Run.from_json(document)
    except ValueError as error:
        raise ScenarioError(f"{path}: {error}") from error
