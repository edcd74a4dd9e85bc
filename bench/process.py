"""Run a command to its end and say what it used.

What it knows: processes, their resource usage, ending them. What it must not know: what is being
measured.

CPU is what the kernel counted for the process and every descendant that was waited for, user and
system together (wait4(2)): it is exact, needs no sampling and does not depend on who else uses the
machine. Memory is the largest sum of resident sets of the whole tree, sampled `SAMPLE_S` apart, so
a short peak can be missed and pages that processes share count for each.

Every command runs in a session of its own. Whoever outlives its time is killed with all of its
descendants, those in other sessions included.
"""

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

import psutil

__all__ = ["BenchError", "Run", "Running", "Spent", "finished", "lives", "started"]

POLL_S = 0.02
SAMPLE_S = 0.2
NEWBORN_S = 0.1
"""A process this young may be a fork that has not become its program yet: its memory is still its
parent's, and would count twice."""


GONE_WITHIN_S = 5.0
"""A killed process takes a moment to be gone; longer than this only one that the kernel holds."""

TIMEOUT_S = 90.0
"""For one run of anybody; the longest planned one takes half of it."""


class BenchError(Exception):
    """A benchmark cannot go on: a contender failed or did not end."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a command used from its start to its end."""

    status: int
    """Its exit status; negative for the signal that ended it."""
    cpu_s: float
    """User and system time of the process and its finished descendants."""
    wall_s: float
    peak_bytes: int
    """Largest sum of resident sets of the tree; 0 if it ended before the first look."""
    out: str
    err: str

    @property
    def said(self) -> str:
        """Return the end of what it said."""
        return _tail(self.err or self.out)

    def expect(self, *statuses: int) -> "Spent":
        """Return itself if the command ended with one of these statuses (0 if none is given).

        Raises:
            BenchError: it ended otherwise; the message has the end of what it said.
        """
        if self.status not in (statuses or (0,)):
            raise BenchError(f"ended with status {self.status}: {self.said}")
        return self


class Running:
    """A command under way; `started` makes one."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        self.command = list(command)
        self._out = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the process
        self._err = tempfile.TemporaryFile()  # noqa: SIM115
        self._began_s = time.monotonic()
        self._process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._err,
            env={**os.environ, **env},
            start_new_session=True,
        )
        self._peak_bytes = 0
        self._sampled_s = 0.0
        self._spent: Spent | None = None

    @property
    def pid(self) -> int:
        """Return the process's id."""
        return self._process.pid

    def wait(self, timeout_s: float) -> Spent:
        """Wait for the end and return what was used.

        Raises:
            BenchError: it does not end in time; it is killed then.
        """
        give_up_s = self._began_s + timeout_s
        while (spent := self.poll()) is None:
            if time.monotonic() > give_up_s:
                said = _tail(_text(self._err)) or _tail(_text(self._out))
                self.kill()
                # Tables are published: where a program lies on this machine is nobody's business.
                command = " ".join(Path(part).name for part in self.command)
                raise BenchError(f"did not end in {timeout_s:g} s: {command}: {said}")
            time.sleep(POLL_S)
        return spent

    def poll(self) -> Spent | None:
        """Return what was used if it has ended, else None; looks at the memory now and then."""
        if self._spent is not None:
            return self._spent
        now_s = time.monotonic()
        if now_s - self._sampled_s >= SAMPLE_S:
            self._sampled_s = now_s
            self._peak_bytes = max(self._peak_bytes, tree_bytes(self.pid))
        pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        if pid == 0:
            return None
        code = os.waitstatus_to_exitcode(status)
        self._process.returncode = code  # reaped here, because only wait4 tells what it used
        self._spent = Spent(
            status=code,
            cpu_s=usage.ru_utime + usage.ru_stime,
            wall_s=time.monotonic() - self._began_s,
            peak_bytes=self._peak_bytes,
            out=_text(self._out),
            err=_text(self._err),
        )
        self._out.close()
        self._err.close()
        return self._spent

    def kill(self) -> None:
        """End the process and all of its descendants; harmless when it has ended."""
        if self._spent is not None:
            return
        doomed = tree(self.pid)
        for process in doomed:
            with contextlib.suppress(psutil.Error):
                process.kill()
        while self.poll() is None:
            time.sleep(POLL_S)
        give_up_s = time.monotonic() + GONE_WITHIN_S
        while any(map(lives, doomed)) and time.monotonic() < give_up_s:
            time.sleep(POLL_S)


@contextmanager
def started(command: Sequence[str], env: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Start a command for the length of a block; at its end nothing of it is left."""
    running = Running(command, env or {})
    try:
        yield running
    finally:
        running.kill()


class Run(Protocol):
    """What runs a command to its end, as `finished` does."""

    def __call__(
        self,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
    ) -> Spent:
        """Return what was used."""


def finished(
    command: Sequence[str], env: Mapping[str, str] | None = None, *, timeout_s: float = TIMEOUT_S
) -> Spent:
    """Run a command to its end and return what was used.

    Raises:
        BenchError: it does not end in time; it is killed then.
    """
    with started(command, env) as running:
        return running.wait(timeout_s)


def lives(process: psutil.Process) -> bool:
    """Return whether a process lives; one that nobody has waited for yet does not."""
    try:
        return process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False


def tree(pid: int) -> list[psutil.Process]:
    """Return a process and its living descendants."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def tree_bytes(pid: int) -> int:
    """Return the sum of the resident sets of a process and its living descendants."""
    total, born_s = 0, time.time() - NEWBORN_S
    for process in tree(pid):
        with contextlib.suppress(psutil.Error):
            if process.create_time() < born_s:
                total += process.memory_info().rss
    return total


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _tail(text: str) -> str:
    return " | ".join(text.strip().splitlines()[-5:])
