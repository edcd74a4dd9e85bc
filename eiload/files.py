"""Results reach their file wholly or not at all.

A text is written to a temporary file beside its destination, flushed to the disk and renamed over
it (rename(2) is atomic within one file system), so that a reader, or a crash, finds the old file or
the new one and never a half. A link stays a link: what it leads to is replaced. A device or a pipe
cannot be replaced and is written to. A file that is replaced keeps its mode, a new one gets what
the umask leaves.
"""

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from eiload import leftovers
from eiload.errors import OutputError

__all__ = ["check_writable", "rewritable", "write_whole"]

NEW_MODE = 0o666
"""Of a new file, before the umask, like `open`'s."""


def rewritable(path: Path) -> bool:
    """Tell whether what is written to `path` can be written again: a file, or nothing yet."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return True


def check_writable(path: Path) -> None:
    """Look whether `path` could be written, without touching what is there.

    Raises:
        OSError: it could not.
    """
    if path.is_dir():
        raise IsADirectoryError(21, "it is a folder")
    if not rewritable(path):
        if not os.access(path, os.W_OK):
            raise PermissionError(13, os.strerror(13))
        return
    target = path.resolve()
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(13, os.strerror(13))
    with tempfile.TemporaryFile(dir=target.parent):
        pass


def write_whole(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8.

    Raises:
        OutputError: it cannot be written; what was there before still is.
    """
    data = (text if text.endswith("\n") else text + "\n").encode("utf-8")
    try:
        if rewritable(path):
            _replace(path.resolve(), data)
        else:
            with path.open("wb", buffering=0) as stream:
                _write_all(stream.fileno(), data)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def _replace(path: Path, data: bytes) -> None:
    mode = _mode(path)
    leftovers.sweep(path)
    descriptor, temporary = leftovers.temporary(path)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), mode)
            temporary.replace(path)  # while it is locked
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _mode(path: Path) -> int:
    """Return the mode that the file has, or a new one gets."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        umask = os.umask(0)
        os.umask(umask)
        return NEW_MODE & ~umask


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
