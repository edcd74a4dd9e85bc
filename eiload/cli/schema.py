"""`eiload schema`: the JSON Schema of scenarios, for editors."""

import argparse
import json

from eiload.base import console
from eiload.scenario import json_schema

__all__ = ["add_arguments", "schema"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = """\
Print the JSON Schema of scenario files, for completion and checks in an editor; or that of run
files, for whoever reads these (docs/run-file.md).
"""
    parser.epilog = """\
example (Visual Studio Code and others, with the YAML language server):
  eiload schema > scenarios/schema.json
  and as the first line of a scenario:  # yaml-language-server: $schema=schema.json
  (eiload's own scenarios have it, and `eiload init` writes it)
"""
    parser.add_argument(
        "--run-file", action="store_true", help="that of the files that --report-json writes"
    )


def schema(arguments: argparse.Namespace) -> int:
    """Do it; return the exit status."""
    if arguments.run_file:
        from eiload.report.shape import json_schema as of_run_file  # noqa: PLC0415

        console.emit(json.dumps(of_run_file(), indent=2))
        return 0
    console.emit(json.dumps(json_schema(), indent=2))
    return 0
