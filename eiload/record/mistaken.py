"""What a file is that somebody took for a run file: a word that helps to find the right one.

What it knows: how the files begin that lie around a load test. What it must not know: how any of
them is read.
"""

import json
import re
from pathlib import Path
from typing import Any

__all__ = ["EXPECTED", "sort_of", "sort_of_json"]

EXPECTED = "expected the file that --report-json writes, or its journal (FILE.journal)"

_SIGNS = (
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8", "a picture"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"PK\x03\x04", "a zip archive"),
    (b"#[Histogram log", "a log of histograms (.hlog)"),
)
_TEXTS = (
    (r"[0-9a-f]{8} \{", "a run's journal by another name: let its name end in .journal"),
    (r"<\?xml(?s:.*)<testsuite", "a JUnit report"),
    (r"(?i)<!doctype html", "a page; a report's has its run file to download, near its end"),
    (r"(?m)^targets:", "a scenario, which `eiload plan` shows and `locust --scenario` runs"),
    (r"target,|objective,|Type,Name,|Timestamp,", "a table (CSV)"),
)
_SUFFIXES = {
    ".csv": "a table (CSV)",
    ".html": "a page",
    ".py": "a program in Python",
    ".yaml": "YAML, and no scenario either",
    ".yml": "YAML, and no scenario either",
    ".log": "a log",
}
LOOKED_AT = 4096
"""So many bytes tell what it is."""


def sort_of(path: Path, data: bytes) -> str:
    """Return what a file is that is no JSON, in words.

    Args:
        path: its name.
        data: what is in it.
    """
    if not data.strip():
        return "an empty file"
    if signed := next((said for sign, said in _SIGNS if data.startswith(sign)), ""):
        return signed
    if path.suffix.lower() == ".md":
        return "Markdown"
    head = data[:LOOKED_AT].decode("utf-8", "replace").lstrip("\ufeff").lstrip()
    if known := next((said for pattern, said in _TEXTS if _begins(pattern, head)), ""):
        return known
    if "\ufffd" in head or "\0" in head:
        return "no text"
    other = "JSON that is cut off or damaged" if head.startswith("{") else "text that is no JSON"
    return _SUFFIXES.get(path.suffix.lower(), other)


def _begins(pattern: str, head: str) -> bool:
    """Tell whether a text begins so; with a pattern of lines, whether it has such a line."""
    find = re.search if pattern.startswith("(?m)") else re.match
    return find(pattern, head) is not None


def sort_of_json(data: Any) -> str:
    """Return what JSON is that is no run file, in words."""
    if isinstance(data, list) and data and isinstance(data[0], dict) and "num_requests" in data[0]:
        return "Locust's own statistics (--json), which hold no run of eiload"
    if isinstance(data, dict) and {"baseline", "candidate", "statement"} <= data.keys():
        return "a comparison (eiload compare --format json)"
    if isinstance(data, dict) and "$schema" in data:
        return "a JSON Schema"
    if isinstance(data, dict) and "schema" in data:
        return f"of schema {json.dumps(data['schema'])[:80]}"
    return "JSON of something else"
