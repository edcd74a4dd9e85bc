"""`eiload report`: a run again, from its file."""

import argparse
import os
import sys
from pathlib import Path

from eiload.base import console
from eiload.base.files import write_files
from eiload.judging.judgement import judge
from eiload.record import journal
from eiload.report import FORMS, csv, render, terminal

__all__ = ["add_arguments", "report"]

STDIN = Path("/dev/stdin")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = """\
Show a run again from its file (locust ... --report-json FILE). Everything is judged anew
from the recorded counts; the file's own verdicts are not believed. A run that was killed has
left FILE.journal, which holds what was measured until then: numbers, no verdicts. A log into
which a run was printed (locust ... --report-to stdout) is read as well.
"""
    parser.epilog = """\
examples:
  eiload report run.json
  eiload report run.json --format markdown >> "$GITHUB_STEP_SUMMARY"
  eiload report run.json --format html > run.html
  eiload report run.json --format junit > junit.xml
  eiload report run.json --csv run/
  eiload report run.json.journal
  kubectl logs job/load-test | eiload report - --format html > run.html

exit status: that of the run, see 'eiload --help'
"""
    parser.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="the file of a run, its journal, or a log with a run; - is standard input",
    )
    console.add_form(parser, FORMS)
    parser.add_argument(
        "--csv",
        type=Path,
        metavar="FOLDER",
        help="also write seconds.csv, percentiles.csv, objectives.csv and parts.csv to this folder",
    )
    parser.add_argument(
        "--undecided",
        choices=("fail", "ok"),
        default="fail",
        help="what an undecided verdict does to the exit status and in JUnit (default: fail)",
    )


def report(arguments: argparse.Namespace) -> int:
    """Do it; return the exit status."""
    file: Path = STDIN if str(arguments.file) == "-" else arguments.file
    if (unfinished := journal.beside(file)).exists():
        console.say(f"{unfinished} is of a later run, which was not finished or still goes on")
    subject = journal.load(file)
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
