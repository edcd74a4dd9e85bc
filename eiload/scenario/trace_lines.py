"""The lines of a file that may be compressed, as a stream that knows where it is.

Compression is seen from the content, not the name: an export that was unpacked on the way keeps its
`.gz` often enough.
"""

import gzip
import io
import itertools
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypeVar

__all__ = ["BATCH", "Lines", "TraceError", "batched"]

BATCH = 4096
"""Lines that are read at once."""

LINE_AT_MOST = 1 << 20
"""Characters of a line: a header of a day's minutes has some thousand."""

T = TypeVar("T")


class TraceError(ValueError):
    """A trace cannot be read; one line that names the file and, where there is one, its line."""


class Lines:
    """The lines of a file, its first one again and again.

    Used as a context. Bytes that are no UTF-8 are replaced: they are none of the cells that count,
    or are found there.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._read = 0
        self._raw: IO[bytes] | None = None
        self._text: Iterator[str] = iter(())
        self._first = ""

    def __enter__(self) -> Self:
        try:
            self._raw = Path(self._file).open("rb")
            packed = self._raw.peek(2)[:2] == b"\x1f\x8b"
        except OSError as error:
            reason = (error.strerror or "cannot be read").lower()
            raise TraceError(f"{self._file}: {reason}; expected a file of arrivals") from None
        stream = gzip.GzipFile(fileobj=self._raw) if packed else self._raw
        self._text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline=None)
        self._first = next(self._lines(), "")
        if not self._first:
            raise TraceError(f"{self._file}: empty; expected a line for each arrival")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        del kind, error, at
        if self._raw is not None:
            self._raw.close()

    @property
    def first(self) -> str:
        """Return the first line."""
        return self._first

    def __iter__(self) -> Iterator[str]:
        """Yield all lines, the first one included."""
        self._read = 1
        return itertools.chain([self._first], self._lines())

    def error(self, text: str, number: int | None = None) -> TraceError:
        """Return an error in the line that was read last, or in the line `number`."""
        return TraceError(f"{self._file}:{self._read if number is None else number}: {text}")

    def _lines(self) -> Iterator[str]:
        try:
            for line in self._text:
                self._read += 1
                if len(line) > LINE_AT_MOST:
                    raise self.error(f"a line of {len(line):,} characters; expected an arrival's")
                yield line
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise TraceError(
                f"{self._file}: damaged after line {self._read}: the gzip data ends or is broken; "
                "expected the whole file (see 'gzip -t')"
            ) from None
        except OSError as error:
            reason = (error.strerror or "cannot be read").lower()
            raise TraceError(f"{self._file}: {reason} after line {self._read}") from None


def batched(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Yield the items in lists of `size`, the last one shorter."""
    each = iter(items)
    while batch := list(itertools.islice(each, size)):
        yield batch
