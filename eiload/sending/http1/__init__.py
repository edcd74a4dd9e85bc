"""The wire of our own for HTTP/1.1: `h11` for the protocol, this room for instants and connections.

`channel` is what the sender sees. Addresses, sockets, TLS, backoff and deadlines are the same for
both wires: `sending.net`.
"""
