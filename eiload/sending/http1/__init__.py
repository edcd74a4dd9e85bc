"""The wire of our own for HTTP/1.1: `h11` for the protocol, this room for instants and connections.

`channel` is what the sender sees. What addresses, sockets, TLS, backoff and deadlines are is the
same for both wires: those files are `sending.http2`'s.
"""
