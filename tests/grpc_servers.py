"""Small real servers and a real caller on loopback: what preflight and diagnosis are tested on.

The gRPC ones answer bytes with bytes, method by method; the raw ones do with a connection whatever
a test wants. All of them end with their `with` block.
"""

import contextlib
import datetime as dt
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from eiload.base.clock import NS_PER_S, SystemClock
from eiload.base.status import Status
from tests.ports import free_port

Handler = Callable[[bytes, grpc.ServicerContext], bytes]

GRPC = tuple(int(part) for part in grpc.__version__.split(".")[:2])
"""gRPC's version: where the oldest that is admitted and today's differ, tests look at it."""

UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM files; the certificate is its own authority."""

    cert: str
    key: str

    def server_credentials(self, clients: str | None = None) -> grpc.ServerCredentials:
        """Return what a gRPC server needs; with `clients`, one that wants their certificate."""
        key, cert = Path(self.key).read_bytes(), Path(self.cert).read_bytes()
        roots = Path(clients).read_bytes() if clients else None
        return grpc.ssl_server_credentials([(key, cert)], roots, clients is not None)


def certificate(folder: Path, name: str = "localhost", *, expired: bool = False) -> Pair:
    """Return a self-signed certificate for a host name, and for 127.0.0.1 unless it has dots."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    day = dt.timedelta(days=1)
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if "." not in name:
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 30 * day)
        .not_valid_after(now - day if expired else now + day)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pair = Pair(str(folder / f"{name}.pem"), str(folder / f"{name}.key"))
    Path(pair.cert).write_bytes(built.public_bytes(serialization.Encoding.PEM))
    Path(pair.key).write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pair


@contextlib.contextmanager
def grpc_server(
    handlers: Mapping[str, Handler],
    credentials: grpc.ServerCredentials | None = None,
    *,
    address: str = "127.0.0.1:0",
    options: list[tuple[str, Any]] | None = None,
) -> Iterator[int]:
    """Serve `handlers` (full method name to function of the request's bytes); yield the port."""

    class Generic(grpc.GenericRpcHandler):  # type: ignore[type-arg]
        def service(self, handler_call_details: Any) -> "grpc.RpcMethodHandler[Any, Any] | None":
            handler = handlers.get(handler_call_details.method)
            return grpc.unary_unary_rpc_method_handler(handler) if handler else None

    server = grpc.server(
        futures.ThreadPoolExecutor(4),
        handlers=[Generic()],
        options=UNLIMITED if options is None else options,
    )
    if credentials is None:
        port = server.add_insecure_port(address)
    else:
        port = server.add_secure_port(address, credentials)
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


@contextlib.contextmanager
def raw_server(behave: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve each connection with `behave`, in a thread of its own; yield the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    connections: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            behave(connection)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connections.append(listener.accept()[0])
                threads.append(threading.Thread(target=serve, args=connections[-1:], daemon=True))
                threads[-1].start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield listener.getsockname()[1]
    finally:
        # Closing alone does not wake a thread that waits in accept() or recv().
        for each in (listener, *connections):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (acceptor, *threads):
            thread.join(5)


def http1(connection: socket.socket) -> None:
    """Behave like TensorFlow Serving's REST port when it is told an HTTP/2 preface."""
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def silent(connection: socket.socket) -> None:
    """Accept, say nothing, and wait until the other side has gone."""
    while connection.recv(4096):
        pass


def closed_port() -> int:
    """Return a port that nobody listens on."""
    return free_port()


@dataclass(frozen=True)
class Answer:
    """What became of one call."""

    status: Status
    detail: str
    response: bytes
    sent_ns: int
    done_ns: int


class Caller:
    """A caller on one gRPC channel, as the engine is on many."""

    def __init__(self, address: str, credentials: grpc.ChannelCredentials | None = None) -> None:
        self._clock = SystemClock()
        options = [*UNLIMITED, ("grpc.enable_http_proxy", 0)]
        self._channel = (
            grpc.secure_channel(address, credentials, options)
            if credentials
            else grpc.insecure_channel(address, options)
        )
        self.methods: list[str] = []
        """The methods called, in order."""

    def call(
        self,
        target: int,
        method: str,
        request: bytes,
        timeout_ns: int,
        /,
        *,
        headers: bytes = b"",
    ) -> Answer:
        """Call the one target there is."""
        assert not headers, "HTTP/1.1's"
        self.methods.append(method.rpartition("/")[2])
        sent_ns = self._clock.now_ns()
        try:
            call = self._channel.unary_unary(method, None, None)
            response = call(request, timeout=timeout_ns / NS_PER_S)
        except grpc.RpcError as error:
            status = Status[error.code().name]
            detail = error.details() or ""
            return Answer(status, detail, b"", sent_ns, self._clock.now_ns())
        return Answer(Status.OK, "", response, sent_ns, self._clock.now_ns())

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()
