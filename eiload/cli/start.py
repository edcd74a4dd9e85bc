"""The process of the `eiload` command: its first instruction and its last, and signals at both.

What it knows: that signals may come before there is a command, and when it has done all. What it
must not know: commands (`main`). It imports next to nothing, because a signal before `main` below
has begun is Python's own.
"""

import signal
import sys

from eiload.base import signals

__all__ = ["main"]


def main() -> int:
    """Run this process's command line; return the exit status, which no signal changes any more.

    Raises:
        SystemExit: the command line was wrong, or asked for help only.
    """
    signals.begin()
    status = 128 + signal.SIGINT
    try:
        from eiload.cli.main import main as command  # noqa: PLC0415  # takes a tenth of a second

        # Commands have their own end for a Ctrl-C, by KeyboardInterrupt.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        status = command(sys.argv[1:])
    except KeyboardInterrupt:
        pass
    except SystemExit as left:
        status = left.code if isinstance(left.code, int) else 0
        raise
    finally:
        signals.over(status)
    return status
