"""HTTP/1.1 in front of the stand-in.

In the order of a request's way:

- `listener` opens a port, `connection` speaks HTTP/1.1 on it (h11, on the gRPC service's loop),
  `exchange`: a question and its answer, and what a handler of them is
- `predict`: JSON to the service and back, for `server.rest` and for whoever else speaks it

What it must not know: gRPC, and how an answer's time is made. Everything here is on one event loop;
only large JSON is read and written on a thread beside it.
"""
