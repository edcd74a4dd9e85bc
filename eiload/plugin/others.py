"""What Locust's other users did, as Locust's own exit status sees it.

What it knows: Locust's tables of failures and exceptions, its rule for the exit status. What it
must not know: our requests one by one. In one locustfile there may be users of other kinds; eiload
neither sends nor judges what they do, and its status must not hide it.
"""

from typing import Any, NamedTuple, Self

from locust import log

from eiload.base import wording
from eiload.plugin.totals import REQUEST_TYPES

__all__ = ["NOBODY", "Others"]

STRAY_STATUS = 2
"""Locust's, when an exception has left a listener or a greenlet."""


class Others(NamedTuple):
    """What went wrong beside our requests."""

    failures: int = 0
    """Requests in Locust's table of failures that are not ours."""
    exceptions: int = 0
    """Exceptions that left a task, of whoever's users."""
    stray: bool = False
    """Whether an exception has left a listener or a greenlet of this process."""
    on_errors: int = 1
    """Locust's ``--exit-code-on-error``."""

    @classmethod
    def of_users(cls, runner: Any, ours: int, on_errors: int) -> Self:
        """Return what Locust knows by now in a run of its users.

        Args:
            runner: Locust's.
            ours: how many of our requests have failed, which are in Locust's table as well.
            on_errors: ``--exit-code-on-error``.
        """
        errors = runner.errors.values()
        total = sum(error.occurrences for error in errors)
        others = sum(error.occurrences for error in errors if error.method not in REQUEST_TYPES)
        exceptions = sum(row["count"] for row in runner.exceptions.values())
        # The table may have been emptied (RESET), and the others may call theirs as we do, too.
        failures = max(others, total - ours)
        return cls(failures, exceptions, log.unhandled_greenlet_exception, on_errors)

    @classmethod
    def of_scenario(cls) -> Self:
        """Return what Locust knows by now in a scenario's run, in which nobody else takes part."""
        return cls(stray=log.unhandled_greenlet_exception)

    def worse(self, status: int) -> int:
        """Return the exit status that counts beside ours."""
        if status:
            return status
        if self.failures or self.exceptions:
            return self.on_errors
        return STRAY_STATUS if self.stray else 0

    def after(self, summary: str) -> str:
        """Return a run's last line with what there is to say of others."""
        said = []
        if self.failures:
            said.append(f"{wording.count(self.failures, 'failure')} of other users")
        if self.exceptions:
            said.append(f"{wording.count(self.exceptions, 'exception')} in tasks")
        if said:
            return f"{summary}; {' and '.join(said)}: see Locust's tables"
        if self.stray:
            return f"{summary}; an exception in a listener or a greenlet: see Locust's log"
        return summary


NOBODY = Others()
