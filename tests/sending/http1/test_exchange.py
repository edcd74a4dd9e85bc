"""exchange: a request on its way."""

from eiload.sending.http1.exchange import Exchange
from eiload.sending.http1.heads import Heads
from eiload.sending.result import WAITED_CONNECTION


def test_rewound_it_was_never_sent() -> None:
    """What it waited for stays known."""
    exchange = Exchange(Heads("h", ()).head("/x", 1), b"x")
    exchange.sent_ns = exchange.written_ns = exchange.first_byte_ns = 1
    exchange.address, exchange.flags = "127.0.0.1:1", WAITED_CONNECTION
    exchange.rewind()
    assert (exchange.sent_ns, exchange.written_ns, exchange.first_byte_ns) == (0, 0, 0)
    assert (exchange.address, exchange.flags) == ("", WAITED_CONNECTION)
