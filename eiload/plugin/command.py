"""Locust's command in a process that is ours from its first instruction: ``eiload run``'s.

What it knows: Locust's main function. What it must not know: options, runs. Locust takes most of a
second to be loaded, before it imports the locustfile and so eiload; a signal is seen to meanwhile
as `early` does from there on. Whoever starts this with signals held back has them let in here.
"""

import signal
import sys

from eiload.base import signals
from eiload.base.errors import ScenarioError
from eiload.plugin import early

__all__ = ["main"]

REFUSED = (1, -1)
"""What Locust ends with when options do not go together, before its `init`. To whoever reads our
exit statuses it would mean that a verdict is bad, so it is that of a wrong command line."""


def main() -> None:
    """Be Locust; this process's arguments are its.

    Raises:
        SystemExit: always, with its exit status.
    """
    # While gevent replaces locks that are held, an exception ends in a lock that nobody lets go.
    signals.begin(early.say, at_once=True)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals.ENDING)
    from locust.main import main as locust  # noqa: PLC0415  # Locust patches Python first of all

    sys.argv[0] = "locust"
    try:
        locust()
    except SystemExit as left:
        if left.code in REFUSED and early.is_on():  # it has said why
            raise SystemExit(ScenarioError.exit_status) from None
        raise


if __name__ == "__main__":
    main()
