"""What our own wires stand on, whichever protocol they speak: `http1` and `http2` are above it.

`address` looks a server's name up, `balance` says over which addresses requests are spread, `route`
how a server is reached; `link` is a socket, with `tls` or without, `backoff` when to try again, and
`deadlines` which request's time is up. Standard library only.
"""
