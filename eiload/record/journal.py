"""A run's journal: what was measured so far, on the disk while the run goes on, and read back.

What it knows: the journal's form, how a run is rebuilt from it. What it must not know: workers,
Locust, verdicts. The coordinator writes; `eiload report RUN.json.journal` reads.

A run file is written when a run has ended; a master that is killed, or a machine that goes down,
would take the run with it. So the run file's journal lies beside it, appended to once a second, and
is removed when the run file itself is whole. What is read from a journal is a `Run` that was not
finished: it says so among its problems, so it is invalid, and gets numbers and no verdict.

Each line is ``CRC JSON``: eight hexadecimal digits and one object. The first line is the run
without its counts (`begin`), every other one what came since the line before (`append`). A CRC goes
over its line and the CRC of the line before, so that a line that was cut, changed, moved, or
written by another run ends what is believed; what stands before it is read, and that there was more
is said.

A write goes to the system at once and survives the death of the process. `sync` (fsync) lets it
survive that of the machine; it can take long, so the caller may hand in one that does not wait.
"""

import base64
import contextlib
import errno
import fcntl
import json
import os
import shutil
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from eiload.base.clock import NS_PER_S
from eiload.base.errors import OutputError, ScenarioError
from eiload.record import block, stopping
from eiload.record import run as run_file
from eiload.record.facts import TargetFacts, facts_of
from eiload.record.intervals import Intervals
from eiload.record.ledger import reconcile
from eiload.record.observed import Pieces, Source, written
from eiload.record.run import Run, as_long_as
from eiload.scenario.schedule import Schedule

__all__ = ["SUFFIX", "Journal", "State", "beside", "load", "read"]

SCHEMA = "eiload-journal/1"
"""Name and version of the journal's form; the number rises when an older reader would misread."""

SUFFIX = ".journal"

DETAILS = 20
"""So many texts of failures a target are kept, the most frequent: a line must stay short."""

TOGETHER = 600
"""So many counts are merged before all are: a day has 86,400 lines, most of them alike."""

OBSERVED_AT_MOST_MB = 64
"""Of what was read beside the load: a page of one model takes 20 MB a day."""

REST = "the rest is not in its journal"


def beside(path: Path) -> Path:
    """Return where the journal of the run file `path` lies."""
    return path.with_name(path.name + SUFFIX)


@dataclass(frozen=True, slots=True)
class State:
    """What a run has come to, beside its counts."""

    ended_ns: int
    """How long the load has lasted, ns."""
    cuts_ns: Sequence[int]
    """For each slice of the schedule, up to when its requests are in the counts."""
    targets: Sequence[TargetFacts]
    problems: Sequence[str]
    observed: Sequence[Sequence[Source]] = ()
    """What was read beside the load since this was last said, by target; empty for nothing new."""


