"""The journal of a capacity search: one line a trial, written as it ends, so that a kill costs one.

What it knows: its file, and when another one is refused; its lines are `report.capacity_journal`'s.
What it must not know: how a trial is run, which one is next.

Each line is brought to the disk before the next trial begins. A last line without its end is of a
process that was killed while it wrote it, and is dropped. The file is locked while its search goes
on, and by each of its trials: one search a folder, and none beside a trial that a killed one has
left behind.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Self

from eiload.base.clock import NS_PER_S
from eiload.base.errors import OutputError, ScenarioError
from eiload.base.units import format_duration, format_rate
from eiload.judging.capacity.bounds import Bounds
from eiload.judging.capacity.result import Search
from eiload.judging.capacity.seen import Seen
from eiload.judging.capacity.trial import TrialWord
from eiload.report import capacity_journal
from eiload.report.capacity_journal import NAME
from eiload.report.differ import differences
from eiload.scenario import Scenario

__all__ = ["SearchJournal", "bounds_there"]

WAIT_S, POLL_S = 60.0, 0.2
"""How long a trial is waited for that a killed search has left behind: it has got a signal, and
waits for its last answers."""

WORDS: Mapping[str, tuple[str, Callable[[float], str]]] = {
    "low_per_s": ("--from", format_rate),
    "high_per_s": ("--to", format_rate),
    "budget_s": ("--budget", lambda s: format_duration(round(s * NS_PER_S))),
    "explore_s": ("--trial", lambda s: format_duration(round(s * NS_PER_S))),
    "overhead_s": ("--warm-up", lambda s: format_duration(round(s * NS_PER_S))),
    "error_rate": ("the error rate", str),
    "seed": ("the seed", str),
}
"""What sets each of the bounds, and how its value is written."""


def bounds_there(folder: Path) -> Bounds | None:
    """Return the bounds of the search in a folder; None if it was killed before it said any.

    Raises:
        ScenarioError: there is none that can be read.
    """
    path = folder / NAME
    try:
        whole, _, _ = path.read_bytes().rpartition(b"\n")
    except FileNotFoundError:
        raise _none(path) from None
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from error
    return _search_of(whole, path).bounds if whole else None


def _together(one: Bounds, other: Bounds) -> Bounds:
    """Return the first with a range and a budget that are the other's where those are larger.

    More time or other rates take nothing from what trials have proved: what errors the search may
    make is spent by trials, however many there are.
    """
    return replace(
        one,
        low_per_s=min(one.low_per_s, other.low_per_s),
        high_per_s=max(one.high_per_s, other.high_per_s),
        budget_s=max(one.budget_s, other.budget_s),
    )


def _none(path: Path) -> ScenarioError:
    return ScenarioError(f"{path}: no such journal; expected one to --resume")


def _search_of(whole: bytes, path: Path) -> Search:
    """Return the search that a journal is of.

    Raises:
        ScenarioError: it is damaged.
    """
    try:
        return capacity_journal.read(whole)
    except ValueError as error:
        raise ScenarioError(
            f"{path}: damaged, or no journal of a search: {error}; expected another folder by --out"
        ) from error


class SearchJournal:
    """A journal that is open and locked; a context manager.

    Args:
        folder: the search's; made if it is not there.
        search: what is searched; its trials are those of the journal from then on.
        resume: go on with the journal that is there; without, there must be none, or one of a
            search that never came to a trial.
        say: told when a trial of a killed search is waited for.

    Raises:
        ScenarioError: there is a journal and must be none, or none where one is wanted; or it is of
            another scenario, of other bounds, damaged, or of a search that goes on.
        OutputError: it cannot be written.
    """

    def __init__(
        self, folder: Path, search: Search, *, resume: bool, say: Callable[[str], None]
    ) -> None:
        self.path = folder / NAME
        there = self.path.exists()
        if resume and not there:
            raise _none(self.path)
        if not resume:
            self._refuse_trials()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a+b")
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written: {error.strerror}") from error
        try:
            self._lock(say)
            if not resume:
                self._refuse_trials()  # it may have come to one while it was waited for
                self._file.truncate(0)
            self.search = self._read(search) if resume else self._begun(search)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def descriptor(self) -> int:
        """Return the lock's file descriptor, for trials to inherit."""
        return self._file.fileno()

    def add(self, seen: Seen) -> None:
        """Write a trial that has ended; when this returns it is on the disk.

        Raises:
            OutputError: it cannot be written.
        """
        self._write(capacity_journal.trial(seen))

    def _lock(self, say: Callable[[str], None]) -> None:
        give_up_s = time.monotonic() + WAIT_S
        told = False
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() > give_up_s:
                    raise ScenarioError(
                        f"{self.path}: another search goes on in this folder; expected its end, or "
                        "another folder by --out"
                    ) from None
                if not told:
                    say(f"{self.path}: waiting for a search or a trial of it to end")
                    told = True
                time.sleep(POLL_S)
            else:
                return

    def _refuse_trials(self) -> None:
        """Refuse a folder in which there is anything but a search without a trial.

        Raises:
            ScenarioError: there is.
        """
        try:
            if not (whole := self.path.read_bytes()):
                return
            if not capacity_journal.read(whole.rpartition(b"\n")[0]).seen:
                return
        except OSError:  # not there; whoever writes it says if it cannot be
            return
        except ValueError:
            pass  # somebody's else
        raise ScenarioError(
            f"{self.path}: there is a search in this folder; --resume goes on with it, or give "
            "another folder by --out"
        )

    def _begun(self, search: Search) -> Search:
        self._write(capacity_journal.head(search))
        return search

    def _write(self, line: bytes) -> None:
        try:
            self._file.write(line)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written: {error.strerror}") from error

    # -- going on ------------------------------------------------------------------------------

    def _read(self, search: Search) -> Search:
        """Return the search with the journal's trials.

        Raises:
            ScenarioError: the journal is another one's, or damaged.
        """
        self._file.seek(0)
        whole, _, cut = self._file.read().rpartition(b"\n")
        if cut:
            self._file.truncate(len(whole) + 1 if whole else 0)
        if not whole:  # killed before it had said anything
            return self._begun(search)
        there = _search_of(whole, self.path)
        bounds = _together(there.bounds, search.bounds)
        self._refuse_other(search, there.scenario, bounds)
        with contextlib.suppress(OSError):
            self._file.seek(0, os.SEEK_END)
        if bounds != there.bounds:
            self._write(capacity_journal.wider(bounds))
        if any(each.trial.word is TrialWord.DIED for each in there.seen):
            self._write(capacity_journal.revived())
            self._file.seek(0)
            there = _search_of(self._file.read().rstrip(b"\n"), self.path)
        return replace(search, seen=there.seen, started_wall_ns=there.started_wall_ns)

    def _refuse_other(self, search: Search, scenario: Scenario, bounds: Bounds) -> None:
        for each in fields(bounds):
            here, there = (getattr(of, each.name) for of in (search.bounds, bounds))
            if here != there:
                option, written = WORDS.get(each.name, (each.name, str))
                raise ScenarioError(
                    f"{self.path}: of other bounds: {option} {written(there)} there, "
                    f"{written(here)} here; expected the same, or another folder by --out"
                )
        if found := next(differences(search.scenario, scenario), ""):
            raise ScenarioError(
                f"{self.path}: of another scenario: {found}; expected the same, or another folder "
                "by --out"
            )
