"""The sender as a process: its start, its end, and what the two processes share.

What it knows: how to start `sending.sender`, the socket to it, the file its payloads lie in, why it
ended. What it must not know: what is said over the socket (`engine`).

The child is a plain process started with ``-m``: `multiprocessing`'s children would inherit
gevent's patches from Locust. Payloads go to a file that both have open and no directory lists, so
that the parent keeps none of them; the child's words on stderr go to another, so that a cause of
death can be told in one line.
"""

import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO, cast

from eiload.base.errors import EngineError

__all__ = ["Child"]

END_S = 2.0
"""How long the child may take to end once its socket has closed; then it is killed."""

FILES = 64
"""Open files of a child without connections, and then some."""

SEND_TIMEOUT_S = 10.0
"""How long an order may wait for the child to read: longer than any pause of a child that lives."""

ENVIRONMENT = {
    # gRPC copies each request. By its defaults glibc gives such blocks back to the system one by
    # one and has every page of the next one faulted in anew: a quarter of the CPU of an 820 kB
    # request (docs/tuning-notes.md). The values are glibc's largest, and 80 such requests.
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
    # What gRPC would write to stderr is told as the details of each status.
    "GRPC_VERBOSITY": "NONE",
}
"""The child's environment, where the user's own does not say otherwise."""


class Child:
    """A running sender process.

    Args:
        connections: how many connections it will open.

    Raises:
        EngineError: it cannot be started.
    """

    def __init__(self, connections: int) -> None:
        _allow_files(connections + FILES)
        with contextlib.ExitStack() as stack:
            try:
                self._start(stack)
            except OSError as error:
                raise EngineError(f"the sender process cannot be started: {error}") from error
            self._files = stack.pop_all()
        self._payload_end = 0
        self._killed = False
        self._memory_kills = _memory_kills()

    def _start(self, stack: contextlib.ExitStack) -> None:
        ours, theirs = socket.socketpair()
        stack.enter_context(ours)
        with theirs:
            for end in (ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            ours.settimeout(SEND_TIMEOUT_S)
            self.socket = ours
            self._payloads = _file(stack, "eiload-payloads-")
            self._stderr = _file(stack, "eiload-sender-")
            fds = (theirs.fileno(), self._payloads.fileno())
            self._process = subprocess.Popen(
                # -P: files beside the user's locustfile must not be taken for modules.
                [sys.executable, "-P", "-m", "eiload.sending.sender", *map(str, fds)],
                pass_fds=fds,
                stdin=subprocess.DEVNULL,
                stderr=self._stderr,
                env={**ENVIRONMENT, **os.environ},
                start_new_session=True,  # a Ctrl-C in the terminal must not end it before the drain
            )

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._process.pid

    def add_payload(self, data: bytes) -> tuple[int, int]:
        """Put a payload where the child can read it; return the offset and the length.

        Raises:
            EngineError: there is no room.
        """
        offset, view, written = self._payload_end, memoryview(data), 0
        try:
            while written < len(data):
                written += os.pwrite(self._payloads.fileno(), view[written:], offset + written)
        except OSError as error:
            raise EngineError(
                f"the requests do not fit into {tempfile.gettempdir()} ({error.strerror}); "
                "free some space, or set TMPDIR to a larger folder"
            ) from error
        self._payload_end += len(data)
        return offset, len(data)

    def tell(self, data: bytes) -> None:
        """Send it bytes, all of them.

        Raises:
            OSError: it takes none.
        """
        # Most frames fit in whole, and gevent's `sendall` asks for the buffer's size each time,
        # which is 6 % of what a Locust user's small request costs this process.
        sent = self.socket.send(data)
        if sent < len(data):
            self.socket.sendall(memoryview(data)[sent:])

    def kill(self) -> None:
        """End the process at once."""
        self._killed = True
        self._process.kill()

    def hang_up(self) -> None:
        """Close the conversation, on which the child ends; see that it does."""
        with contextlib.suppress(OSError):  # it has gone already
            self.socket.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """Close the files, after the end."""
        self._files.close()

    def _memory(self) -> str:
        """Return in words whether a want of memory may have killed it; empty if it has not."""
        kills = _memory_kills()
        return "" if kills is not None and kills == self._memory_kills else " (out of memory?)"

    def cause_of_death(self) -> str:
        """Wait for the process to end, and return why it did, in words."""
        code = self._process.wait()
        if code < 0:
            cause = f"the sender process was killed by signal {-code}"
            if code == -signal.SIGKILL:
                cause += " (by eiload)" if self._killed else self._memory()
        else:
            cause = f"the sender process ended with status {code}"
        self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, self._stderr.tell() - 4096))
        if lines := self._stderr.read().decode("utf-8", "replace").strip().splitlines():
            cause += f": {lines[-1].strip()}"
        return cause


def _memory_kills() -> int | None:
    """Return how many processes Linux has killed for want of memory; None where it is not told."""
    try:
        lines = Path("/proc/vmstat").read_text("ascii").splitlines()
    except OSError:
        return None
    counts = [int(line.split()[1]) for line in lines if line.startswith("oom_kill ")]
    return counts[0] if counts else None


def _file(stack: contextlib.ExitStack, prefix: str) -> BinaryIO:
    """Return a new file without a name, which lives as long as the stack."""
    return cast("BinaryIO", stack.enter_context(tempfile.TemporaryFile(prefix=prefix)))


def _allow_files(needed: int) -> None:
    """Let this process and its children have so many files open.

    Raises:
        EngineError: the system's limit does not allow it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise EngineError(
            f"{needed} open files are needed for all `connections:` and {hard} are allowed; "
            "raise the limit with ulimit -n, or ask for fewer connections"
        )
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    except (OSError, ValueError) as error:  # macOS says "unlimited" and allows less
        raise EngineError(
            f"{needed} open files are needed for all `connections:`, which this system does not "
            "allow; ask for fewer connections, or raise its limit (macOS: sysctl "
            "kern.maxfilesperproc)"
        ) from error
