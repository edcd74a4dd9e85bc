"""One stand-in server, put together: settings in, a running process until it is told to end.

The order is TensorFlow Serving's: the model is loaded first and the ports open afterwards, so that
a client that comes too early is refused by the kernel and never sees LOADING (model_servers/
server_core.cc). It ends at SIGINT, SIGTERM or, for whoever started it, at the end of its standard
input; calls under way end with it.

This file knows all parts and none of their reasons.
"""

import asyncio
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import uvloop

from eiload.base.clock import NS_PER_S, SystemClock
from eiload.base.console import told_to_end
from eiload.base.errors import ScenarioError
from eiload.scenario.standin import StandIn
from eiload.server.backend import Backend, Face, Shared, backend
from eiload.server.http.listener import Listener
from eiload.server.http.predict import JsonPredict
from eiload.server.release import Releases
from eiload.server.rest import Rest
from eiload.server.transport import Security, Transport

if TYPE_CHECKING:
    from eiload.server.http.faces import EndpointOptions

__all__ = ["Options", "Ready", "run"]

LOOPBACK = "127.0.0.1"

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143}
"""What ends the server, and the exit status that a shell expects of it."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the stand-in is reached; what it is like is said by `StandIn`."""

    model: str = "ssd"
    host: str = LOOPBACK
    """Address to listen on, or ``unix:PATH``."""
    port: int = 8500
    """Of what the API says; 0 for a free one."""
    rest_port: int | None = None
    """None for no REST and no metrics, 0 for a free port."""
    labels: Mapping[str, int] = field(default_factory=dict)
    security: Security | None = None
    health: bool = False
    reflection: bool = False
    channel_arguments: Sequence[tuple[str, str | int]] = ()
    exit_with_stdin: bool = False
    endpoint: "EndpointOptions | None" = None
    """With ``api: sagemaker``; None for one variant like the settings."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What there is to say once the server serves."""

    address: str
    """For the clients of `api`: ``127.0.0.1:8500``."""
    rest_address: str | None
    model: str
    kind: str
    """``emulated p2.xlarge`` or ``SavedModel DIR``; of several variants all."""
    api: str
    """What it is to its clients: ``tfs``, ``tf-rest``, ``container``."""


def run(settings: StandIn, options: Options, ready: Callable[[Ready], None]) -> int:
    """Serve until told to end; return the exit status.

    Args:
        settings: what the stand-in is like.
        options: how it is reached.
        ready: is called once, when the ports are open.

    Raises:
        ScenarioError: it cannot be served so: a port is taken, a file is missing or wrong.
    """
    _check_free(options.host, options.port, "--port")
    if options.rest_port is not None:
        _check_free(_rest_host(options.host), options.rest_port, "--rest-port")
        if options.rest_port == options.port != 0 and options.host == _rest_host(options.host):
            raise ScenarioError(
                f"--port and --rest-port: expected different ports, got {options.port!r} for both"
            )
    status: int = uvloop.run(_serve(settings, options, ready))
    return status


