"""What is said of a request whose deadline has passed: how much of its answer had come.

What it knows: the words, for every wire of our own. What it must not know: what keeps deadlines.

A sender tells some hundred texts apart, and a report shows each with its count: as many texts as
there are numbers of bytes would say nothing. So the bytes are told as the power of two that they
have reached, "at least", of which there are thirty or so.
"""

__all__ = ["TOO_LATE", "too_late"]

TOO_LATE = "Deadline Exceeded"
"""In gRPC's words; no more is said where nothing had come."""


def too_late(come_bytes: int, *, begun: bool) -> str:
    """Return the text of a request that is over before its answer was whole.

    Args:
        come_bytes: how much of the answer behind its head had been read.
        begun: whether anything of the answer had been.
    """
    if come_bytes:
        reached = 1 << (come_bytes.bit_length() - 1)
        bytes_ = "1 byte" if reached == 1 else f"{reached:,} bytes"
        return f"{TOO_LATE}: at least {bytes_} of the answer had come"
    return f"{TOO_LATE}: no more than the answer's head had come" if begun else TOO_LATE
