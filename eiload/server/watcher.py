"""The directory of a model's versions: which are there, and what to do when that changes.

It is looked at once a second. What follows from what is found is decided in `versions.py`; here it
is done: loading on a thread, telling, putting away. A directory may be a version by itself.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

from eiload.base.errors import ScenarioError
from eiload.server.savedmodel import SavedModel
from eiload.server.versions import Versions

__all__ = ["Watcher", "found_versions"]

POLL_S = 1.0
"""--file_system_poll_wait_seconds."""

MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")


class Watcher:
    """Keeps `Versions` in step with a directory."""

    def __init__(
        self,
        directory: Path,
        versions: Versions,
        load: Callable[[Path], SavedModel],
    ) -> None:
        """Watch a directory.

        Args:
            directory: has the versions, or is one.
            versions: what is told of changes.
            load: loads one; called on a thread of its own.
        """
        self._directory = directory
        self._versions = versions
        self._load = load

    async def first(self) -> None:
        """Load the newest version.

        Raises:
            ScenarioError: there is none, or it cannot be loaded.
        """
        found = found_versions(self._directory)
        if not self._directory.is_dir():
            raise ScenarioError(
                f"{self._directory}: no such directory; 'eiload make-model DIR' writes a model"
            )
        if not found:
            raise ScenarioError(
                f"{self._directory}: not a SavedModel: expected saved_model.pb in it, or in "
                "numbered directories below it; 'eiload make-model' writes one"
            )
        version = self._versions.to_load(found)
        assert version is not None
        self._versions.loaded(version, await asyncio.to_thread(self._load, found[version]))

    def abandon(self) -> None:
        """Let the process end without waiting for the work that is under way."""
        latest = self._versions.latest()
        servable = None if latest is None else self._versions.servable(latest)
        if isinstance(servable, SavedModel):
            servable.abandon()

    async def watch(self) -> None:
        """Look for new versions until cancelled."""
        while True:
            await asyncio.sleep(POLL_S)
            found = found_versions(self._directory)
            version = self._versions.to_load(found)
            if version is None:
                continue
            try:
                servable = await asyncio.to_thread(self._load, found[version])
            except ScenarioError as error:
                self._versions.failed(version, str(error))
                continue
            for old in self._versions.loaded(version, servable):
                assert isinstance(old, SavedModel)
                while not old.idle:
                    await asyncio.sleep(POLL_S / 10)
                await asyncio.to_thread(old.close)


def found_versions(directory: Path) -> dict[int, Path]:
    """Return the SavedModels in a directory by version; the directory itself may be one.

    By itself it has the number that is its name, or 1.
    """
    if not directory.is_dir():
        return {}
    if _is_model(directory):
        name = directory.name
        return {int(name) if name.isdecimal() else 1: directory}
    return {
        int(path.name): path
        for path in directory.iterdir()
        if path.name.isdecimal() and _is_model(path)
    }


def _is_model(path: Path) -> bool:
    return any((path / file).is_file() for file in MODEL_FILES)
