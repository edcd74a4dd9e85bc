"""`eiload compare`: targets of separate runs, by their files."""

import argparse
import json
import os
import sys
from pathlib import Path

from eiload.base import console
from eiload.base.units import parse_percentile, parse_share
from eiload.judging.compare.comparable import Named
from eiload.judging.compare.files import compare_runs
from eiload.judging.judgement import status_of
from eiload.record import journal
from eiload.report import against, markdown, terminal
from eiload.report.plain import plain

__all__ = ["add_arguments", "compare"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
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
  3  inconclusive, unless --undecided ok
"""
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
    parser.add_argument(
        "--allow-different-versions",
        action="store_true",
        help="compare runs in which the same model answered as other versions",
    )
    parser.add_argument(
        "--undecided",
        choices=("fail", "ok"),
        default="fail",
        help="what an inconclusive comparison does to the exit status (default: fail)",
    )
    console.add_form(parser, ("terminal", "json", "markdown"))


def compare(arguments: argparse.Namespace) -> int:
    """Do it; return the exit status."""
    named = [Named(str(path), journal.load(path)) for path in arguments.files]
    comparison = compare_runs(
        named,
        baseline=arguments.baseline,
        candidate=arguments.candidate,
        headline=arguments.headline,
        margin=arguments.margin,
        allow_different_seed=arguments.allow_different_seed,
        allow_different_versions=arguments.allow_different_versions,
    )
    status = status_of(comparison, undecided_ok=arguments.undecided == "ok")
    emulated = any(each.run.emulated for each in named)
    parts = against.sections(comparison, emulated=emulated, parts=True)
    last = f"emulated: {comparison.statement}" if emulated else comparison.statement
    match arguments.format:
        case "json":
            document = {"emulated": emulated, **plain(comparison), "exit_status": status}
            console.emit(json.dumps(document, indent=1, allow_nan=False))
        case "markdown":
            console.emit(markdown.page(parts, last))
        case _:
            look = terminal.look_of(sys.stdout, os.environ)
            console.emit(terminal.page(parts, last, look, good=status == 0, first=True))
    return status
