"""Versions and when they were released: a figure of a program says little without its age.

What it knows: dates, to the month, as the package indexes have them (PyPI, Debian's changelog), and
how to ask what is installed. What it must not know: benchmarks. A version whose date is not known
here is shown without one, and says so.
"""

import subprocess
from importlib.metadata import version
from pathlib import Path

__all__ = ["RELEASED", "dated", "installed", "ours"]

RELEASED = {
    ("gRPC C++", "1.51.1"): "2022-11",
    ("gevent", "26.9.0"): "2026-09",
    ("grpcio", "1.85.1"): "2026-10",
    ("grpcio", "1.85.3"): "2026-11",
    ("h2load", "1.52.0"): "2023-02",
    ("locust", "2.47.0"): "2026-10",
    ("perf_analyzer", "2.47.0"): "2024-06",
    ("uvloop", "0.23.0"): "2026-10",
}


def dated(name: str, number: str) -> str:
    """Return a program's version with its month of release: ``h2load 1.52.0 (2023-02)``."""
    return f"{name} {number} ({RELEASED.get((name, number), 'date not known')})"


def installed(*names: str) -> str:
    """Return the versions of installed Python packages, dated."""
    return ", ".join(dated(name, version(name)) for name in names)


def ours() -> str:
    """Return eiload's version and, in a clone of its repository, the commit and its day."""
    number = version("eiload")
    command = ["git", "-C", str(Path(__file__).parent), "log", "-1", "--format=%h of %cs"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return f"{number} (no commit known)"
    return f"{number} ({asked.stdout.strip() or 'no commit known'})"
