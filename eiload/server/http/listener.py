"""A port on which HTTP is served.

Knows sockets, TLS and which connections are open, so that all of them end when the port is closed.
"""

import asyncio
import ssl

from eiload.base.clock import Clock
from eiload.base.errors import ScenarioError
from eiload.server.http.connection import Connection
from eiload.server.http.exchange import Handler

__all__ = ["Listener"]

BACKLOG = 4096
"""Connections that may wait to be taken; the kernel has its own limit, too."""


class Listener:
    """One HTTP server."""

    def __init__(
        self, handler: Handler, clock: Clock, kind: str, *, idle_s: float | None = None
    ) -> None:
        """Make one that does not listen yet.

        Args:
            handler: answers.
            clock: stamps the arrivals.
            kind: what the answers say they are from.
            idle_s: how long a connection may be unused after an answer, None for ever.
        """
        self._handler = handler
        self._clock = clock
        self._kind = kind
        self._idle_s = idle_s
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    def __repr__(self) -> str:
        """Return how many are connected, for the log and for tests."""
        return f"<Listener {self._kind!r}, {len(self._connections)} connected>"

    async def listen(self, host: str, port: int, context: ssl.SSLContext | None = None) -> int:
        """Open the port and serve; return its number, 0 for a socket of the file system.

        Args:
            host: address to listen on, or ``unix:PATH``.
            port: 0 for a free one.
            context: serve TLS so.

        Raises:
            ScenarioError: it cannot be opened.
        """
        loop = asyncio.get_running_loop()
        try:
            if host.startswith("unix:"):
                path = host.removeprefix("unix:")
                self._server = await loop.create_unix_server(self._connection, path, ssl=context)
                return 0
            self._server = await loop.create_server(
                self._connection, host, port, ssl=context, backlog=BACKLOG
            )
        except OSError as error:
            raise ScenarioError(
                f"cannot listen on {host}:{port}: {error.strerror or error}"
            ) from None
        return int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Close the port at once; requests under way end with it."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close()

    def _connection(self) -> Connection:
        connection = Connection(
            self._handler,
            self._clock,
            self._kind,
            idle_s=self._idle_s,
            gone=self._connections.discard,
        )
        self._connections.add(connection)
        return connection
