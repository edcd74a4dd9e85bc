"""Locust, loaded once and forked for each run: what `python -m locust` does, without the second.

Loading Locust, numpy, pydantic and eiload takes more than a second of CPU, most of what a short run
costs, and the tests start hundreds. So a process of its own has it loaded, and starts a run by
`fork`, as Locust's own ``--processes`` does: no event loop and no thread is there yet. From there
on it is a process like any other: a session, command line, environment, folder and output of its
own, and its end is Python's own.

Run as a script it is that process; it reads a request per line, and answers each by a line.
Locusts that run below another command begin cold, as does one of tests/e2e/test_library.py.
"""

import atexit
import functools
import gc
import inspect
import json
import os
import platform
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

LOADED = (
    "locust.main",
    "eiload.control.agent",
    "eiload.control.coordinator",
    "eiload.export.collector",
    "eiload.judging.judgement",
    "eiload.report.html.page",
    "eiload.report.junit",
    "eiload.report.live.head",
    "eiload.report.markdown",
    "eiload.report.progress",
    "eiload.report.terminal",
    "eiload.scenario.finding",
    "eiload.serving.images",
    "PIL.ImageFile",
    "numpy.ma",
)
"""What is loaded before a run: all but the plugin. Each process loads that for itself: it registers
with Locust, and draws what only the processes of one command may know."""

POLL_S = 0.02


class Process:
    """A Locust that has been forked; of `subprocess.Popen` what the tests use."""

    def __init__(self, warm: "Warm", pid: int) -> None:
        self.pid = pid
        self._warm = warm
        self._status: int | None = None

    def poll(self) -> int | None:
        """Return its exit status once it has ended."""
        if self._status is None:
            self._status = self._warm.ask(ended=self.pid)
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: it has not come.
        """
        give_up = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if timeout is not None and give_up is not None and time.monotonic() > give_up:
                raise subprocess.TimeoutExpired("locust", timeout)
            time.sleep(POLL_S)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it is still there."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


class Warm:
    """The process that is forked."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        atexit.register(self.close)

    def ask(self, **request: Any) -> Any:
        """Return its answer to a request."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def start(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        environ: Mapping[str, str],
        out: Path,
        err: Path,
        script: Path | None = None,
    ) -> Process:
        """Start a Locust.

        Args:
            arguments: of its command line.
            folder: where it runs.
            environ: all of its environment.
            out: file of its stdout.
            err: file of its stderr.
            script: a script that is run instead of Locust's command.
        """
        pid = self.ask(
            script=None if script is None else str(script),
            arguments=[*arguments],
            folder=str(folder),
            environ=dict(environ),
            out=str(out),
            err=str(err),
            hangup=signal.getsignal(signal.SIGHUP) != signal.SIG_IGN,
        )
        return Process(self, pid)

    def close(self) -> None:
        """End it; what it has started goes on."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@functools.cache
def warm() -> Warm:
    """Return the one of this test process."""
    return Warm()


def serve() -> dict[str, Any] | None:
    """Fork for each request; return it in each child, and None at the end."""
    rest = b""
    while True:
        # Neither read nor fork are gevent's here: there is to be no hub before the fork.
        while b"\n" not in rest:
            read = os.read(0, 65536)
            if not read:
                return None
            rest += read
        line, _, rest = rest.partition(b"\n")
        request: dict[str, Any] = json.loads(line)
        if "ended" in request:
            answer = _ended(request["ended"])
        else:
            answer = _original("fork")()
            if answer == 0:
                _become(request)
                return request
        os.write(1, json.dumps(answer).encode() + b"\n")


def _original(name: str) -> Any:
    from gevent.monkey import get_original

    return get_original("os", name)


def _ended(pid: int) -> int | None:
    done, status = _original("waitpid")(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if done else None


def _become(request: dict[str, Any]) -> None:
    """Make of this child the process that was asked for."""
    os.setsid()
    os.chdir(request["folder"])
    for fd, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, request["out"], os.O_WRONLY),
        (2, request["err"], os.O_WRONLY),
    ):
        opened = os.open(path, flags)
        os.dup2(opened, fd)
        os.close(opened)
    os.environ.clear()
    os.environ.update(request["environ"])
    signal.signal(signal.SIGHUP, signal.SIG_DFL if request["hangup"] else signal.SIG_IGN)
    script = request["script"]
    sys.argv = [script or "locust", *request["arguments"]]
    sys.path[0] = request["folder"]  # as of `python -m`


def run(script: str) -> None:
    """Do what `python script` does."""
    main = ModuleType("__main__")
    main.__file__ = script
    sys.modules["__main__"] = main
    exec(compile(Path(script).read_bytes(), script, "exec"), main.__dict__)


if __name__ == "__main__":
    for module in LOADED:
        import_module(module)
    # What each run would find out anew, a tenth of its CPU: Locust asks who has called its `stop`,
    # for which Python looks at the file of every module; and what machine this is takes a process.
    inspect.stack()
    platform.platform()
    gc.freeze()
    started = serve()
    if started is not None and started["script"] is not None:
        run(started["script"])
    elif started is not None:
        runpy.run_module("locust", run_name="__main__", alter_sys=True)
