"""Locust and stand-ins, loaded once and forked for each: as by ``python -m``, without the second.

Loading Locust, numpy, pydantic, gRPC and eiload takes about a second of CPU, most of what a short
run or a stand-in costs, and the tests start hundreds. So a process of its own has it loaded, and
starts one by `fork`, as Locust's own ``--processes`` does: no event loop and no thread is there
yet. From there on it is a process like any other: a session, command line, environment, folder and
streams of its own, and its end is Python's own.

Run as a script, with one of `LOADED` as its argument, it is that process; it reads a request per
line, and answers each by a line. Locusts that run below another command begin cold, as do one of
tests/e2e/test_library.py, the stand-ins of tests/server/test_launch.py, and what Locust starts.
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
import threading
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import IO, Any

LOADED = {
    "locust": (
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
        "scipy.special",
    ),
    "eiload.server": ("eiload.server.app", "eiload.server.cli", "eiload.server.emulated"),
    "eiload.server TensorFlow": (
        "eiload.server.app",
        "eiload.server.cli",
        "eiload.server.graph",
    ),
}
"""What is loaded before, by the module that is run, and by what it is for where there are two: of
Locust all but the plugin. Each process has that for itself: it registers with Locust, and draws
what only the processes of one command may know. Of TensorFlow all that comes before a model."""

POLL_S = 0.02


class Process:
    """What has been forked; of `subprocess.Popen` what the tests use."""

    stdin: IO[bytes] | None = None
    stdout: IO[bytes] | None = None

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
                raise subprocess.TimeoutExpired(self._warm.module, timeout)
            time.sleep(POLL_S)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it is still there."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


class Warm:
    """The process that is forked, of a module."""

    def __init__(self, module: str) -> None:
        self.module = module
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, __file__, module],
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
        with self._lock:
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
        stdin: Path = Path(os.devnull),
        script: Path | None = None,
    ) -> Process:
        """Start one; when this returns it has opened its streams.

        Args:
            arguments: of its command line.
            folder: where it runs.
            environ: all of its environment.
            out: file of its stdout.
            err: file of its stderr.
            stdin: file of its stdin.
            script: a script that is run instead of the module.
        """
        pid = self.ask(
            script=None if script is None else str(script),
            arguments=[*arguments],
            folder=str(folder),
            environ=dict(environ),
            streams=[str(stdin), str(out), str(err)],
            hangup=signal.getsignal(signal.SIGHUP) != signal.SIG_IGN,
        )
        return Process(self, pid)

    def close(self) -> None:
        """End it; what it has started goes on."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@functools.cache
def warm(module: str = "locust") -> Warm:
    """Return the one of this test process for one of `LOADED`."""
    return Warm(module)


def file_of(fd: int) -> Path:
    """Return the path by which another process opens what this one has open."""
    return Path(f"/proc/{os.getpid()}/fd/{fd}")


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
            streams = [*map(os.open, request["streams"], (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY))]
            answer = _original("fork")()
            if answer == 0:
                _become(request, streams)
                return request
            for each in streams:
                os.close(each)
        os.write(1, json.dumps(answer).encode() + b"\n")


def _original(name: str) -> Any:
    if "gevent" not in sys.modules:
        return getattr(os, name)
    from gevent.monkey import get_original

    return get_original("os", name)


def _ended(pid: int) -> int | None:
    done, status = _original("waitpid")(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if done else None


def _become(request: dict[str, Any], streams: list[int]) -> None:
    """Make of this child the process that was asked for."""
    os.setsid()
    os.chdir(request["folder"])
    for fd, opened in enumerate(streams):
        os.dup2(opened, fd)
        os.close(opened)
    os.environ.clear()
    os.environ.update(request["environ"])
    signal.signal(signal.SIGHUP, signal.SIG_DFL if request["hangup"] else signal.SIG_IGN)
    script = request["script"]
    sys.argv = [script or MODULE, *request["arguments"]]
    sys.path[0] = request["folder"]  # as of `python -m`


def leave_whole() -> None:
    """Have Python, at its end, not take apart what has been loaded before the fork.

    Each page of it would be copied for that, which takes a fifth of a short run's CPU. All else of
    the end is as ever: this comes after the last of those that are called at it.
    """
    for name, module in KEPT:
        if sys.modules.get(name) is module:
            del sys.modules[name]


def run(script: str) -> None:
    """Do what `python script` does."""
    main = ModuleType("__main__")
    main.__file__ = script
    sys.modules["__main__"] = main
    exec(compile(Path(script).read_bytes(), script, "exec"), main.__dict__)


if __name__ == "__main__":
    KIND = sys.argv[1]
    MODULE = KIND.partition(" ")[0]
    KEPT: list[tuple[str, object]] = []
    atexit.register(leave_whole)  # before whoever else: the first is called last
    for module in LOADED[KIND]:
        import_module(module)
    if KIND.endswith("TensorFlow"):
        import_module("eiload.server.runtime").tensorflow()
    # What each run would find out anew, a tenth of its CPU: Locust asks who has called its `stop`,
    # for which Python looks at the file of every module; and what machine this is takes a process.
    inspect.stack()
    platform.platform()
    basic = ("__main__", "builtins", "sys")
    KEPT.extend(each for each in sys.modules.items() if each[0] not in basic)
    KEPT.append(("", KEPT))  # what holds itself is never freed: no collection looks at it
    gc.freeze()
    started = serve()
    if started is not None and started["script"] is not None:
        run(started["script"])
    elif started is not None:
        runpy.run_module(MODULE, run_name="__main__", alter_sys=True)
