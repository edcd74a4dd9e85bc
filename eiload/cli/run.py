"""`eiload run` and `eiload demo`: Locust, with the locustfile that comes with eiload.

What it knows: Locust's command line. What it must not know: Locust's modules; Locust takes this
process's place (`plugin.command`), so its signals and its exit status are the command's.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from eiload.base import console, signals
from eiload.base.errors import ScenarioError
from eiload.cli.locustfile import PATH
from eiload.scenario import finding

__all__ = ["add_arguments", "add_demo_arguments", "command", "demo", "run"]

REST = "option of locust, or of eiload's beside locust's: see 'eiload --help'"

DEMO_PAGE = "demo.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `eiload run` takes."""
    parser.description = """\
Run a scenario: 'locust -f LOCUSTFILE --headless --only-summary --scenario SCENARIO ...' with
the locustfile that comes with eiload. The exit status is the verdict, see 'eiload --help'.
"""
    parser.epilog = f"""\
examples:
  eiload run demo
  eiload run mine.yaml --report-json run.json --report-html run.html
  eiload run mine.yaml --processes 2 --run-time 5m

scenarios found by name here: {", ".join(finding.names()) or "none"}
"""
    parser.usage = "eiload run SCENARIO [OPTION ...]"
    parser.add_argument(
        "scenario", nargs="?", metavar="SCENARIO", help="a file, or a name in scenarios/"
    )
    _add_rest(parser)


def add_demo_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `eiload demo` takes."""
    parser.description = f"""\
Compare two emulated servers on this machine under 65 s of load, with verdicts, and leave
{DEMO_PAGE} to look at. Nothing outside this machine is asked.
"""
    parser.epilog = """\
examples:
  eiload demo
  eiload demo --report-json demo.json
"""
    parser.usage = "eiload demo [OPTION ...]"
    _add_rest(parser)


def _add_rest(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="OPTION", help=REST)


def run(arguments: argparse.Namespace) -> int:
    """Become Locust; returns only if that cannot be.

    Raises:
        ScenarioError: no scenario is named, or not before all options.
    """
    scenario, *rest = arguments.rest or [""]
    if not scenario or scenario.startswith("-"):
        got = f", got {scenario!r} first" if scenario else ""
        raise ScenarioError(f"no scenario{got}; expected 'eiload run SCENARIO ...'")
    return _become(command(scenario, rest))


def demo(arguments: argparse.Namespace) -> int:
    """Become Locust with the demo; returns only if that cannot be."""
    console.say(f"{DEMO_PAGE} will be the page to look at, in a minute and a quarter")
    return _become(command("demo", ["--report-html", DEMO_PAGE, *arguments.rest]))


def command(scenario: str, rest: Sequence[str]) -> list[str]:
    """Return Locust's command line.

    Args:
        scenario: path or name.
        rest: further options.

    Raises:
        ScenarioError: there is no scenario of that name.
    """
    path = str(finding.find(scenario))
    ours = ["-f", str(PATH), "--headless", "--only-summary", "--scenario", path]
    return [sys.executable, "-m", "eiload.plugin.command", *ours, *rest]


def _become(line: list[str]) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    # Handlers do not outlive this; who comes next lets signals in when it has its own.
    signal.pthread_sigmask(signal.SIG_BLOCK, signals.ENDING)
    os.execv(line[0], line)  # noqa: S606  # no shell: the line is a list
