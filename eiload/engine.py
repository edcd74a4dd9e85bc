"""The parent's side of the sender: start it, tell it what to send, hear what became of it.

What it knows: the child process, the socketpair, frames. What it must not know: Locust, gevent,
scenarios' meaning, counting. It uses the standard library's sockets and threads only; inside
Locust those are gevent's, elsewhere real ones, and it works the same.

Everything that arrives is handed to callbacks on the engine's one reader thread (or greenlet), in
the order of arrival. When the child dies without being asked to, `on_death` is called once with
what is known of the cause; calls that wait for an answer raise `EngineError`.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from eiload.clock import NS_PER_S, Clock, SystemClock
from eiload.errors import EngineError, ScenarioError
from eiload.recorder import RESULT_DTYPE
from eiload.result import RESULT, Result, Status
from eiload.scenario import Target
from eiload.tfserving import PREDICT
from eiload.wire import (
    CALL,
    DETAIL,
    INLINE,
    PAYLOAD,
    STOP,
    FrameReader,
    FromSender,
    ToSender,
    frame,
)

__all__ = ["Endpoint", "Engine", "Reply", "Stats", "endpoint_of"]

START_TIMEOUT_S = 60.0
"""How long the child may take to import gRPC and say READY; seconds on a busy machine."""

SILENCE_NS = 5 * NS_PER_S
"""A child that has said nothing for so long hangs; its pulse is twice a second."""

CHANNEL_OPTIONS: tuple[tuple[str, int | str], ...] = (
    # Answers with raw detections are 19 MB; the client's default limit of 4 MB is not the server's.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # A retry inside the client would hide a failure and stretch a response time.
    ("grpc.enable_retries", 0),
    # The load goes where the scenario says, whatever the environment says of proxies.
    ("grpc.enable_http_proxy", 0),
    # Channels to one address would share one connection otherwise.
    ("grpc.use_local_subchannel_pool", 1),
    # A server that comes back is found within seconds, without a storm of attempts.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2000),
)

Results = NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how to call, in the sender's terms; `endpoint_of` makes one from a target."""

    address: str
    method: str = PREDICT
    deadline_ns: int = 60 * NS_PER_S
    connections: int = 1
    metadata: tuple[tuple[str, str], ...] = ()
    compression: str | None = None
    tls: tuple[str | None, str | None, str | None] | None = None
    """PEM texts of the roots, the key and the certificate; None for plaintext."""
    options: tuple[tuple[str, int | str], ...] = field(default=CHANNEL_OPTIONS)


class Reply(NamedTuple):
    """What became of one `Engine.call`."""

    status: Status
    detail: str
    response: bytes
    intended_ns: int
    sent_ns: int
    done_ns: int


class Stats(NamedTuple):
    """The sender's last pulse."""

    cpu_ns: int
    loop_delay_ns: int
    in_flight: int
    rss_bytes: int


def endpoint_of(target: Target, address: str | None = None) -> Endpoint:
    """Return the endpoint of a scenario's target.

    Args:
        target: the target.
        address: overrides the target's server (a stand-in's address is known late).

    Raises:
        ScenarioError: a TLS file cannot be read.
    """
    server = address if address is not None else target.server
    if server is None:
        raise ScenarioError(f"the target of model {target.model!r} has no address yet")
    options = list(CHANNEL_OPTIONS)
    tls = None
    if target.tls is not None:
        roots, key, cert = (_pem(p) for p in (target.tls.ca, target.tls.key, target.tls.cert))
        tls = (roots, key, cert)
        if target.tls.server_name:
            options.append(("grpc.ssl_target_name_override", target.tls.server_name))
    return Endpoint(
        address=server,
        deadline_ns=target.deadline_ns,
        connections=target.connections,
        metadata=tuple(target.metadata.items()),
        compression=target.compression,
        tls=tls,
        options=tuple(options),
    )


def _pem(path: str | None) -> str | None:
    if path is None:
        return None
    try:
        return Path(path).read_text(encoding="latin-1")
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from error


