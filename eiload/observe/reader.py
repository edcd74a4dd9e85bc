"""What reads a source once: the seam between whoever watches and where numbers are from.

And the first of them: a page of metrics over HTTP. A reading is stamped with its first byte, not
with when the last one came or when it was asked for: what a page says is so when it is made.

Each reading has a connection of its own. Over a kept one, only one of several servers behind an
address would ever be seen, and nobody would know.
"""

import http.client
import socket
import ssl
import time
import zlib
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from eiload.base.clock import NS_PER_S, Clock
from eiload.observe import pages
from eiload.observe.pages import Values

__all__ = ["Page", "Reader", "Reading", "UnreadableError"]

PAGE_AT_MOST = 64 << 20
"""Bytes of a page: a thousand models are 10 MB."""


class Reading(NamedTuple):
    """What a source said at one instant."""

    at_ns: int
    """When its first byte came, on our clock."""
    took_ns: int
    """From asking to the last byte."""
    cpu_ns: int
    """Of our CPU, to make numbers of it."""
    kind: str
    """As `record.observed.Source.kind`."""
    values: Values
    mark: object
    """Equal in two readings that said the same."""


class UnreadableError(Exception):
    """There is no reading; the message says why, in a few words."""


class Reader(Protocol):
    """Reads one source."""

    @property
    def name(self) -> str:
        """Where the source is, in words."""

    @property
    def emulated(self) -> bool:
        """Whether it is a stand-in's."""

    def read(self) -> Reading:
        """Read it now.

        Raises:
            UnreadableError: it cannot be read.
        """

    def close(self) -> None:
        """Let go of whatever is held."""


class Page:
    """A page of metrics.

    Args:
        url: its address.
        clock: the clock.
        timeout_ns: how long each step may take: to connect, to begin, to go on.
        emulated: whether it is a stand-in's.
    """

    def __init__(self, url: str, clock: Clock, timeout_ns: int, *, emulated: bool = False) -> None:
        self.name = url
        self.emulated = emulated
        self._clock = clock
        self._timeout_s = timeout_ns / NS_PER_S

    def close(self) -> None:
        """Do nothing: no connection outlives its reading."""

    def read(self) -> Reading:
        """Read the page.

        Raises:
            UnreadableError: there is none, or it is none.
        """
        asked_ns = self._clock.now_ns()
        at_ns, body = self.fetch()
        took_ns = self._clock.now_ns() - asked_ns
        begun_ns = time.thread_time_ns()  # of this thread: nothing below waits
        try:
            kind, values = pages.read(body.decode("utf-8", "replace"))
        except ValueError as error:
            raise UnreadableError(f"not a page of metrics: {error}") from error
        cpu_ns = time.thread_time_ns() - begun_ns
        return Reading(at_ns, took_ns, cpu_ns, kind, values, zlib.crc32(body))

    def fetch(self) -> tuple[int, bytes]:
        """Return when the first byte of the answer came, and its content.

        Raises:
            UnreadableError: there is none.
        """
        parts = urlsplit(self.name)
        where = (parts.hostname or "", parts.port)
        connection = (
            http.client.HTTPSConnection(
                *where, timeout=self._timeout_s, context=ssl.create_default_context()
            )
            if parts.scheme == "https"
            else http.client.HTTPConnection(*where, timeout=self._timeout_s)
        )
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("GET", path, headers={"Accept": "text/plain", "Connection": "close"})
            if parts.scheme != "https" and connection.sock is not None:
                connection.sock.recv(1, socket.MSG_PEEK)
            at_ns = self._clock.now_ns()
            response = connection.getresponse()
            if parts.scheme == "https":  # under TLS nobody can look without taking
                at_ns = self._clock.now_ns()
            body = response.read(PAGE_AT_MOST + 1)
        except TimeoutError as error:
            raise UnreadableError(f"no answer within {self._timeout_s:g} s") from error
        except (OSError, http.client.HTTPException) as error:
            raise UnreadableError(getattr(error, "strerror", None) or repr(error)) from error
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise UnreadableError(f"HTTP {response.status} {response.reason}")
        if len(body) > PAGE_AT_MOST:
            raise UnreadableError(f"larger than {PAGE_AT_MOST >> 20} MiB")
        return at_ns, body
