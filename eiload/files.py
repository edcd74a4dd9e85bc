"""Results reach their file wholly or not at all.

A text is written to a temporary file beside its destination, flushed to the disk and renamed over
it (rename(2) is atomic within one file system), so that a reader, or a crash, finds the old file or
the new one and never a half.
"""

import os
import tempfile
from pathlib import Path

from eiload.errors import OutputError

__all__ = ["write_whole"]


def write_whole(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8.

    Raises:
        OutputError: it cannot be written; what was there before still is.
    """
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            temporary = Path(file.name)
            try:
                file.write(text if text.endswith("\n") else text + "\n")
                file.flush()
                os.fsync(file.fileno())
                temporary.chmod(0o644)
                temporary.replace(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
