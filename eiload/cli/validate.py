"""`eiload validate`: whether scenarios are right, and what they would do."""

import argparse
import os

from eiload.base import console
from eiload.base.errors import ScenarioError
from eiload.judging import cost
from eiload.report.outlook import outlook
from eiload.scenario import finding, load
from eiload.scenario.prolonged import prolonged
from eiload.serving.payload import problems

__all__ = ["add_arguments", "validate"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = """\
Check scenario files without loading anything. A good file gets one line that says what it
would do, and a line for everything that a run of its length cannot decide; a bad one gets
all of its errors at once, as FILE:LINE:COLUMN: what is wrong.
"""
    parser.epilog = """\
examples:
  eiload validate scenarios/*.yaml
  GPU_SERVER=10.0.0.7:8500 eiload validate scenarios/gpu-vs-ei.yaml

exit status: 0 all files are good, 2 one is not
"""
    parser.add_argument("files", nargs="+", metavar="FILE", help="a scenario, or its name")
    parser.add_argument(
        "--until-decided",
        metavar="TIME",
        help="check them as a run with this option: the last phase goes on for TIME at most",
    )


def validate(arguments: argparse.Namespace) -> int:
    """Do it; return the exit status."""
    status = 0
    for file in arguments.files:
        try:
            path = finding.find(file)
            scenario = load(path, os.environ)
            if arguments.until_decided:
                scenario = prolonged(scenario, arguments.until_decided)
            cost.check(scenario)
            if damaged := problems(scenario.payload):
                raise ScenarioError("\n".join(f"{path}: {problem}" for problem in damaged))
        except ScenarioError as error:
            console.say(str(error))
            status = error.exit_status
        else:
            first, *rest = outlook(scenario)
            console.emit("\n  ".join([f"{path}: {first}", *rest]))
    return status
