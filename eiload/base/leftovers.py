"""Temporary files beside results: made, and cleaned away where a killed process has left them.

What it knows: names and locks. What it must not know: what is written. A process that is killed
(SIGKILL, a machine's memory that ran out) cannot remove its file. Whoever writes to the same place
next does: a file whose maker lives is locked (flock(2)), and the kernel unlocks it when its maker
dies.
"""

import contextlib
import fcntl
import glob
import hashlib
import os
import stat
import tempfile
from pathlib import Path

__all__ = ["sweep", "temporary"]

SUFFIX = ".eiload"

NAME_BYTES = 200
"""Longer names are shortened: together with what is added a name has 255 bytes at most."""


def temporary(path: Path) -> tuple[int, Path]:
    """Return a new file, open and locked, in the folder of what will be written.

    Args:
        path: what will be written.

    Raises:
        OSError: none can be made there.
    """
    while True:
        descriptor, name = tempfile.mkstemp(SUFFIX, _prefix(path), path.parent)
        with contextlib.suppress(OSError):  # a file system without locks; nothing is swept there
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor, Path(name)
        os.close(descriptor)  # somebody swept it away before it was locked


def sweep(path: Path) -> None:
    """Remove what dead processes have left in writing this file."""
    pattern = f"{glob.escape(_prefix(path))}????????{SUFFIX}"
    for left in path.parent.glob(pattern):
        with contextlib.suppress(OSError):  # of others, or gone by now
            descriptor = os.open(left, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                if stat.S_ISREG(os.fstat(descriptor).st_mode):
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    left.unlink()
            finally:
                os.close(descriptor)


def _prefix(path: Path) -> str:
    name = path.name
    if len(os.fsencode(name)) > NAME_BYTES:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return f".{name}."