async def _serve(settings: StandIn, options: Options, ready: Callable[[Ready], None]) -> int:
    stop: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    _end_at_signals(stop)
    if options.exit_with_stdin:
        _end_with_stdin(stop)
    async with AsyncExitStack() as stack:
        serving = asyncio.ensure_future(_open(settings, options, stack))
        await asyncio.wait((serving, stop), return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            serving.cancel()
        else:
            ready(serving.result())
            # What is there now stays; the collector need not look at it again and again.
            gc.collect()
            gc.freeze()
        return await stop


async def _open(settings: StandIn, options: Options, stack: AsyncExitStack) -> Ready:
    """Load the model, open the ports, and leave on the stack what closes them."""
    clock = SystemClock()
    releases = Releases(asyncio.get_running_loop(), clock)
    stack.callback(releases.close)
    shared = Shared(clock, releases, stack)
    if settings.api in {"container", "sagemaker"}:
        return await _sagemaker(settings, options, shared)
    behind = await backend(settings, options.model, options.labels, shared)
    if settings.api == "tf-rest":
        face = _rest_face(behind, shared)
        address = await _http(face, shared, options, settings.idle_ns)
        return Ready(address, address, options.model, behind.kind, settings.api)
    address = await _grpc(behind, shared, settings, options)
    rest_address = await _beside(behind, shared, options)
    return Ready(address, rest_address, options.model, behind.kind, settings.api)


async def _sagemaker(settings: StandIn, options: Options, shared: Shared) -> Ready:
    """Open the port of a container, or of an endpoint."""
    # Few ask for it, and it takes its time to load.
    from eiload.server.http import faces  # noqa: PLC0415

    if settings.api == "container":
        face = await faces.container(settings, options.model, shared)
    else:
        ends = options.endpoint or faces.EndpointOptions()
        face = await faces.endpoint(settings, ends, options.model, shared)
    if options.rest_port is not None and face.behind is None:
        raise ScenarioError(
            "--rest-port: expected only with one TensorFlow container behind it; "
            "others have no TensorFlow Serving to ask"
        )
    address = await _http(face, shared, options, settings.idle_ns)
    rest_address = await _beside(face.behind, shared, options) if face.behind else None
    return Ready(address, rest_address, options.model, face.kind, settings.api)


async def _grpc(behind: Backend, shared: Shared, settings: StandIn, options: Options) -> str:
    """Open the gRPC port; return its address."""
    transport = Transport(
        behind.service,
        shared.clock,
        behind.kind,
        max_threads=settings.max_threads,
        options=options.channel_arguments,
    )
    if options.health or options.reflection:
        from eiload.server import extras  # noqa: PLC0415  (few ask, and it takes long to load)

        if options.health:
            await extras.add_health(transport.server)
        if options.reflection:
            extras.add_reflection(transport.server)
    shared.stack.push_async_callback(transport.stop)
    port = await transport.listen(_address(options.host, options.port), options.security)
    return _address(options.host, port)


def _rest_face(behind: Backend, shared: Shared) -> Face:
    """Return TensorFlow Serving's REST."""
    predict = JsonPredict(behind.service, shared.clock)
    shared.stack.callback(predict.close)
    rest = Rest(behind.service, behind.metrics, predict, gpu=behind.gpu)
    return Face(rest, behind.kind, behind)


async def _http(face: Face, shared: Shared, options: Options, idle_ns: int | None) -> str:
    """Open the one port of a server of HTTP; return its address."""
    idle_s = None if idle_ns is None else idle_ns / NS_PER_S
    listener = Listener(face.handler, shared.clock, face.kind, idle_s=idle_s)
    shared.stack.callback(listener.close)
    context = options.security.context() if options.security else None
    port = await listener.listen(options.host, options.port, context)
    return _address(options.host, port)


async def _beside(behind: Backend, shared: Shared, options: Options) -> str | None:
    """Open the port for REST beside another, if there is to be one; it has no TLS, as there."""
    if options.rest_port is None:
        return None
    there = replace(options, host=_rest_host(options.host), port=options.rest_port, security=None)
    return await _http(_rest_face(behind, shared), shared, there, None)


def _address(host: str, port: int) -> str:
    """Return what gRPC calls an address."""
    if host.startswith("unix:"):
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _rest_host(host: str) -> str:
    """Return where REST is served: it has no UNIX sockets."""
    return LOOPBACK if host.startswith("unix:") else host


def _check_free(host: str, port: int, option: str) -> None:
    """See that the port of an option can be had, before a model is loaded for minutes.

    Raises:
        ScenarioError: it cannot.
    """
    if host.startswith("unix:"):
        return
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            # Only listening finds out whether somebody else listens.
            probe.listen()
    except OSError as error:
        raise ScenarioError(
            f"cannot listen on {_address(host, port)}: {error.strerror}; "
            f"choose another {option} (0 for a free one) or --host"
        ) from None


def _end_at_signals(stop: asyncio.Future[int]) -> None:
    loop = asyncio.get_running_loop()
    for number, status in SIGNALS.items():
        loop.add_signal_handler(number, _resolve, stop, status)
    if told_to_end():  # before there was a handler of ours
        _resolve(stop, SIGNALS[signal.SIGTERM])


def _end_with_stdin(stop: asyncio.Future[int]) -> None:
    """End when standard input does: its other end was held by whoever wanted this server."""
    loop = asyncio.get_running_loop()

    def watch() -> None:
        # Not sys.stdin: a thread that holds its lock would trip the interpreter's exit.
        while os.read(sys.__stdin__.fileno() if sys.__stdin__ else 0, 4096):
            pass
        loop.call_soon_threadsafe(_resolve, stop, 0)

    threading.Thread(target=watch, name="stdin", daemon=True).start()


def _resolve(stop: asyncio.Future[int], status: int) -> None:
    if not stop.done():
        stop.set_result(status)
