"""The `eiload` command: what goes with load tests and is none itself.

This file knows the commands' arguments and help, and calls the modules that do the work; it
decides nothing. Loads are run by Locust (``locust -f locustfiles/ssd.py --scenario FILE``). What a
command needs is imported when it is chosen, so that ``eiload --help`` is instant and
``eiload serve`` does not load Locust's world.
"""

import argparse
import sys
from importlib import import_module

from eiload.base import console

__all__ = ["main"]

DESCRIPTION = """\
Load tests of TensorFlow Serving and Amazon Elastic Inference: begin a folder of them, try
one request, stand in for a server, check scenarios and run them, read and compare the
files of runs. The load itself is Locust's to run: 'eiload run' starts it, and so does
'locust' with a locustfile that imports eiload.
"""

EPILOG = """\
examples:
  eiload demo
  eiload init load-tests
  eiload predict --server localhost:8500 --model ssd --image dogs.jpg
  eiload serve --port 8500 --model ssd
  eiload validate scenarios/demo.yaml
  eiload plan demo
  eiload run scenarios/demo.yaml --report-json run.json
  eiload capacity scenarios/gpu-vs-ei.yaml --from 2/s --to 200/s --budget 1h
  eiload report run.json
  eiload report run.json --format html > run.html
  eiload report run.json --format junit > junit.xml
  eiload compare monday.json tuesday.json

options that eiload adds to locust, with a locustfile that imports it ('locust --help' is
printed before any is read, so they are listed here and in docs/locust.md):
  --scenario NAME, --model NAME, --encoding uint8|jpeg, --image FILE
  --report-json FILE, --report-html FILE, --report-markdown FILE, --report-junit FILE
  --report-hlog FILE, --report-csv FOLDER, --report-to URL|stdout
  --prometheus PORT, --otlp ENDPOINT, --otlp-temporality cumulative|delta
  --exit-status verdict|zero, --undecided fail|ok, --until-decided TIME
  --eiload-token TOKEN, --eiload-send-secrets-unproven
each but the token also as LOCUST_SCENARIO, ... in the environment, or in locust.conf.

exit status:
  0  every verdict is good, or there was nothing to judge
  1  a verdict is bad: an objective failed, the comparison says increase, an inference failed, or
     the run was aborted for cause (`abort:`)
  2  the scenario, an input file or the command line is wrong
  3  undecided, inconclusive or too little data
  4  a target could not be used: unreachable, or it refuses the model or its inputs
  5  the run is invalid: the load generator itself failed or was late
  6  a result could not be written
  129, 130, 143  stopped by SIGHUP (the terminal went away), SIGINT (Ctrl-C), SIGTERM

'eiload COMMAND --help' says more of each.
"""


class _Version(argparse.Action):
    """Say the version that is installed, which takes a look at its metadata."""

    def __init__(self, option_strings: list[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show the version")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415

        console.emit(f"eiload {version('eiload')}")
        parser.exit()


def main(argv: list[str] | None = None) -> int:
    """Run the command line `argv` (the process's own if None) and return its exit status."""
    program = console.Parser(prog="eiload", description=DESCRIPTION, epilog=EPILOG)
    program.add_argument("--version", action=_Version)
    return console.run(program, COMMANDS, sys.argv[1:] if argv is None else argv)


def _command(
    name: str,
    purpose: str,
    module: str = "",
    fill: str = "add_arguments",
    do: str = "",
    *,
    hands_on: bool = False,
) -> console.Command:
    """Return a command that a module has, `eiload.cli.NAME` unless said, imported when chosen."""
    module = module or f"eiload.cli.{name}"

    def fill_it(parser: argparse.ArgumentParser) -> None:
        getattr(import_module(module), fill)(parser)

    def do_it(arguments: argparse.Namespace) -> int:
        status: int = getattr(import_module(module), do or name)(arguments)
        return status

    return console.Command(name, purpose, fill_it, do_it, hands_on)


COMMANDS = (
    _command("predict", "send a picture or any inputs to a server, show times and answer"),
    _command(
        "serve", "stand in for TensorFlow Serving or an EI-attached server",
        "eiload.server.cli", "add_serve_arguments", "run_serve",
    ),
    _command(
        "make-model", "write a small SSD SavedModel to serve",
        "eiload.server.cli", "add_make_model_arguments", "run_make_model",
    ),
    _command("image", "write a made-up picture, to have one to send"),
    _command("inspect", "show what a model takes, as a ready payload"),
    _command("validate", "check scenario files"),
    _command("plan", "show a scenario's traffic before it is sent"),
    _command("schema", "print the JSON Schema of scenarios"),
    _command("report", "show a run from its file"),
    _command("compare", "compare runs by their files"),
    _command(
        "run", "run a scenario: locust, headless, with the locustfile of the package",
        hands_on=True,
    ),
    _command("capacity", "find the largest rate at which a scenario's objectives hold"),
    _command(
        "demo", "compare two emulated servers on this machine, for a minute",
        "eiload.cli.run", "add_demo_arguments", "demo", hands_on=True,
    ),
    _command("init", "write a locustfile, a scenario and a CI job into a folder"),
    _command("doctor", "say what this machine lacks to make load"),
    _command(
        "strip-tensorflow", "take TensorFlow's runtime out of an environment that makes load",
        "eiload.cli.strip", do="strip",
    ),
    _command("locustfile", "print where a locustfile is"),
)  # fmt: skip
