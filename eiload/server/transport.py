"""The gRPC port: bytes between the wire and the service.

Methods are generic handlers without (de)serialisers, so a request is parsed once, in the service,
and an answer is never turned into an object. Arrival is stamped first thing in the handler. Every
answer carries trailing metadata: what kind of stand-in it is from, and how long the request was in
the server by the server's own account, so that a test can compare it with what the client measured.

What gRPC itself decides in TensorFlow Serving is decided here, too: that all threads are taken, and
that there is no such method. Knows gRPC and the event loop; what the answers are is the service's
business.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc
import grpc.aio

from eiload.base.clock import NS_PER_S, Clock
from eiload.base.errors import ScenarioError
from eiload.base.status import Status
from eiload.server.model import Rejection
from eiload.server.service import Served, Service
from eiload.serving.tfserving import GET_MODEL_METADATA, GET_MODEL_STATUS, PREDICT

__all__ = ["SERVER_TIME", "STAND_IN", "Security", "Transport"]

SERVER_TIME = "x-eiload-server-time-ns"
"""Trailing metadata: from arrival to release by the server's own account, ns."""
STAND_IN = "x-eiload-stand-in"
"""Trailing metadata: what answers, such as ``emulated p2.xlarge``."""

CODES = {Status(code.value[0]): code for code in grpc.StatusCode}

OPTIONS = (
    # TensorFlow Serving takes messages of any size (server.cc, SetMaxMessageSize).
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # Two servers on one port would share the load in silence.
    ("grpc.so_reuseport", 0),
    # gRPC's own shedding (from 1,000 on, at random, as CANCELLED) is not what is emulated.
    ("grpc.server.max_pending_requests", 1_000_000),
    ("grpc.server.max_pending_requests_hard_limit", 1_000_000),
)

