"""A connected socket that never blocks: TCP or Unix, with or without TLS.

What it knows: sockets, and how one is opened. What it must not know: HTTP/2. The event loop only
tells when it can be read or written; bytes go by the system calls themselves, so that what was
handed to the kernel, and when, is known to the byte. (An event loop's transport keeps a buffer of
its own, and does not say what is in it whose.)
"""

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import Sequence

from eiload.sending.net.address import Address, shown
from eiload.sending.net.balance import Place
from eiload.sending.net.tls import H2, TlsError, TlsSession

__all__ = ["READ_BYTES", "Link", "broken", "open_link", "taken_from"]

READ_BYTES = 64 << 10
"""How much is read at a time: all of any answer but a large one."""
LARGE_READ_BYTES = 1 << 20
"""How much is read at a time while that is not enough."""
MAX_BUFFERS = 512
"""Buffers to a system call; Linux and macOS take 1024 (IOV_MAX)."""
RECORDS_BYTES = 256 << 10
"""How much is encrypted before it is sent."""


class Link:
    """One connected socket.

    Args:
        connection: the socket, connected and non-blocking.
        address: what it is connected to.
        tls: its TLS session after the handshake; None for plaintext.
    """

    def __init__(
        self, connection: socket.socket, address: Address, tls: TlsSession | None = None
    ) -> None:
        self.address = address
        self._socket = connection
        self._tls = tls
        self._read_bytes = READ_BYTES
        self._owed = 0
        """Bytes of plaintext whose ciphertext is on its way."""
        self.full = False
        """Whether the last write found the kernel full: it takes more when it says so."""

    def fileno(self) -> int:
        """Return the socket's number, for the event loop; -1 once it is closed."""
        return self._socket.fileno()

    def read(self) -> bytes | None:
        """Return what has come: None if nothing has, nothing at the end.

        Raises:
            OSError: the connection is broken.
        """
        if self._tls is not None:
            return self._read_tls(self._tls)
        return self._receive()

    def _receive(self) -> bytes | None:
        asked = self._read_bytes
        try:
            data = self._socket.recv(asked)
        except (BlockingIOError, InterruptedError):
            return None
        self._read_bytes = LARGE_READ_BYTES if len(data) == asked else READ_BYTES
        return data

    def _read_tls(self, tls: TlsSession) -> bytes | None:
        # What came with the handshake is read without anything new from the socket.
        data = self._receive()
        if data == b"":
            return b""
        plain = tls.decrypt(data or b"")
        if not self._owed:
            self._flush(tls)  # what TLS itself has to say
        return plain

    def write(self, buffers: Sequence[bytes | memoryview]) -> int:
        """Hand bytes to the kernel, and return how many it took: fewer than all if it is full.

        With TLS, what it took may be told by a later call, with the same buffers.

        Raises:
            OSError: the connection is broken.
        """
        if self._tls is not None:
            return self._write_tls(self._tls, buffers)
        part = buffers if len(buffers) <= MAX_BUFFERS else buffers[:MAX_BUFFERS]
        try:
            taken = self._socket.sendmsg(part)
        except (BlockingIOError, InterruptedError):
            taken = 0
        self.full = taken < sum(map(len, part))
        return taken

    def _write_tls(self, tls: TlsSession, buffers: Sequence[bytes | memoryview]) -> int:
        if not self._owed:
            for buffer in buffers:
                part = memoryview(buffer)[: RECORDS_BYTES - self._owed]
                tls.encrypt(part)
                self._owed += len(part)
                if self._owed >= RECORDS_BYTES:
                    break
        self.full = not self._flush(tls)
        if self.full:
            return 0
        taken, self._owed = self._owed, 0
        return taken

    def _flush(self, tls: TlsSession) -> bool:
        """Send ciphertext; return whether all has gone."""
        while ciphertext := tls.ciphertext():
            try:
                tls.sent(self._socket.send(ciphertext))
            except (BlockingIOError, InterruptedError):
                return False
        return True

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


async def open_link(
    place: Place, tls: ssl.SSLContext | None, server_name: str, protocol: str = H2
) -> Link:
    """Connect to the first address of a place that takes connections.

    Args:
        place: where to.
        tls: how TLS is spoken; None for plaintext.
        server_name: the name that the server's certificate has to have.
        protocol: what is spoken over TLS, by its name in ALPN.

    Raises:
        OSError: there is none; the message says what the last one said.
    """
    why = ""
    for address in place:
        try:
            return await _open(address, tls, server_name, protocol)
        except OSError as error:
            why = f"{shown(address)}: {_reason(error)}"
    raise OSError(why)


async def _open(
    address: Address, tls: ssl.SSLContext | None, server_name: str, protocol: str
) -> Link:
    family, place = address
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        if family != socket.AF_UNIX:
            # A request's last segment must not wait for an acknowledgement (RFC 896).
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(connection, place)
        if tls is None:
            return Link(connection, address)
        session = TlsSession(tls, server_name, protocol)
        await _shake(connection, session)
        return Link(connection, address, session)
    except BaseException:
        connection.close()
        raise


async def _shake(connection: socket.socket, session: TlsSession) -> None:
    """Make TLS's handshake."""
    loop = asyncio.get_running_loop()
    data: bytes | None = None
    done = False
    while not done:
        try:
            done = session.shake(data)
        finally:
            # An alert is sent as well: it tells the server why.
            if ciphertext := session.ciphertext():
                with contextlib.suppress(OSError):
                    await loop.sock_sendall(connection, ciphertext)
                session.sent(len(ciphertext))
        if not done:
            data = await loop.sock_recv(connection, READ_BYTES)


def taken_from(buffers: list[bytes | memoryview], taken: int) -> None:
    """Take what `Link.write` has handed over from the front of buffers."""
    done = 0
    while done < len(buffers) and taken >= len(buffers[done]):
        taken -= len(buffers[done])
        done += 1
    del buffers[:done]
    if taken:
        buffers[0] = memoryview(buffers[0])[taken:]


def broken(error: OSError) -> str:
    """Say why a connection was lost that had been there."""
    text = error.strerror or str(error)
    return f"the connection broke: {text.lower()}" if error.errno else text


def _reason(error: OSError) -> str:
    if isinstance(error, TlsError) or error.errno is None:
        return str(error)
    return os.strerror(error.errno).lower()
