"""A run file as a block of lines in a log, for where a log is all that is left of a machine.

What it knows: the block's form. What it must not know: who prints it, where the log lies.

What prints to a log shares it with others: collectors put a time or a name before each line,
runtimes of containers cut lines at 16 KiB, a log is rotated, two runs end in one. So every line of
a block begins with a mark that is found anywhere in a line, and says which run it is of (16 digits
of the SHA-256 of the text), which line it is and of how many. The text is compressed (zlib) and
written in base64. What is read is the text to the byte, or nothing.
"""

import base64
import hashlib
import re
import zlib

__all__ = ["block", "holds", "text_of"]

MARK = "eiload-run"

WIDTH = 3000
"""Characters of a line: far below what a runtime cuts, and few lines."""

AT_MOST = 1 << 30
"""Bytes of a text that is believed: zlib packs a thousand to one."""

_LINE = re.compile(MARK + r" ([0-9a-f]{16}) (\d{1,9})/(\d{1,9}) ([A-Za-z0-9+/]+={0,2})")


def block(text: str) -> str:
    """Return a run file's text as lines for a log, between two lines for who reads it."""
    data = text.encode("utf-8")
    name = _name(data)
    packed = base64.b64encode(zlib.compress(data, 9)).decode("ascii")
    parts = [packed[start : start + WIDTH] for start in range(0, len(packed), WIDTH)]
    lines = [f"{MARK} {name} {n}/{len(parts)} {part}" for n, part in enumerate(parts, 1)]
    return "\n".join(
        [
            f"----- begin of run {name}: 'eiload report' reads it from this log -----",
            *lines,
            f"----- end of run {name} -----",
        ]
    )


def holds(log: str) -> bool:
    """Tell whether there is a line of a block in a log."""
    return _LINE.search(log) is not None


def text_of(log: str) -> str:
    """Return the text of the last block in a log that is whole.

    Raises:
        ValueError: there is none; it says what is missing of the last one.
    """
    blocks: dict[str, dict[int, str]] = {}
    counts: dict[str, int] = {}
    for name, number, count, part in _LINE.findall(log):
        found = blocks.pop(name, {})
        blocks[name] = found  # which was spoken of last is last
        found[int(number)] = part
        counts[name] = int(count)
    why = "no block of a run in this log"
    for name in reversed(blocks):
        found, count = blocks[name], counts[name]
        missing = count - sum(1 <= number <= count for number in found)
        if missing:
            why = f"of the block of run {name}, {missing} of {count} lines are missing in this log"
            continue
        data = _unpacked("".join(found[number] for number in range(1, count + 1)))
        if data is not None and _name(data) == name:
            return data.decode("utf-8")
        why = f"the block of run {name} is damaged in this log"
    raise ValueError(why)


def _name(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _unpacked(packed: str) -> bytes | None:
    """Return what was packed; None if it is damaged."""
    try:
        unpacking = zlib.decompressobj()
        data = unpacking.decompress(base64.b64decode(packed, validate=True), AT_MOST)
    except (ValueError, zlib.error):
        return None
    return data if unpacking.eof else None
