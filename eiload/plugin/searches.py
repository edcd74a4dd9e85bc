"""Capacity searches that the web UI has begun: each is `eiload capacity` as a process, one a time.

What it knows: the command's options, its process, its journal. What it must not know: HTTP, Locust,
how a search goes (that is the command's, which is the same from a terminal).

A search is trials, and each trial is a Locust of its own; so it is no run of this Locust's, which
waits meanwhile. It ends with this process even if that one is killed (`base.tied`), and what it has
found is in its folder, where `eiload capacity --resume` goes on.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import gevent

from eiload.base.clock import NS_PER_S
from eiload.base.errors import OutputError
from eiload.base.files import tail
from eiload.base.quantity import decimal, plain
from eiload.judging.capacity.result import Search, result
from eiload.judging.capacity.wanted import Wanted
from eiload.plugin import sought
from eiload.plugin.choice import Choice
from eiload.record.stopping import SIGNALS
from eiload.report import capacity_journal, capacity_outlook, trial_log
from eiload.scenario import Scenario
from eiload.scenario import trial as trials

__all__ = ["Searches", "Sought"]

PROGRAM = (
    "import sys; from eiload.base.tied import tie; tie(int(sys.argv.pop(1))); "
    "from eiload.cli.start import main; sys.exit(main())"
)
"""The command; the first argument is the process that it ends with."""

LOG = "capacity.log"
"""What a search says, in its folder."""

SEARCHES_AT_MOST = 20

POLL_S = 0.05


@dataclass(slots=True)
class Sought:
    """One search, on or over."""

    number: int
    """Of this session, from 1."""
    name: str
    """The scenario's."""
    folder: Path
    asked: Search
    """What was asked for, before its first trial."""
    process: "subprocess.Popen[bytes] | None" = None
    status: int | None = None
    """The command's exit status; None while it is on."""
    stopped: bool = False
    """Whether somebody has pressed Stop."""
    _size: int = -1
    _read: Search | None = None
    _trial_s: float = field(default_factory=time.monotonic)

    @property
    def on(self) -> bool:
        """Tell whether it goes on."""
        return self.status is None

    def search(self) -> Search:
        """Return it as far as it has come, from its journal, which is read when it has grown."""
        journal = self.folder / capacity_journal.NAME
        with contextlib.suppress(OSError):  # nothing is written yet, or not there any more
            if (size := journal.stat().st_size) != self._size:
                self._take(journal.read_bytes())
                self._size = size
        search = self._read or self.asked
        stopped = next((name for name, code in SIGNALS.items() if code == self.status), "")
        return replace(search, notes=self.asked.notes, stopped=stopped)

    def _take(self, journal: bytes) -> None:
        """Take what a journal has in whole lines."""
        lines, _, _ = journal.rpartition(b"\n")
        with contextlib.suppress(ValueError):  # somebody else has written there
            self._read = capacity_journal.read(lines) if lines else self.asked
        self._trial_s = time.monotonic()

    @property
    def trial_s(self) -> float:
        """Return for how long the present trial has been going on, s, about."""
        return time.monotonic() - self._trial_s if self.on else 0.0

    @property
    def how(self) -> str:
        """Return how the present trial goes, by its log; empty if that does not say."""
        if not self.on:
            return ""
        log = self.folder / trial_log.log_of(len(self.search().seen))
        return trial_log.newest(tail(log, trial_log.TAIL_BYTES))

    def said(self) -> list[str]:
        """Return what the command has said so far."""
        try:
            lines = (self.folder / LOG).read_text("utf-8", "replace").splitlines()
        except OSError:
            return []
        return [line.removeprefix("eiload: ") for line in lines if line.startswith("eiload: ")]

    @property
    def error(self) -> str:
        """Return why it ended otherwise than by what it has found, or a signal; empty if so."""
        search = self.search()
        if self.on or search.stopped:
            return ""
        if search.seen and self.status == result(search).exit_status:
            return ""
        said = [line for line in self.said() if not line.startswith("trial ")]
        wrong = said or self.said()
        return wrong[-1] if wrong else f"ended with status {self.status}, see {self.folder / LOG}"

    @property
    def said_at_end(self) -> str:
        """Return the line that says what it has come to, or why to nothing."""
        return self.error or result(self.search()).summary


class Searches:
    """The searches of this session.

    Args:
        say: tells the user.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.all: list[Sought] = []
        """Those that were begun, the latest last."""
        self.shown = False
        """Whether what was begun last was a search, and no run."""

    @property
    def last(self) -> Sought | None:
        """Return the present or last one."""
        return self.all[-1] if self.all else None

    @property
    def on(self) -> bool:
        """Tell whether one goes on."""
        return self.last is not None and self.last.on

    def begun(self, choice: Choice) -> bool:
        """Begin one if that is what was chosen, and follow it; tell whether it was.

        Raises:
            EiloadError: it cannot begin.
        """
        self.shown = False
        if choice.wanted is None:
            return False
        gevent.spawn(self.follow, self.begin(*choice.searched(), choice.wanted))
        return True

    def begin(self, path: Path, scenario: Scenario, wanted: Wanted) -> Sought:
        """Begin one.

        Args:
            path: the scenario's file.
            scenario: the same, read.
            wanted: what was said of the search.

        Raises:
            ScenarioError: the scenario has no capacity to look for.
            OutputError: the search's folder cannot be made.
        """
        bounds = sought.bounds(scenario, wanted)
        folder = _own_folder(f"capacity-{path.stem}")
        notes = capacity_outlook.notes(trials.model(scenario), bounds)
        asked = Search(scenario.masked(), bounds, notes=notes, started_wall_ns=time.time_ns())
        number = self.all[-1].number + 1 if self.all else 1
        new = Sought(number, scenario.name, folder, asked)
        command = [
            *(sys.executable, "-c", PROGRAM, str(os.getpid()), "capacity", str(path)),
            *("--out", str(folder), "--from", f"{plain(decimal(bounds.low_per_s))}/s"),
            *("--to", f"{plain(decimal(bounds.high_per_s))}/s"),
            *("--budget", f"{plain(decimal(bounds.budget_s))} s"),
            *("--trial", f"{plain(decimal(wanted.explores_ns / NS_PER_S))} s"),
        ]
        with (folder / LOG).open("wb") as log:
            new.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self.all = [*self.all[-SEARCHES_AT_MOST + 1 :], new]
        self.shown = True
        self._say(f"capacity search of {scenario.name}, whose files are in {folder}")
        return new

    def follow(self, one: Sought) -> None:
        """Wait until one has ended, and say what it has come to."""
        assert one.process is not None
        status = one.process.wait()
        one.status = status if status >= 0 else 128 - status
        self._say(one.said_at_end)

    def end(self) -> None:
        """End the present one with what it has found so far, and wait for its trial's last answers.

        Whoever `follow`s it takes note of its end.
        """
        last = self.last
        if last is None or not last.on or last.process is None:
            return
        if not last.stopped:
            last.stopped = True
            if last.process.poll() is None:
                last.process.send_signal(signal.SIGINT)
        while last.on:
            time.sleep(POLL_S)


def _own_folder(name: str) -> Path:
    """Make and return a folder that was not there: ``name``, or ``name-2``, and so on.

    Raises:
        OutputError: it cannot be made.
    """
    for number in count(1):
        folder = Path(name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise OutputError(f"{folder}: cannot be made: {error.strerror}") from error
        return folder
    raise AssertionError
