"""The exit status of Locust's process: ours, or one that the locustfile has set.

What it knows: Locust's `process_exit_code`. What it must not know: what a status means.
"""

from locust.env import Environment

from eiload.base.errors import EngineError

__all__ = ["ExitStatus"]


class ExitStatus:
    """Sets the exit status without making one better that a listener of the user's has set.

    Args:
        environment: Locust's.
        zero: a run's status is 0, whatever came of it.
    """

    def __init__(self, environment: Environment, *, zero: bool = False) -> None:
        self._environment = environment
        self._zero = zero
        self._ours: int | None = None
        self._theirs: int | None = None

    def expect(self) -> None:
        """Say "invalid" until a run says otherwise: no path may end in success by itself."""
        self._set(EngineError.exit_status)

    @property
    def expected(self) -> bool:
        """Tell whether the status is ours to set."""
        return self._ours is not None

    def taken(self, status: int) -> int:
        """Return what a run of this status ends Locust with."""
        return 0 if self._zero else status

    def set(self, status: int) -> None:
        """Set a run's, unless the user's own says that something is wrong."""
        self._set(self.taken(status))

    def _set(self, status: int) -> None:
        self._look()
        self._ours = self._environment.process_exit_code = self._theirs or status

    def leave(self) -> None:
        """Leave it to Locust's own rule, or to the user's listener."""
        self._look()
        self._ours = None
        self._environment.process_exit_code = self._theirs

    def _look(self) -> None:
        now = self._environment.process_exit_code
        if now is not None and now != self._ours:
            self._theirs = now
