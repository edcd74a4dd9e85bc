"""How a request ended."""

from enum import IntEnum

__all__ = ["TOO_MANY_BYTES", "Status"]

TOO_MANY_BYTES = "max_in_flight_bytes"
"""How the text begins of a request that was DROPPED because of the bytes in flight."""


class Status(IntEnum):
    """How a request ended: gRPC's status codes, and three of our own.

    The numbers of the first seventeen are gRPC's (grpc/grpc, doc/statuscodes.md).
    """

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16
    BAD_ANSWER = 32
    """The call ended OK, but the answer is not what was expected of it."""
    DROPPED = 33
    """Due and never sent: too many requests were in flight already (the in-flight guard)."""
    UNFINISHED = 34
    """Sent, and no outcome was known when the drain ended; slower than anything measured."""
    LOST = 35
    """Scheduled on a worker or sender that died before it reported; its fate is not known."""
