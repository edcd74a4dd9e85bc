"""Many sends and results at a time, as numpy records of the pipe's own layout.

For the parent's side only: the sender's process has no numpy. `result` says what the fields mean.
"""

import numpy as np
from numpy.typing import NDArray

from eiload.sending.result import RESULT, SEND

__all__ = ["RESULT_DTYPE", "SEND_DTYPE", "Results"]

Results = NDArray[np.void]
"""Records of `RESULT_DTYPE`, shape (n,)."""

RESULT_DTYPE = np.dtype(
    {
        "names": [
            "seq", "intended_ns", "sent_ns", "done_ns", "response_bytes",
            "payload", "target", "detail", "phase", "status", "flags",
            "written_ns", "first_byte_ns", "waited_ns",
        ],
        "formats": [
            "<u8", "<i8", "<i8", "<i8", "<u4", "<u4", "<u2", "<u2", "u1", "u1", "u1",
            "<i8", "<i8", "<i8",
        ],
        "offsets": [0, 8, 16, 24, 32, 36, 40, 42, 44, 45, 46, 48, 56, 64],
        "itemsize": RESULT.size,
    }
)  # fmt: skip
"""`result.RESULT` as a numpy record."""

SEND_DTYPE = np.dtype(
    {
        "names": ["seq", "intended_ns", "payload", "target", "phase", "flags"],
        "formats": ["<u8", "<i8", "<u4", "<u2", "u1", "u1"],
    }
)
"""`result.SEND` as a numpy record (a test holds the two together)."""
assert SEND_DTYPE.itemsize == SEND.size
