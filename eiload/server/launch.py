"""A stand-in as a child process: started, waited for, ended.

For whoever needs a server for a while: the plugin (a scenario with `stand_in:`), tests, benches.
The child has its own session, so a Ctrl-C at the terminal reaches only the parent, who then
decides; and it holds the other end of a pipe as its standard input, so it ends also when the parent
is killed. It writes one line of JSON when it serves.

The standard library and the settings only: this runs inside Locust's process, where gevent has
patched the sockets and gRPC must not be loaded.
"""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import IO, Self

from eiload.base.clock import NS_PER_S, Clock, SystemClock
from eiload.base.errors import EngineError, ScenarioError
from eiload.scenario.standin import StandIn

__all__ = ["ACCESS_KEY", "SECRET_KEY", "TOKEN", "StandInProcess"]

ACCESS_KEY = "EILOAD_STAND_IN_ACCESS_KEY_ID"
SECRET_KEY = "EILOAD_STAND_IN_SECRET_ACCESS_KEY"  # noqa: S105  (a variable's name)
TOKEN = "EILOAD_STAND_IN_SESSION_TOKEN"  # noqa: S105
"""Variables with which requests to an endpoint have to be signed."""

READY_WITHIN_S = 120
"""For all but `load_time`: the interpreter, imports (TensorFlow: 15 s), a model's loading."""

END_WITHIN_S = 5
"""After this long SIGTERM is followed by SIGKILL."""


class StandInProcess:
    """One stand-in server on a free loopback port, as a context manager.

    `start` and `wait` apart let several start at the same time; ``with`` does both.
    """

    def __init__(
        self,
        settings: StandIn,
        model: str = "ssd",
        *,
        port: int = 0,
        arguments: Sequence[str] = (),
        environ: Mapping[str, str] = MappingProxyType({}),
        clock: Clock | None = None,
    ) -> None:
        """Describe it; nothing runs yet.

        Args:
            settings: what it is like.
            model: the name under which it serves.
            port: a port of 127.0.0.1; 0 for a free one.
            arguments: further options of ``eiload serve``.
            environ: variables that it has beside ours, such as what no command line may show.
            clock: for the time limits.
        """
        self._settings = settings
        self._model = model
        self._port = port
        self._arguments = tuple(arguments)
        self._environ = environ
        self._clock = clock or SystemClock()
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._ready: dict[str, str] | None = None

    def __repr__(self) -> str:
        """Return where it is, for the log and for tests."""
        state = self._ready["address"] if self._ready else "not serving"
        return f"<StandInProcess {self._model!r}, {state}>"

    def __enter__(self) -> Self:
        try:
            self.start()
            self.wait()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def address(self) -> str:
        """Return ``127.0.0.1:PORT`` of a server that serves."""
        return self._said("address")

    @property
    def rest_address(self) -> str:
        """Return ``127.0.0.1:PORT`` of its REST port, if it was given one."""
        return self._said("rest_address")

    @property
    def pid(self) -> int:
        """Return the process's id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the process and return at once."""
        arguments = [
            *("serve", "--ready-json", "--exit-with-stdin"),
            *("--host", "127.0.0.1", "--port", str(self._port), f"--model={self._model}"),
            *("--settings", self._settings.model_dump_json()),
            *self._arguments,
        ]
        # A file, not a pipe: nobody reads it unless the start fails, and a full pipe would block.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the process)
        environ = {**os.environ, **self._environ}
        self._process = self._started(arguments, environ, self._errors)

    def _started(
        self, arguments: Sequence[str], environ: Mapping[str, str], errors: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "eiload.server", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environ,
            start_new_session=True,
        )

    def wait(self) -> None:
        """Wait until it serves.

        Raises:
            ScenarioError: it cannot be as the settings want it.
            EngineError: it did not come up.
        """
        assert self._process is not None
        assert self._process.stdout is not None
        limit_ns = self._settings.load_time_ns + READY_WITHIN_S * NS_PER_S
        until_ns = self._clock.now_ns() + limit_ns
        line = b""
        while not line.endswith(b"\n"):
            left_s = (until_ns - self._clock.now_ns()) / NS_PER_S
            if left_s <= 0 or not select.select([self._process.stdout], [], [], left_s)[0]:
                self.close()
                raise EngineError(
                    f"the stand-in for {self._model!r} did not serve within "
                    f"{limit_ns / NS_PER_S:.0f} s"
                )
            read = self._process.stdout.read1(4096)  # type: ignore[attr-defined]
            if not read:
                raise self._failure()
            line += read
        self._ready = json.loads(line)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self._process is not None:
            self._process.send_signal(number)

    def close(self) -> None:
        """End it, if it runs, and wait until it has ended."""
        process, self._process, self._ready = self._process, None, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            # A process that a test has stopped can neither see its pipe nor SIGTERM.
            process.terminate()
            process.send_signal(signal.SIGCONT)
            try:
                process.wait(END_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._errors is not None:
            self._errors.close()
            self._errors = None

    def _said(self, key: str) -> str:
        if self._ready is None or not self._ready.get(key):
            raise RuntimeError(f"{self!r} has no {key}")
        return self._ready[key]

    def _failure(self) -> ScenarioError | EngineError:
        """Return what the process said before it ended."""
        assert self._process is not None
        assert self._errors is not None
        status = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines() or [""]
        said = lines[-1].removeprefix("eiload: ")
        if status == ScenarioError.exit_status:
            return ScenarioError(f"stand-in for {self._model!r}: {said}")
        return EngineError(f"the stand-in for {self._model!r} ended with status {status}: {said}")
