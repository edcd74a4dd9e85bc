"""conversation: whether the server is still there, as keepalive asks, over both wires."""

from dataclasses import replace

import h2.events

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.status import Status
from eiload.scenario import Target
from eiload.scenario.target import Keepalive
from eiload.serving.endpoint import endpoint_of
from tests.sending.driver import PATIENCE_S, Driver
from tests.sending.http2.calls import Scripted, scripted


def test_keepalive(client: str) -> None:
    """As a scenario says it: a server that is gone without a word is noticed, one that is not, not.

    gRPC's stack asks when nothing has come for `every` and gives up `timeout` later, as ours does.
    """

    def deaf(server: Scripted) -> None:
        server.request()
        while server.socket.recv(4096):
            pass

    def slow(server: Scripted) -> None:
        stream = server.request()
        for _ in range(2):
            server.wait(h2.events.PingReceived)
        server.answer(stream)

    asks = Keepalive(every_ns=100 * NS_PER_MS, timeout_ns=PATIENCE_S * NS_PER_S)
    with scripted(slow) as port:
        target = Target(server=f"127.0.0.1:{port}", model="ssd", keepalive=asks)
        with Driver(replace(endpoint_of(target), client=client)) as driver:
            reply = driver.engine.call(0, "", b"abc")
            assert (reply.status, reply.response) == (Status.OK, b"answer"), reply.detail
    asks = Keepalive(every_ns=100 * NS_PER_MS, timeout_ns=200 * NS_PER_MS)
    with scripted(deaf) as port:
        target = Target(server=f"127.0.0.1:{port}", model="ssd", keepalive=asks)
        with Driver(replace(endpoint_of(target), client=client)) as driver:
            reply = driver.engine.call(0, "", b"abc")
            assert reply.status is Status.UNAVAILABLE, reply.detail
            assert ("keepalive" in reply.detail) or client == "grpcio"
