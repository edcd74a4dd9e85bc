"""A run: everything that was measured and what it was measured with; saved and loaded.

What it knows: the file of a finished run. What it must not know: what is asked of it (`measured`),
Locust, processes, verdicts. Judging (`health`, `sla`, `compare`, `cost`) and showing (`report`)
take a `Run` and nothing else, so a run file is all they need, today or in a year.

The file is JSON with a schema number. The counts travel in it as base64 of `Intervals.to_bytes`;
everything else is plain.
"""

import base64
import json
import os
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from eiload.base.errors import ScenarioError
from eiload.base.files import write_whole
from eiload.record.checksum import CHECKSUM, changed, sealed
from eiload.record.facts import WorkerFacts, facts_of
from eiload.record.intervals import Intervals
from eiload.record.measured import PAYLOAD, Measured
from eiload.record.mistaken import EXPECTED, sort_of, sort_of_json
from eiload.record.observed import observed_of, written
from eiload.record.seconds import frame
from eiload.record.taken import looks_of
from eiload.record.taken import written as written_looks
from eiload.scenario import Scenario, restore

__all__ = ["PAYLOAD", "Run", "as_long_as", "content", "load", "parse", "save"]

SCHEMA = "eiload-run/1"
"""Name and version of the run file's form; the number rises when an older reader would misread."""


@dataclass(frozen=True, slots=True)
class Run(Measured):
    """A finished run, as its file has it."""

    def frame(self) -> Any:
        """Return the run as a pandas DataFrame: a row a second, phase and target.

        The columns are those of ``seconds.csv`` (docs/run-file.md): counts by status, times in ms,
        NaN where so few requests do not support a percentile, infinite where one failed.

        Raises:
            ModuleNotFoundError: pandas is not installed.
        """
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
            "cuts_ns": list(self.cuts_ns),
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
                cuts_ns=tuple(map(int, data.get("cuts_ns", ()))),
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
    """Return what is in a file; of /dev/stdin what the process is given, be it a socket.

    Raises:
        ScenarioError: it cannot be read.
    """
    try:
        if os.fspath(path) == "/dev/stdin" and sys.stdin is not None:
            return sys.stdin.buffer.read()  # a socket cannot be opened by a name
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
