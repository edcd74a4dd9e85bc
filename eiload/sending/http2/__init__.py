"""Unary gRPC over HTTP/2, from bytes up.

`frames`, `headers`, `streams`, `connection` and `grpc` are the protocol: bytes in, events and bytes
out, without socket, clock or event loop. `conversation` puts it on a socket, `line` keeps one
connection alive (`dial` makes it anew), `pool` has them to all addresses of a name, and `channel`
has deadlines and the seam. Standard library and `hpack` only; what is no protocol's is in `net`.
"""