class Journal:
    """The journal of the runs of one process that go to one run file, one after the other.

    Args:
        path: where it is; `beside` the run file.
        sync: has what was written to a file descriptor brought to the disk.

    Raises:
        ScenarioError: it cannot be opened, or another run is writing it.
    """

    def __init__(self, path: Path, sync: Callable[[int], object] = os.fsync) -> None:
        self.path = path
        self._sync = sync
        self._crc = 0
        self._begun = False
        self._observed_bytes = 0
        try:
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            raise ScenarioError(f"{path}: cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in {errno.EWOULDBLOCK, errno.EACCES}:
                self._file.close()
                raise ScenarioError(
                    f"{path}: another run is writing it; give each run its own --report-json"
                ) from error
            # A file system without locks: two runs at once will be found by the CRCs.

    def begin(self, run: Run, *, driven: bool = False) -> None:
        """Start with a run that has no counts yet; what an older one left is kept as ``.old``.

        Args:
            run: the run.
            driven: Locust's users make its requests: there is no schedule to hold them against.

        Raises:
            OutputError: it cannot be written.
        """
        self._crc, self._begun, self._observed_bytes = 0, True, 0
        with self._telling():
            if self._file.tell():
                shutil.copyfile(self.path, self.path.with_name(self.path.name + ".old"))
                self._file.truncate(0)
        self._write({"schema": SCHEMA, "driven": driven, "run": run.to_json()})

    def append(self, state: State, counts: Iterable[bytes]) -> None:
        """Add what came since the last time.

        Args:
            state: what the run has come to.
            counts: new ones, as `Intervals.to_bytes` gives them.

        Raises:
            OutputError: it cannot be written; the lines before still stand.
        """
        self._write(
            {
                "ended_ns": state.ended_ns,
                "cuts_ns": list(state.cuts_ns),
                "targets": [_brief(facts) for facts in state.targets],
                "problems": list(state.problems),
                "intervals": [base64.b64encode(data).decode("ascii") for data in counts],
                **self._observed(state.observed),
            }
        )

    def _observed(self, pieces: Sequence[Sequence[Source]]) -> dict[str, Any]:
        """Return what was read beside the load as a part of a line; nothing of what is too much.

        A piece is of no use without those before it, so once one was too much it stays so.
        """
        if not pieces or self._observed_bytes > OBSERVED_AT_MOST_MB * 1_000_000:
            return {}
        found = [written(each) for each in pieces]
        self._observed_bytes += len(json.dumps(found))
        if self._observed_bytes > OBSERVED_AT_MOST_MB * 1_000_000:
            return {"observed": None}
        return {"observed": found}

    def _write(self, content: dict[str, Any]) -> None:
        text = json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")
        crc = zlib.crc32(text, self._crc)
        line = _line(crc, text)
        with self._telling():
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._sync(self._file.fileno())
        self._crc = crc

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written: {error.strerror}") from error

    def close(self, *, keep: bool) -> None:
        """Let go of the file; remove it unless it is to be kept, or an older run left it."""
        if not keep and (self._begun or not self._file.tell()):
            with contextlib.suppress(OSError):
                self.path.unlink()
        self._file.close()


def _line(crc: int, text: bytes) -> bytes:
    return b"%08x %s\n" % (crc, text)


def _brief(facts: TargetFacts) -> dict[str, Any]:
    return asdict(facts) | {
        "details": dict(Counter(facts.details).most_common(DETAILS)),
        "failures": [dict(Counter(each).most_common(DETAILS)) for each in facts.failures],
    }


# -- reading -------------------------------------------------------------------------------------


def load(path: Path) -> Run:
    """Read the run that is in a file: a run file, a journal by its name, or a log with a block.

    Raises:
        ScenarioError: there is no such file, or it is none of them.
    """
    if SUFFIX in path.suffixes:
        return read(path)
    data = run_file.content(path)
    try:
        return run_file.parse(data, path)
    except ScenarioError:
        log = data.decode("utf-8", "replace")  # it has whatever others have printed
        if not block.holds(log):
            raise
    try:
        return run_file.parse(block.text_of(log).encode(), path)
    except ValueError as error:
        raise ScenarioError(f"{path}: {error}") from error


def read(path: Path) -> Run:
    """Rebuild a run from its journal, up to the last whole line.

    What was due until then and is not in the counts was on its way, and is LOST.

    Raises:
        ScenarioError: there is no such file, or its first line is not whole.
    """
    try:
        with path.open("rb") as file:
            return _rebuilt(file)
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ScenarioError(f"{path}: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise ScenarioError(f"{path}: not a journal: {type(error).__name__}: {error}") from error


class _Lines:
    """The whole lines of a journal, one after the other; what is wrong with the rest."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.read = 0
        self.damage = ""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        crc = 0
        for line in self._file:
            text = line[9:-1]
            crc = zlib.crc32(text, crc)
            if line != _line(crc, text):
                self.damage = f"line {self.read + 1} of its journal is " + (
                    "damaged: it and what follows it are left out"
                    if line.endswith(b"\n")
                    else "cut off: it is left out"
                )
                return
            self.read += 1
            yield json.loads(text)


def _rebuilt(file: BinaryIO) -> Run:
    """Return the run of a journal.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is none.
    """
    lines = _Lines(file)
    whole = iter(lines)
    header = next(whole, {})
    if not header:
        why = "its first line is damaged" if lines.damage else "its run ended before the load began"
        raise ValueError(f"there is nothing to read in it: {why}")
    if header.get("schema") != SCHEMA:
        raise ValueError(f"not a journal of schema {SCHEMA!r}, got {header.get('schema')!r}")
    run = Run.from_json(header["run"])
    last: dict[str, Any] = {"ended_ns": 0, "cuts_ns": [0], "targets": None, "problems": []}
    parts: list[Intervals] = []
    batches: list[Intervals] = []
    pieces, more = Pieces(), ""
    for last in whole:
        if (observed := last.get("observed", [])) is None:
            more = f"what was read beside the load is more than {OBSERVED_AT_MOST_MB} MB: " + REST
        else:
            pieces.add(observed)
        parts += [Intervals.from_bytes(base64.b64decode(text)) for text in last["intervals"]]
        if len(parts) >= TOGETHER:
            batches.append(Intervals.merge(parts))
            parts = []
    counts = Intervals.merge([*batches, *parts])
    ended_ns, scenario = int(last["ended_ns"]), run.scenario
    if header["driven"]:
        scenario = as_long_as(scenario, ended_ns)
    else:
        schedule = Schedule(scenario.traffic, scenario.seed)
        dues = schedule.dues(last["cuts_ns"], [*scenario.targets])
        counts, _, _ = reconcile(counts, dues, mixed=bool(scenario.payload.mix))
    unfinished = (
        f"the run was not finished: its journal ends {ended_ns / NS_PER_S:.0f} s into the load"
    )
    return replace(
        run,
        scenario=scenario,
        ended_ns=ended_ns,
        stopped=stopping.UNFINISHED,
        targets=facts_of(last["targets"]) if last["targets"] else run.targets,
        problems=(
            unfinished,
            *([lines.damage] if lines.damage else []),
            *([more] if more else []),
            *map(str, last["problems"]),
        ),
        observed=pieces.sources(),
    ).counted(counts)
