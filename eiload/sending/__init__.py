"""The data plane: bytes at instants, in a process of its own that knows nothing else.

The child imports nothing that could share its loop, heap or lock with the sending: no numpy,
protobuf, Locust or gevent (`arrays` is the parent's side).
"""
