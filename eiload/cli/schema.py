"""`eiload schema`: the JSON Schema of scenarios, for editors."""

import argparse
import json

from eiload.base import console
from eiload.scenario import json_schema

__all__ = ["add_arguments", "schema"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = """\
Print the JSON Schema of scenario files, for completion and checks in an editor.
"""
    parser.epilog = """\
example (Visual Studio Code and others, with the YAML language server):
  eiload schema > scenarios/schema.json
  and as the first line of a scenario:  # yaml-language-server: $schema=schema.json
"""


def schema(_arguments: argparse.Namespace) -> int:
    """Do it; return the exit status."""
    console.emit(json.dumps(json_schema(), indent=2))
    return 0
