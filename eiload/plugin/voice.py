"""What eiload tells the user of one Locust process, and where.

What it knows: the terminal, the log. What it must not know: what is said.
"""

import logging

from eiload.base import console
from eiload.base.errors import EiloadError

__all__ = ["Voice"]

logger = logging.getLogger("eiload")


class Voice:
    """Speaks on the terminal, or in the log, which the web UI shows.

    Args:
        terminal: speak there.
        logfile: beside it in the log, which goes to a file.
    """

    def __init__(self, *, terminal: bool, logfile: bool) -> None:
        self.last = ""
        """What was said last; for whoever looks at another place."""
        self._terminal = terminal
        if terminal and logfile:
            console.also_to(logger.log)

    def say(self, text: str) -> None:
        """Tell the user."""
        self.last = text
        if self._terminal:
            console.say(text)
        else:
            logger.info(text)

    def complain(self, error: EiloadError | None) -> None:
        """Tell the user what is wrong."""
        self.last = str(error)
        if self._terminal:
            console.say(str(error), logging.ERROR)
        else:
            for line in str(error).splitlines():
                logger.error(line)
