"""What eiload tells the user of one Locust process, and where.

What it knows: the terminal, the log. What it must not know: what is said.
"""

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator

from eiload.base import console
from eiload.base.errors import EiloadError

__all__ = ["Voice"]

logger = logging.getLogger("eiload")

LOGGERS = (None, "locust", "locust.stats_logger")
"""Names of the loggers by which Locust writes to the terminal: all, its own, its tables."""


def _clear(_: logging.LogRecord) -> bool:
    """Make room for what is logged (as a filter that lets everything through)."""
    console.clear()
    return True


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

    def tell(self, line: str, on_terminal: Callable[[int], str]) -> None:
        """Tell how a run goes: a line in a log, one that is written over on a terminal.

        Args:
            line: the line of a log.
            on_terminal: returns that of a terminal so many columns wide.
        """
        width = console.width() if self._terminal else 0
        if not width:
            self.say(line)
            return
        self.last = line
        # The last column stays free: some terminals begin a new line when it is written to.
        console.over(on_terminal(width - 1), line)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Have what others log begin on a line of its own, for as long as a run is told of."""
        if not self._terminal:
            yield
            return
        handlers = [
            handler
            for name in LOGGERS
            for handler in logging.getLogger(name).handlers
            if isinstance(handler, logging.StreamHandler)
            and handler.stream in {sys.stdout, sys.stderr}
        ]
        for handler in handlers:
            handler.addFilter(_clear)
        try:
            yield
        finally:
            console.clear()
            for handler in handlers:
                handler.removeFilter(_clear)

    def complain(self, error: EiloadError | None) -> None:
        """Tell the user what is wrong."""
        self.last = str(error)
        if self._terminal:
            console.say(str(error), logging.ERROR)
        else:
            for line in str(error).splitlines():
                logger.error(line)
