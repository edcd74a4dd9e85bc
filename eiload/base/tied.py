"""A child process that ends with its parent, even if that one is killed.

By the kernel, on Linux alone (prctl(2), PR_SET_PDEATHSIG): the child gets SIGTERM. What it must not
know: what either of them does.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

__all__ = ["tie", "tying"]

PR_SET_PDEATHSIG = 1
"""Of prctl(2), Linux."""


def tying(parent: int | None = None) -> Callable[[], None] | None:
    """Return what ties a child to its parent, to be called in the child; None where that cannot be.

    What has to be loaded is loaded here, so that it may be called between fork and exec.

    Args:
        parent: the process to be tied to; this one, if none is given.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid() if parent is None else parent

    def do() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it ended meanwhile
            os._exit(1)

    return do


def tie(parent: int) -> None:
    """Tie this process to the one that has started it; end it if that one has ended meanwhile."""
    if (do := tying(parent)) is not None:
        do()
