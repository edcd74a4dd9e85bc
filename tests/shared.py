"""What is made once in a run of the tests, however many processes run them side by side."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder of this run's that `make` has filled; who comes meanwhile waits for it.

    Whoever reads from it leaves it as it is. What failed is tried again by the next.

    Args:
        factory: of pytest, which knows where this run has its files.
        name: of the folder.
        make: fills it.
    """
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # that of all processes
    folder = root / name
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            making = factory.mktemp(name)
            make(making)
            making.rename(folder)
    return folder
