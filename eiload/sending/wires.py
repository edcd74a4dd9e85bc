"""Which channel an endpoint gets.

gRPC's own stack is imported only where an endpoint asks for it: a sender without it starts in half
the time and half the memory.
"""

from eiload.sending.channel import Channel
from eiload.sending.endpoint import GRPCIO, Endpoint
from eiload.sending.http2.channel import Http2Channel

__all__ = ["channel_of"]


def channel_of(endpoint: Endpoint) -> Channel:
    """Return the way to a target, by the client that its endpoint names."""
    if endpoint.client == GRPCIO:
        from eiload.sending.grpcio import GrpcioChannel  # noqa: PLC0415

        return GrpcioChannel(endpoint)
    return Http2Channel(endpoint)
