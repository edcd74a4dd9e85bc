"""What is made once in a checkout, however many processes run the tests side by side."""

import fcntl
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest


def kept(cache: pytest.Cache, kind: str, fingerprint: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that `make` has filled, now or in an earlier run of the tests.

    Who comes while it is being made waits for it. Whoever reads from it leaves it as it is. What
    failed is tried again by the next.

    Args:
        cache: pytest's, a folder of this checkout.
        kind: what it is; of each kind only the latest is kept.
        fingerprint: of all that it depends on.
        make: fills it; it is given an empty folder.
    """
    root = cache.mkdir(kind)
    folder = root / fingerprint
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            for old in root.iterdir():
                if old.is_dir():
                    shutil.rmtree(old)
            making = Path(tempfile.mkdtemp(prefix="making-", dir=root))
            make(making)
            making.rename(folder)
    return folder
