"""The `eiload` command: what goes with load tests and is none itself.

This file knows the commands' arguments and help, and calls the modules that do the work; it
decides nothing. Loads are run by Locust (``locust -f locustfiles/ssd.py --scenario FILE``). Every
import of weight is inside the function that needs it, so that ``eiload --help`` is instant and
``eiload serve`` does not load Locust's world.
"""

# ruff: noqa: PLC0415

import argparse
import sys
from pathlib import Path

from eiload.base import console

__all__ = ["main"]

DESCRIPTION = """\
Tools around load tests of TensorFlow Serving and Amazon Elastic Inference: try one
request, stand in for a server, check scenarios, read and compare the files of runs.
The load tests themselves are run by Locust, see the README.
"""

EPILOG = """\
examples:
  eiload predict --server localhost:8500 --model ssd --image 3dogs.jpg
  eiload serve --port 8500 --model ssd
  eiload validate scenarios/demo.yaml
  eiload plan scenarios/demo.yaml
  eiload report run.json
  eiload report run.json --format html > run.html
  eiload report run.json --format junit > junit.xml
  eiload compare monday.json tuesday.json

options that eiload adds to locust, with a locustfile that imports it ('locust --help' is
printed before any is read, so they are listed here and in docs/locust.md):
  --scenario NAME, --model NAME, --encoding uint8|jpeg, --image FILE
  --report-json FILE, --report-html FILE, --report-markdown FILE, --report-junit FILE
  --undecided fail|ok, --eiload-token TOKEN, --eiload-send-secrets-unproven
each but the token also as LOCUST_SCENARIO, ... in the environment, or in locust.conf;
'locust -f "$(eiload locustfile)" --scenario FILE' begins a load.

exit status:
  0  every verdict is good, or there was nothing to judge
  1  a verdict is bad: an objective failed, the comparison says increase, an inference failed
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
        from importlib.metadata import version

        console.emit(f"eiload {version('eiload')}")
        parser.exit()


def main(argv: list[str] | None = None) -> int:
    """Run the command line `argv` (the process's own if None) and return its exit status."""
    program = console.Parser(prog="eiload", description=DESCRIPTION, epilog=EPILOG)
    program.add_argument("--version", action=_Version)
    return console.run(program, COMMANDS, sys.argv[1:] if argv is None else argv)


# -- predict -----------------------------------------------------------------------------------


def _fill_predict(parser: argparse.ArgumentParser) -> None:
    from eiload.cli.predict import add_arguments

    add_arguments(parser)


def _predict(arguments: argparse.Namespace) -> int:
    from eiload.cli.predict import predict

    return predict(arguments)


# -- serve, make-model -------------------------------------------------------------------------


def _fill_serve(parser: argparse.ArgumentParser) -> None:
    from eiload.server.cli import add_serve_arguments

    add_serve_arguments(parser)


def _serve(arguments: argparse.Namespace) -> int:
    from eiload.server.cli import run_serve

    return run_serve(arguments)


def _fill_make_model(parser: argparse.ArgumentParser) -> None:
    from eiload.server.cli import add_make_model_arguments

    add_make_model_arguments(parser)


def _make_model(arguments: argparse.Namespace) -> int:
    from eiload.server.cli import run_make_model

    return run_make_model(arguments)


# -- validate, plan, schema ---------------------------------------------------------------------


def _fill_validate(parser: argparse.ArgumentParser) -> None:
    from eiload.cli.validate import add_arguments

    add_arguments(parser)


def _validate(arguments: argparse.Namespace) -> int:
    from eiload.cli.validate import validate

    return validate(arguments)


def _fill_plan(parser: argparse.ArgumentParser) -> None:
    from eiload.cli.plan import add_arguments

    add_arguments(parser)


def _plan(arguments: argparse.Namespace) -> int:
    from eiload.cli.plan import plan

    return plan(arguments)


def _fill_schema(parser: argparse.ArgumentParser) -> None:
    parser.description = """\
Print the JSON Schema of scenario files, for completion and checks in an editor.
"""
    parser.epilog = """\
example (Visual Studio Code and others, with the YAML language server):
  eiload schema > scenarios/schema.json
  and as the first line of a scenario:  # yaml-language-server: $schema=schema.json
"""


def _schema(_arguments: argparse.Namespace) -> int:
    import json

    from eiload.scenario import json_schema

    console.emit(json.dumps(json_schema(), indent=2))
    return 0


# -- report, compare ---------------------------------------------------------------------------


def _add_form(parser: argparse.ArgumentParser, forms: tuple[str, ...]) -> None:
    parser.add_argument(
        "--format",
        choices=forms,
        default="terminal",
        help="what to print (default: terminal; colours only there, and not with NO_COLOR set)",
    )


def _fill_report(parser: argparse.ArgumentParser) -> None:
    from eiload.report import FORMS

    parser.description = """\
Show a run again from its file (locust ... --report-json FILE). Everything is judged anew
from the recorded counts; the file's own verdicts are not believed. A run that was killed has
left FILE.journal, which holds what was measured until then: numbers, no verdicts.
"""
    parser.epilog = """\
examples:
  eiload report run.json
  eiload report run.json --format markdown >> "$GITHUB_STEP_SUMMARY"
  eiload report run.json --format html > run.html
  eiload report run.json --format junit > junit.xml
  eiload report run.json --csv run/
  eiload report run.json.journal

exit status: that of the run, see 'eiload --help'
"""
    parser.add_argument("file", type=Path, metavar="FILE", help="the file of a run, or its journal")
    _add_form(parser, FORMS)
    parser.add_argument(
        "--csv",
        type=Path,
        metavar="FOLDER",
        help="also write seconds.csv, percentiles.csv and objectives.csv to this folder",
    )
    parser.add_argument(
        "--undecided",
        choices=("fail", "ok"),
        default="fail",
        help="what an undecided verdict does to the exit status and in JUnit (default: fail)",
    )


def _report(arguments: argparse.Namespace) -> int:
    import os

    from eiload.base.files import write_files
    from eiload.judging.judgement import judge
    from eiload.record import journal
    from eiload.report import csv, render, terminal

    if (unfinished := journal.beside(arguments.file)).exists():
        console.say(f"{unfinished} is of a later run, which was not finished or still goes on")
    subject = journal.load(arguments.file)
    undecided_ok = arguments.undecided == "ok"
    judgement = judge(subject, undecided_ok=undecided_ok)
    if arguments.csv is not None:
        write_files(arguments.csv, csv.files(subject, judgement))
    if arguments.format == "terminal":
        look = terminal.look_of(sys.stdout, os.environ)
        console.emit(terminal.render(subject, judgement, look))
    else:
        console.emit(render(arguments.format, subject, judgement, undecided_ok=undecided_ok))
    return judgement.exit_status


def _fill_compare(parser: argparse.ArgumentParser) -> None:
    parser.description = """\
Compare targets across the files of runs: two runs of one target each (or of the targets
that are named), or five and more runs of one scenario with 'compare:', the only way to a
claim about a kind of machine and not this pair in this run. What must not be compared is
refused with the field that differs.
"""
    parser.epilog = """\
examples:
  eiload compare gpu.json ei.json
  eiload compare monday.json tuesday.json --baseline gpu --candidate gpu --headline p95
  eiload compare run1.json run2.json run3.json run4.json run5.json

exit status:
  0  no increase, a decrease, or an increase within the margin
  1  an increase, or the candidate was unavailable
  2  these runs must not be compared
  3  inconclusive
"""
    from eiload.base.units import parse_percentile, parse_share

    parser.add_argument("files", nargs="+", type=Path, metavar="RUN", help="the file of a run")
    parser.add_argument("--baseline", metavar="TARGET", help="target of the first run")
    parser.add_argument("--candidate", metavar="TARGET", help="target of the second run")
    parser.add_argument(
        "--headline",
        type=console.argument(parse_percentile),
        metavar="PERCENTILE",
        help="the percentile that the verdict is on (default: that of 'compare:', else p99)",
    )
    parser.add_argument(
        "--margin",
        type=console.argument(parse_share),
        metavar="SHARE",
        help="an increase below this does not matter (default: that of 'compare:', else 10 %%)",
    )
    parser.add_argument(
        "--allow-different-seed",
        action="store_true",
        help="compare runs with other instants and payloads of the same plan",
    )
    _add_form(parser, ("terminal", "json", "markdown"))


def _compare(arguments: argparse.Namespace) -> int:
    import json
    import os

    from eiload.judging.compare.comparable import Named
    from eiload.judging.compare.files import compare_runs
    from eiload.judging.judgement import status_of
    from eiload.record import journal
    from eiload.report import against, markdown, terminal
    from eiload.report.plain import plain

    named = [Named(str(path), journal.load(path)) for path in arguments.files]
    comparison = compare_runs(
        named,
        baseline=arguments.baseline,
        candidate=arguments.candidate,
        headline=arguments.headline,
        margin=arguments.margin,
        allow_different_seed=arguments.allow_different_seed,
    )
    status = status_of(comparison)
    emulated = any(each.run.emulated for each in named)
    parts = against.sections(comparison, emulated=emulated)
    last = f"emulated: {comparison.statement}" if emulated else comparison.statement
    match arguments.format:
        case "json":
            document = {"emulated": emulated, **plain(comparison), "exit_status": status}
            console.emit(json.dumps(document, indent=1, allow_nan=False))
        case "markdown":
            console.emit(markdown.page(parts, last))
        case _:
            look = terminal.look_of(sys.stdout, os.environ)
            console.emit(terminal.page(parts, last, look, good=status == 0))
    return status


# -- locustfile ----------------------------------------------------------------------------------


def _fill_locustfile(parser: argparse.ArgumentParser) -> None:
    parser.description = "Print where the locustfile is that comes with eiload.\n"
    parser.epilog = """\
example:
  eiload locustfile  (for: locust -f "$(eiload locustfile)" --headless --scenario mine.yaml)
"""


def _locustfile(_arguments: argparse.Namespace) -> int:
    console.emit(str(Path(__file__).parents[1] / "plugin" / "locustfile.py"))
    return 0


COMMANDS = (
    console.Command(
        "predict", "send a picture to a server, show times and detections", _fill_predict, _predict
    ),
    console.Command(
        "serve", "stand in for TensorFlow Serving or an EI-attached server", _fill_serve, _serve
    ),
    console.Command(
        "make-model", "write a small SSD SavedModel to serve", _fill_make_model, _make_model
    ),
    console.Command("validate", "check scenario files", _fill_validate, _validate),
    console.Command("plan", "show a scenario's traffic before it is sent", _fill_plan, _plan),
    console.Command("schema", "print the JSON Schema of scenarios", _fill_schema, _schema),
    console.Command("report", "show a run from its file", _fill_report, _report),
    console.Command("compare", "compare runs by their files", _fill_compare, _compare),
    console.Command("locustfile", "print where a locustfile is", _fill_locustfile, _locustfile),
)
