"""The other side of a connection, without a socket: h2's server, which checks what it is told.

h2 and hyperframe are an implementation that nobody here wrote: what they accept from us and what we
accept from them is HTTP/2.
"""

from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.settings

from eiload.base.clock import NS_PER_S
from eiload.sending.http2.connection import Connection
from eiload.sending.http2.events import Event
from eiload.sending.http2.heads import Heads, prefix
from eiload.sending.http2.streams import Stream

METHOD = "/tensorflow.serving.PredictionService/Predict"
HEADS = Heads("server:8500", secure=False)

START = [(":status", "200"), ("content-type", "application/grpc")]
OK = [("grpc-status", "0")]


def request(message: bytes = b"request", **metadata: str) -> Stream:
    """Return a request that has not been sent."""
    block = HEADS.block(METHOD, tuple(metadata.items()), NS_PER_S)
    return Stream(block, prefix(message), message)


class Peer:
    """h2's server, and our connection to it.

    Args:
        settings: what the server announces.
    """

    def __init__(self, connection: Connection | None = None, **settings: int) -> None:
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        self.h2 = h2.connection.H2Connection(config)
        codes = {getattr(h2.settings.SettingCodes, name): value for name, value in settings.items()}
        self.h2.local_settings = h2.settings.Settings(client=False, initial_values=codes)
        self.h2.initiate_connection()
        self.client = connection or Connection()
        self.seen: list[h2.events.Event] = []
        """All that the server has made of our bytes."""
        self.events: list[Event] = []
        """All that our connection has made of the server's."""
        self.now_ns = 1000

    def go(self) -> list[Event]:
        """Carry bytes both ways until neither has any left; return our new events."""
        before = len(self.events)
        while True:
            sent = b"".join(map(bytes, self.client.take().buffers))
            if sent:
                self.seen += self.h2.receive_data(sent)
            answer = self.h2.data_to_send()
            if answer:
                self.events += self.client.receive(answer, self.now_ns)
            if not sent and not answer:
                return self.events[before:]

    def ready(self) -> "Peer":
        """Exchange settings."""
        self.go()
        return self

    def saw(self, kind: type[Any]) -> list[Any]:
        """Return the server's events of one kind."""
        return [event for event in self.seen if isinstance(event, kind)]

    def body(self, stream_id: int) -> bytes:
        """Return what has come of a request's body, and let more come."""
        data = b""
        for event in self.saw(h2.events.DataReceived):
            if event.stream_id == stream_id:
                data += event.data
        return data

    def answer(self, stream_id: int, message: bytes = b"answer") -> None:
        """Answer OK."""
        self.h2.send_headers(stream_id, START)
        self.h2.send_data(stream_id, prefix(message) + message)
        self.h2.send_headers(stream_id, OK, end_stream=True)