class Engine:
    """One sender process and the conversation with it.

    Args:
        endpoints: the targets, by index.
        max_in_flight: the in-flight guard; requests due beyond it end as DROPPED.
        on_results: called with each batch of results, records of `RESULT_DTYPE`, shape (n,).
        on_response: called with one result and the response's bytes, for each scheduled request
            whose response was wanted.
        on_done: called once, when the drain has ended, with the instant nothing was sent from.
        on_death: called once, with the cause, when the child dies without being asked to.
        clock: the clock.
    """

    def __init__(
        self,
        endpoints: list[Endpoint] | tuple[Endpoint, ...],
        *,
        max_in_flight: int = 1000,
        on_results: Callable[[Results], None] | None = None,
        on_response: Callable[[Results, bytes], None] | None = None,
        on_done: Callable[[int], None] | None = None,
        on_death: Callable[[str], None] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._endpoints = endpoints
        self._max_in_flight = max_in_flight
        self._on_results = on_results
        self._on_response = on_response
        self._on_done = on_done
        self._on_death = on_death
        self._clock = clock or SystemClock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._sending = threading.Lock()
        self._ready = threading.Event()
        self._reader: threading.Thread | None = None
        self._closing = False
        self._ended = False
        self._death = ""
        self._details = {0: ""}
        self._calls: dict[int, _Call] = {}
        self._next_call = 1 << 63  # out of the way of scheduled requests' numbers
        self._next_payload = 0
        self._payload_end = 0
        self._heard_ns = 0
        self.stats = Stats(0, 0, 0, 0)
        self.loop_delay_max_ns = 0

    def __repr__(self) -> str:
        """Show the child's state."""
        state = "not started" if self._process is None else f"pid {self._process.pid}"
        if self._death:
            state += f", dead: {self._death}"
        return f"<Engine {len(self._endpoints)} endpoints, {state}>"

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    # -- life ------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the child and wait until it is configured.

        Raises:
            EngineError: it does not come up.
        """
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        # Both live as long as the child; `close` closes them.
        self._payload_file = tempfile.TemporaryFile(prefix="eiload-payloads-")  # noqa: SIM115
        self._stderr = tempfile.TemporaryFile(prefix="eiload-sender-")  # noqa: SIM115
        payload_fd = self._payload_file.fileno()
        command = [sys.executable, "-m", "eiload.sender", str(theirs.fileno()), str(payload_fd)]
        self._process = subprocess.Popen(
            command,
            pass_fds=(theirs.fileno(), payload_fd),
            stdin=subprocess.DEVNULL,
            stderr=self._stderr,
            env={**os.environ, "GRPC_VERBOSITY": os.environ.get("GRPC_VERBOSITY", "NONE")},
            start_new_session=True,  # a Ctrl-C in the terminal must not end it before the drain
        )
        theirs.close()
        self._socket = ours
        self._reader = threading.Thread(target=self._read, name="eiload-engine", daemon=True)
        self._reader.start()
        config = {
            "max_in_flight": self._max_in_flight,
            "endpoints": [asdict(endpoint) for endpoint in self._endpoints],
        }
        self._say(ToSender.CONFIGURE, json.dumps(config).encode())
        if not self._ready.wait(START_TIMEOUT_S) or self._death:
            cause = self._death or f"it said nothing for {START_TIMEOUT_S:g} s"
            self.close()
            raise EngineError(f"the sender process did not start: {cause}")

    def close(self) -> None:
        """End the child, whatever it is doing, and wait for it; harmless when repeated."""
        self._closing = True
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it has gone already
                self._socket.shutdown(socket.SHUT_RDWR)  # the child ends on this
        if self._process is not None:
            try:
                self._process.wait(2)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._reader is not None and self._reader is not threading.current_thread():
            self._reader.join(2)
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self._payload_file.close()
            self._stderr.close()

    def kill(self, cause: str) -> None:
        """Kill the child as if it had died of `cause`; `on_death` follows."""
        self._death = self._death or cause
        if self._process is not None:
            self._process.kill()

    @property
    def alive(self) -> bool:
        """Tell whether the child is running and configured."""
        return self._ready.is_set() and not self._death and not self._closing

    @property
    def pid(self) -> int | None:
        """Return the child's process id, None before the start."""
        return self._process.pid if self._process else None

    def check_pulse(self) -> None:
        """Kill the child if it has been silent for too long; to be called now and then."""
        if self.alive and self._clock.now_ns() - self._heard_ns > SILENCE_NS:
            self.kill(f"no sign of life for {SILENCE_NS / NS_PER_S:g} s")

    # -- what to send ----------------------------------------------------------------------

    def add_payload(self, data: bytes) -> int:
        """Hand over a serialised request for repeated use and return its index.

        The bytes go to a file that both processes have open and no directory lists: the parent
        keeps none of them, the child caches what it uses most.
        """
        fd = self._payload_file.fileno()
        view = memoryview(data)
        written = 0
        while written < len(data):
            written += os.pwrite(fd, view[written:], self._payload_end + written)
        self._say(ToSender.PAYLOAD, PAYLOAD.pack(self._payload_end, len(data)))
        self._payload_end += len(data)
        self._next_payload += 1
        return self._next_payload - 1

    def send(self, sends: bytes) -> None:
        """Order scheduled requests: packed `result.SEND` records, in any order of instants."""
        self._say(ToSender.SENDS, sends)

    def loop(self, spec: dict[str, Any]) -> None:
        """Start closed-loop users; see `session` for the fields."""
        self._say(ToSender.LOOP, json.dumps(spec).encode())

    def stop(self, stop_at_ns: int, drain_ns: int) -> None:
        """Send nothing that is due from `stop_at_ns` on, drain at most `drain_ns`; then DONE."""
        self._say(ToSender.STOP, STOP.pack(stop_at_ns, drain_ns))

    def cancel(self) -> None:
        """End the drain now: what is in flight becomes unfinished."""
        self._say(ToSender.CANCEL, b"")

    def call(
        self,
        target: int,
        method: str,
        request: bytes | int,
        timeout_ns: int = 0,
        *,
        intended_ns: int | None = None,
        phase: int = 0,
    ) -> Reply:
        """Send one request at once and wait for what becomes of it.

        Args:
            target: index of the endpoint.
            method: full method name; empty for the endpoint's own.
            request: the serialised request, or the index of a payload.
            timeout_ns: deadline; 0 for the endpoint's own.
            intended_ns: when it should have been sent; now if None.
            phase: carried into the result.

        Raises:
            EngineError: the child has died.
        """
        intended_ns = self._clock.now_ns() if intended_ns is None else intended_ns
        waiting = _Call()
        seq, self._next_call = self._next_call, self._next_call + 1
        self._calls[seq] = waiting
        name = method.encode()
        inline, index = (request, INLINE) if isinstance(request, bytes) else (b"", request)
        header = CALL.pack(seq, intended_ns, timeout_ns, index, target, phase, len(name))
        self._say(ToSender.CALL, header + name + inline)
        if not self._ended:  # the reader sets it before it wakes those who wait
            waiting.answered.wait()
        if waiting.result is None:
            raise EngineError(self._death or "the sender process was closed")
        result = Result._make(RESULT.unpack(waiting.result))
        return Reply(
            Status(result.status), self.detail(result.detail), waiting.response,
            result.intended_ns, result.sent_ns, result.done_ns,
        )  # fmt: skip

    def detail(self, number: int) -> str:
        """Return the status text that results call by `number`."""
        return self._details.get(number, "")

    # -- what became of it -----------------------------------------------------------------

    def _say(self, kind: ToSender, body: bytes) -> None:
        connection = self._socket
        if connection is None:
            return
        # On an error the reader notices the death and tells why.
        with contextlib.suppress(OSError), self._sending:
            connection.sendall(frame(kind, body))

    def _read(self) -> None:
        frames = FrameReader()
        connection = self._socket
        assert connection is not None
        while True:
            try:
                data = connection.recv(1 << 20)
            except OSError:
                data = b""
            if not data:
                break
            self._heard_ns = self._clock.now_ns()
            for kind, body in frames.feed(data):
                self._handle(kind, body)
        if not self._closing:
            self._died()
        self._ended = True
        for waiting in list(self._calls.values()):
            waiting.answered.set()
        self._ready.set()

    def _handle(self, kind: int, body: bytes) -> None:
        match kind:
            case FromSender.RESULTS:
                if self._on_results is not None:
                    self._on_results(np.frombuffer(body, RESULT_DTYPE))
            case FromSender.RESPONSE:
                packed, response = body[: RESULT.size], body[RESULT.size :]
                (seq,) = np.frombuffer(packed, RESULT_DTYPE)["seq"]
                if (waiting := self._calls.pop(int(seq), None)) is not None:
                    waiting.result, waiting.response = packed, response
                    waiting.answered.set()
                elif self._on_response is not None:
                    self._on_response(np.frombuffer(packed, RESULT_DTYPE), response)
            case FromSender.DETAIL:
                (number,) = DETAIL.unpack_from(body)
                self._details[number] = body[DETAIL.size :].decode("utf-8", "replace")
            case FromSender.STATS:
                self.stats = Stats(**json.loads(body))
                self.loop_delay_max_ns = max(self.loop_delay_max_ns, self.stats.loop_delay_ns)
            case FromSender.DONE:
                if self._on_done is not None:
                    self._on_done(json.loads(body)["stop_at_ns"])
            case FromSender.READY:
                self._heard_ns = self._clock.now_ns()
                self._ready.set()

    def _died(self) -> None:
        assert self._process is not None
        code = self._process.wait()
        if code < 0:
            cause = f"the sender process was killed by signal {-code}"
            cause += " (out of memory?)" if code == -9 else ""  # SIGKILL
        else:
            cause = f"the sender process ended with status {code}"
        self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, self._stderr.tell() - 4096))
        if lines := self._stderr.read().decode("utf-8", "replace").strip().splitlines():
            cause += f": {lines[-1].strip()}"
        self._death = f"{self._death}: {cause}" if self._death else cause
        if self._ready.is_set() and self._on_death is not None:
            self._on_death(self._death)


class _Call:
    """Somebody who waits for an answer."""

    __slots__ = ("answered", "response", "result")

    def __init__(self) -> None:
        self.answered = threading.Event()
        self.result: bytes | None = None
        self.response = b""