Context = grpc.aio.ServicerContext[bytes, bytes]
Handler = Callable[[bytes, Context], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Security:
    """Files for TLS, PEM."""

    cert: Path
    key: Path
    client_ca: Path | None = None
    """Authorities of the clients' certificates; given, a client must show one (mTLS)."""

    def credentials(self) -> grpc.ServerCredentials:
        """Return what gRPC wants.

        Raises:
            ScenarioError: a file cannot be read, or is not what it should be.
        """
        # gRPC says no more than that the port could not be opened; OpenSSL knows why.
        self.context()
        try:
            pair = (self.key.read_bytes(), self.cert.read_bytes())
            roots = self.client_ca.read_bytes() if self.client_ca else None
        except OSError as error:
            raise self._unreadable(error) from None
        return grpc.ssl_server_credentials([pair], roots, require_client_auth=roots is not None)

    def context(self) -> ssl.SSLContext:
        """Return what a server of HTTP wants.

        Raises:
            ScenarioError: a file cannot be read, or is not what it should be.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.cert, self.key)
            if self.client_ca is not None:
                context.load_verify_locations(self.client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
        except ssl.SSLError as error:
            files = ", ".join(str(each) for each in (self.cert, self.key, self.client_ca) if each)
            raise ScenarioError(
                f"TLS: expected a certificate, its key and authorities as PEM in {files}: "
                f"{error.reason or error}"
            ) from None
        except OSError as error:
            raise self._unreadable(error) from None
        return context

    def _unreadable(self, error: OSError) -> ScenarioError:
        name = error.filename or self.cert
        return ScenarioError(f"TLS: {name}: cannot be read: {error.strerror}")


class Transport:
    """One gRPC server."""

    def __init__(
        self,
        service: Service,
        clock: Clock,
        kind: str,
        *,
        max_threads: int | None = None,
        options: Sequence[tuple[str, str | int]] = (),
    ) -> None:
        """Make one that does not listen yet.

        Args:
            service: gives the answers.
            clock: stamps the arrivals.
            kind: what the answers say they are from.
            max_threads: calls at a time, None for any number. A call keeps its thread until its
                work has ended, whether or not its client is still there.
            options: gRPC channel arguments of the user.
        """
        self._service = service
        self._clock = clock
        self._stand_in = (STAND_IN, kind)
        self._max_threads = max_threads
        self._busy = 0
        self._loop = asyncio.get_running_loop()
        self._server = grpc.aio.server(options=[*OPTIONS, *options])
        predict, model = PREDICT.rpartition("/")[0][1:], GET_MODEL_STATUS.rpartition("/")[0][1:]
        self._server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler(
                    predict,
                    {
                        _method(PREDICT): _unary(self._predict),
                        _method(GET_MODEL_METADATA): _unary(self._plain(service.metadata)),
                    },
                ),
                grpc.method_handlers_generic_handler(
                    model, {_method(GET_MODEL_STATUS): _unary(self._plain(service.status))}
                ),
            )
        )

    @property
    def server(self) -> grpc.aio.Server:
        """Return gRPC's own object, for services that register themselves."""
        return self._server

    async def listen(self, address: str, security: Security | None) -> int:
        """Open the port and serve; return its number.

        Raises:
            ScenarioError: it cannot be opened, or the certificate cannot be used.
        """
        # The last of the handlers: what gRPC asks when no other one knows the method.
        self._server.add_generic_rpc_handlers((_Any(_unary(self._unknown)),))
        try:
            if security is None:
                port = self._server.add_insecure_port(address)
            else:
                port = self._server.add_secure_port(address, security.credentials())
        except RuntimeError:
            port = 0
        if not port:
            raise ScenarioError(
                f"cannot listen on {address}: the port is taken, or the address is not ours"
            )
        await self._server.start()
        return port

    async def stop(self) -> None:
        """Close the port at once; calls under way end with it."""
        await self._server.stop(None)

    async def _predict(self, data: bytes, context: Context) -> bytes:
        arrival_ns = self._clock.now_ns()
        if self._exhausted:
            await self._turn_away(context)
        left_s = context.time_remaining()
        deadline_ns = None if left_s is None else arrival_ns + int(left_s * NS_PER_S)
        future: asyncio.Future[Served] = self._loop.create_future()

        def ended(reply: Served) -> None:
            self._busy -= 1
            # A client that has gone has taken its call, and this future, with it.
            if not future.done():
                future.set_result(reply)

        self._busy += 1
        self._service.predict(data, arrival_ns, deadline_ns, ended)
        reply = await future
        trailing = ((SERVER_TIME, str(reply.server_ns)), self._stand_in)
        if reply.status is not Status.OK:
            await context.abort(CODES[reply.status], reply.text, trailing)
        context.set_trailing_metadata(trailing)
        return reply.response

    def _plain(self, method: Callable[[bytes], bytes]) -> Handler:
        """Return a handler for a method that answers at once."""

        async def handler(data: bytes, context: Context) -> bytes:
            if self._exhausted:
                await self._turn_away(context)
            context.set_trailing_metadata((self._stand_in,))
            try:
                return method(data)
            except Rejection as rejection:
                await context.abort(CODES[rejection.status], rejection.text, (self._stand_in,))
                raise

        return handler

    @property
    def _exhausted(self) -> bool:
        return self._max_threads is not None and self._busy >= self._max_threads

    async def _turn_away(self, context: Context) -> None:
        """End a call for which no thread is left; the service and its metrics never see it."""
        await context.abort(
            grpc.StatusCode.RESOURCE_EXHAUSTED, "Server Threadpool Exhausted", (self._stand_in,)
        )

    async def _unknown(self, _data: bytes, context: Context) -> bytes:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!", (self._stand_in,))
        raise AssertionError("abort raises")


class _Any(grpc.GenericRpcHandler):  # type: ignore[type-arg]
    """One handler for every method that there is."""

    def __init__(self, handler: "grpc.RpcMethodHandler[bytes, bytes]") -> None:
        self._handler = handler

    def service(self, _details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":
        """Return the handler."""
        return self._handler


def _method(path: str) -> str:
    return path.rpartition("/")[2]


def _unary(handler: Handler) -> "grpc.RpcMethodHandler[bytes, bytes]":
    return grpc.unary_unary_rpc_method_handler(handler)
