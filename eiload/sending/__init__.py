"""The data plane: bytes at instants, sent by a process of its own that knows nothing else.

In the order of the data's way:

- `engine`: the parent's side, orders out and results in; `calls`: who waits for which answer
- `child`: the process, its start, its end, the file its payloads lie in; `wire`: what the two
  say to each other, in frames; `result`: an order and what became of it
- `sender`: the process's own code: the conversation, and the hot path from an order to its result
- `timeline`: what is due when; `loop`: users of a closed loop; `payloads`: the requests' bytes;
  `flight`: a request under way
- `channel`: the seam behind which a request starts and lands; `http2` and `http1`, our own, and
  `grpcio`: three ways to carry it; `net`: what our own stand on; `wires`: which one; `endpoint`:
  where to and how
- `proxies`: what it means that something between us and the server answers; `witness`: who answered
- `outbox`: results on their way up; `drain`: how a run ends; `pulse`: a sign of life
- `arrays`, `reply`: what the parent gets

What it must not know: scenarios, models, tensors, counts, Locust. The child's interpreter has no
numpy, protobuf, Locust or gevent in it, so that nothing shares its loop, heap or lock with sending
(`engine` and `arrays` are the parent's). What decides is pure and is told the time.
"""
