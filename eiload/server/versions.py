"""The versions of one model: found in directories, loaded, served, put away.

TensorFlow Serving's default policies as a table of states: of the numbered directories the newest
is served; a newer one is loaded beside it and takes over when it is ready; one that cannot be
loaded is remembered with its error and the old one stays
(sources/storage_path/file_system_storage_path_source.cc, core/availability_preserving_policy.h).

Pure: it is told what was found, loaded or failed, and says what is to be done.
"""

from collections.abc import Iterable, Mapping

from eiload.server.model import Servable, VersionState

__all__ = ["Versions"]


class Versions:
    """The repository of a model with directories."""

    def __init__(self, name: str, labels: Mapping[str, int]) -> None:
        self._name = name
        self._labels = labels
        self._states: dict[int, tuple[VersionState, str]] = {}
        self._servables: dict[int, Servable] = {}

    def __repr__(self) -> str:
        """Return all versions with their states, for the log and for tests."""
        states = ", ".join(
            f"{number} {state.name}" for number, (state, _) in sorted(self._states.items())
        )
        return f"<Versions {self._name!r}: {states}>"

    @property
    def name(self) -> str:
        """Return the model's name."""
        return self._name

    @property
    def labels(self) -> Mapping[str, int]:
        """Return which labels stand for which versions."""
        return self._labels

    def states(self) -> Mapping[int, tuple[VersionState, str]]:
        """Return all versions that were ever seen: their state, and an error's text or ""."""
        return self._states

    def servable(self, version: int) -> Servable | None:
        """Return a version that is available, or None."""
        return self._servables.get(version)

    def latest(self) -> int | None:
        """Return the newest version that is available, or None."""
        return max(self._servables, default=None)

    def to_load(self, found: Iterable[int]) -> int | None:
        """Return the version that is to be loaded next, None for none; it counts as LOADING.

        Args:
            found: the versions that there are directories for now.
        """
        newest = max(found, default=None)
        if newest is None or newest in self._servables:
            return None
        state, error = self._states.get(newest, (VersionState.START, ""))
        if state is VersionState.LOADING or error:
            return None
        self._states[newest] = (VersionState.LOADING, "")
        return newest

    def loaded(self, version: int, servable: Servable) -> list[Servable]:
        """Make a version available; return those that it supersedes, to be put away."""
        superseded = []
        for old in list(self._servables):
            superseded.append(self._servables.pop(old))
            self._states[old] = (VersionState.END, "")
        self._servables[version] = servable
        self._states[version] = (VersionState.AVAILABLE, "")
        return superseded

    def failed(self, version: int, error: str) -> None:
        """Remember that a version cannot be loaded; what is served stays."""
        self._states[version] = (VersionState.END, error)
