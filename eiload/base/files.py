"""Results reach their file wholly or not at all.

A text is written to a temporary file beside its destination, flushed to the disk and renamed over
it (rename(2) is atomic within one file system), so that a reader, or a crash, finds the old file or
the new one and never a half. A link stays a link: what it leads to is replaced. A device or a pipe
cannot be replaced and is written to; so is what this process has open and a path such as
/dev/stdout stands for, whatever it is. A file that is replaced keeps its mode, a new one gets what
the umask leaves.
"""

import contextlib
import errno
import fcntl
import os
import re
import stat
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from eiload.base import leftovers
from eiload.base.errors import OutputError

__all__ = [
    "check_folder",
    "check_writable",
    "descriptor",
    "rewritable",
    "tail",
    "write_bytes",
    "write_files",
    "write_whole",
]

NEW_MODE = 0o666
"""Of a new file, before the umask, like `open`'s."""


READER_S = 10.0
"""How long a pipe's reader may take to come."""

POLL_S = 0.05
LINKS = 40
"""So many links are followed, as many as Linux does."""


def descriptor(path: Path) -> int | None:
    """Return the file descriptor of this process that `path` stands for (/dev/stdout), if any."""
    ours = re.compile(rf"/(?:dev|proc/(?:self|thread-self|{os.getpid()}))/fd/(\d+)")
    for _ in range(LINKS):
        text = os.path.normpath(path.absolute())
        if (found := ours.fullmatch(text)) is not None:
            return int(found[1])
        try:
            path = Path(text).parent / Path(text).readlink()
        except OSError:
            break  # no link
    return None


def rewritable(path: Path) -> bool:
    """Tell whether what is written to `path` can be written again: a file, or nothing yet."""
    if descriptor(path) is not None:
        return False
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
    if (number := descriptor(path)) is not None:
        if fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "it is open for reading only")
        return
    if not rewritable(path):
        if not os.access(path, os.W_OK):
            raise PermissionError(13, os.strerror(13))
        return
    target = Path(os.path.realpath(path))
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(13, os.strerror(13))
    with tempfile.TemporaryFile(dir=target.parent):
        pass


def check_folder(folder: Path) -> None:
    """Look whether there is such a folder to write in, or can be one, without making it.

    Raises:
        OSError: neither.
    """
    there = next(each for each in (folder, *folder.absolute().parents) if os.path.lexists(each))
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, f"{there} is no folder")
    if not os.access(there, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def tail(path: Path, most_bytes: int) -> str:
    """Return the end of a text file; "" if it cannot be read, for whoever can do without.

    Args:
        path: the file, which somebody may be writing.
        most_bytes: how much of it, at most; a character that this cuts is one of replacement.
    """
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - most_bytes))
            return file.read(most_bytes).decode("utf-8", "replace")
    except OSError:
        return ""


def write_whole(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8.

    Raises:
        OutputError: it cannot be written; what was there before still is.
    """
    write_bytes(path, (text if text.endswith("\n") else text + "\n").encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path`, wholly or not at all.

    Raises:
        OutputError: it cannot be written; what was there before still is.
    """
    try:
        if (number := descriptor(path)) is not None:
            _write_all(number, data)
        elif rewritable(path):
            _replace(Path(os.path.realpath(path)), data)
        else:
            opened = _open(path)
            try:
                _write_all(opened, data)
            finally:
                os.close(opened)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def write_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Write several files into a folder, which is made if it is not there.

    Raises:
        OutputError: the folder cannot be made, or a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made a folder: {error.strerror}") from error
    for name, text in texts.items():
        write_whole(folder / name, text)


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


def _open(path: Path) -> int:
    """Return a descriptor of a device or a pipe; a pipe's reader is waited for, not for ever."""
    give_up_s = time.monotonic() + READER_S
    while True:
        try:
            # Without O_NONBLOCK nobody could interrupt the waiting.
            return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            if time.monotonic() > give_up_s:
                raise OSError(errno.ENXIO, "nobody reads this pipe") from error
        time.sleep(POLL_S)


def _write_all(number: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(number, view) :]
        except BlockingIOError:  # its reader takes its time
            time.sleep(POLL_S)
