"""Which channel an endpoint gets.

gRPC's own stack is imported only where an endpoint asks for it: a sender without it starts in half
the time and half the memory. So is the wire for HTTP/1.1.
"""

from eiload.sending.channel import Channel
from eiload.sending.endpoint import GRPCIO, HTTP1, Endpoint
from eiload.sending.http2.channel import Http2Channel

__all__ = ["channel_of"]


def channel_of(endpoint: Endpoint) -> Channel:
    """Return the way to a target, by the client that its endpoint names."""
    if endpoint.client == GRPCIO:
        from eiload.sending.grpcio import GrpcioChannel  # noqa: PLC0415

        return GrpcioChannel(endpoint)
    if endpoint.client == HTTP1:
        from eiload.sending.http1.channel import Http1Channel  # noqa: PLC0415

        return Http1Channel(endpoint)
    return Http2Channel(endpoint)
