"""Unary gRPC over HTTP/2, from bytes up.

`frames`, `headers`, `streams`, `connection` and `grpc` are the protocol: bytes in, events and bytes
out, without socket, clock or event loop. `link` and `conversation` put it on a socket, `channel`
keeps one connection to a server alive, `pool` several. Standard library and `hpack` only.
"""
