"""`eiload locustfile`: where the one is that comes with the package."""

import argparse
from pathlib import Path

from eiload.base import console

__all__ = ["PATH", "add_arguments", "locustfile"]

PATH = Path(__file__).parents[1] / "plugin" / "locustfile.py"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = "Print where the locustfile is that comes with eiload.\n"
    parser.epilog = """\
example:
  eiload locustfile  (for: locust -f "$(eiload locustfile)" --headless --scenario mine.yaml)
"""


def locustfile(_arguments: argparse.Namespace) -> int:
    """Do it; return the exit status."""
    console.emit(str(PATH))
    return 0
