"""`eiload capacity`: the largest rate at which a scenario's objectives hold, for each target.

The edge: it reads the scenario and the command line, keeps the journal, writes the reports. Which
trial is next is `judging.capacity`'s, how one is run `trials`', what is said `report.capacity`'s.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NoReturn

from eiload.base import console
from eiload.base.clock import NS_PER_S
from eiload.base.errors import EiloadError, OutputError, ScenarioError
from eiload.base.files import check_folder, check_writable, descriptor, write_files, write_whole
from eiload.base.quantity import shown
from eiload.base.units import parse_duration, parse_rate
from eiload.cli.search_journal import SearchJournal, bounds_there
from eiload.cli.searching import go_on
from eiload.cli.trials import Place, run_trial, unused
from eiload.judging import cost
from eiload.judging.capacity.result import Search, result
from eiload.judging.capacity.wanted import (
    TRIAL_NS,
    Wanted,
    bounds_of,
    check_budget,
    resumed,
    warm_up_of,
)
from eiload.judging.judgement import first_of
from eiload.record.stopping import SIGNALS
from eiload.report import capacity as report
from eiload.report import capacity_csv, capacity_forms, capacity_outlook, terminal
from eiload.report.capacity_journal import NAME
from eiload.scenario import finding, load
from eiload.scenario import trial as trials
from eiload.scenario.trial import Model
from eiload.serving.payload import problems

__all__ = ["add_arguments", "capacity"]

FORMS = {name: form for name, form in capacity_forms.FORMS.items() if name != "text"}
"""Those that are written to a file; text is what is shown anyway."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = """\
Find the largest rate at which a scenario's objectives hold, for each of its targets: between
the largest rate that was proved to hold and the smallest that was proved to fail. Each trial is
a run of one target at one rate; short ones look about where it is, longer ones prove both ends.
Targets take turns. Of two that are compared it says the ratio of their capacities, and what a
million inferences cost on each at its own capacity.
"""
    parser.epilog = """\
examples:
  eiload capacity gpu-vs-ei --from 2/s --to 200/s --budget 1h --report-html capacity.html
  eiload capacity scenarios/capacity.yaml
  eiload capacity scenarios/capacity.yaml --resume

The range and the budget may be in the scenario: find: {from: 2/s, to: 200/s, budget: 1 h}

exit status:
  0  each target's capacity is between two rates that were proved
  2  the scenario or the command line is wrong; or the objectives hold, or fail, in all of the range
  3  the budget did not decide it
  4  a target could not be used, or died
  5  the load generator was the limit
  6  a result could not be written
  129, 130, 143  stopped by SIGHUP, Ctrl-C, SIGTERM; what was found so far is said, and --resume
     goes on
"""
    parser.add_argument("scenario", metavar="SCENARIO", help="a file, or a name in scenarios/")
    rate, time_ = console.argument(parse_rate), console.argument(parse_duration)
    parser.add_argument(
        "--from", dest="low", type=rate, metavar="RATE",
        help="the lowest rate, which should hold: 2/s (default: find.from of the scenario)",
    )  # fmt: skip
    parser.add_argument(
        "--to", dest="high", type=rate, metavar="RATE",
        help="the highest rate, which should not hold: 200/s (default: find.to)",
    )  # fmt: skip
    parser.add_argument(
        "--budget", type=time_, metavar="TIME",
        help="how long the search may take, all targets together (default: find.budget, else 1 h)",
    )  # fmt: skip
    parser.add_argument(
        "--trial", type=time_, metavar="TIME",
        help="how long a trial measures that only explores; those that prove take 2 to 40 times "
        f"as long (default: {TRIAL_NS // NS_PER_S} s)",
    )  # fmt: skip
    parser.add_argument(
        "--warm-up", type=time_, metavar="TIME",
        help="of each trial, at its own rate (default: as long as the scenario's, else half a "
        "trial)",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER",
        help=f"where the trials' run files and the search's journal ({NAME}) are kept (default: "
        "capacity-SCENARIO)",
    )  # fmt: skip
    parser.add_argument(
        "--resume", action="store_true",
        help="go on with the search in that folder, within the same bounds or, if --from, --to or "
        "--budget say so, wider ones",
    )  # fmt: skip
    parser.add_argument(
        "--processes",
        type=console.argument(_processes),
        metavar="N",
        help="make the load by N processes of Locust, or one a core: -1",
    )
    for form in FORMS:
        parser.add_argument(
            f"--report-{form}", type=Path, metavar="FILE",
            help=f"write what was found as {form} to this file",
        )  # fmt: skip
    parser.add_argument(
        "--report-csv", type=Path, metavar="FOLDER",
        help=f"write {' and '.join(capacity_csv.TABLES)} to this folder",
    )  # fmt: skip


def _processes(text: object) -> int:
    """Return how many processes Locust is to make.

    Raises:
        ValueError: none that it could.
    """
    try:
        number = int(str(text))
    except ValueError:
        number = 0
    if number == 0 or number < -1:
        raise ValueError(f"no number of processes, got {shown(text)}; expected 1 or more, or -1")
    return number


def capacity(arguments: argparse.Namespace) -> int:
    """Do it; return the exit status.

    Raises:
        EiloadError: something was wrong before the first trial.
    """
    path = finding.find(arguments.scenario)
    scenario = load(path, os.environ)
    cost.check(scenario)
    if damaged := problems(scenario.payload):
        raise ScenarioError("\n".join(f"{path}: {problem}" for problem in damaged))
    model = trials.model(scenario)
    wanted = Wanted(
        arguments.low, arguments.high, arguments.budget, arguments.trial, arguments.warm_up
    )
    folder = arguments.out or Path(f"capacity-{path.stem}")
    if arguments.resume and (there := bounds_there(folder)) is not None:
        wanted = resumed(wanted, there)
    warm_up_ns = warm_up_of(model, wanted)
    _check_outputs(arguments)
    bounds = bounds_of(scenario, wanted, warm_up_ns)
    check_budget(scenario, bounds)
    notes = capacity_outlook.notes(model, bounds)
    search = Search(scenario, bounds, notes=notes, started_wall_ns=time.time_ns())
    with SearchJournal(folder, search, resume=arguments.resume, say=console.say) as journal:
        for note in notes:
            console.say(note)
        if ignored := unused(os.environ):
            console.say(f"not used by trials: {', '.join(ignored)}")
        search, status = _searched(journal, model, warm_up_ns, folder, arguments)
    return first_of(status, _show(search, arguments, folder))


def _searched(
    journal: SearchJournal,
    model: Model,
    warm_up_ns: int,
    folder: Path,
    arguments: argparse.Namespace,
) -> tuple[Search, int]:
    """Search until the end, or a signal, or an error; return what was found and why it ended."""
    search = journal.search
    options = ["--processes", str(arguments.processes)] if arguments.processes else []
    run = partial(run_trial, place=Place(folder, options, (journal.descriptor,)))
    previous = _hang_ups_end()
    try:
        while True:
            further = go_on(search, model, warm_up_ns, run, journal.add)
            if further is search:
                return search, 0
            search = further
    except EiloadError as error:
        if not search.seen:
            raise
        console.say(str(error))
        return search, error.exit_status
    except (KeyboardInterrupt, SystemExit) as ended:
        status = ended.code if isinstance(ended, SystemExit) else SIGNALS["SIGINT"]
        name = next((each for each, code in SIGNALS.items() if code == status), "SIGTERM")
        console.say(f"stopped ({name}); --resume goes on from the trial that was not finished")
        return replace(search, stopped=name), SIGNALS[name]
    finally:
        signal.signal(signal.SIGHUP, previous)


def _hang_ups_end() -> "signal._HANDLER":
    """Let a terminal that goes away end the search as a signal does; nohup's stay ignored."""
    previous = signal.getsignal(signal.SIGHUP)
    if previous is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _hung_up)
    return previous


def _hung_up(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(SIGNALS["SIGHUP"])


# -- what it leaves --------------------------------------------------------------------------------


def _check_outputs(arguments: argparse.Namespace) -> None:
    """Look whether reports can be written, before an hour is spent on them.

    Raises:
        ScenarioError: one cannot.
    """
    seen: dict[str, str] = {}
    for form in (*FORMS, "csv"):
        path: Path | None = getattr(arguments, f"report_{form}")
        if path is None:
            continue
        try:
            (check_folder if form == "csv" else check_writable)(path)
        except OSError as error:
            raise ScenarioError(
                f"--report-{form} {path}: cannot be written: {error.strerror}"
            ) from error
        other = seen.setdefault(os.path.realpath(path), form)
        if other != form:
            raise ScenarioError(
                f"--report-{other} and --report-{form} both write {path}; give each a file of its "
                "own"
            )


def _show(search: Search, arguments: argparse.Namespace, folder: Path) -> int:
    """Write what was found and show it; return the exit status that it makes."""
    found = result(search)
    status = found.exit_status
    stream = sys.stdout
    for name, form in FORMS.items():
        path = getattr(arguments, f"report_{name}")
        if path is not None:
            if descriptor(path) == 1:  # whoever reads it there wants that, and no page for people
                stream = sys.stderr
            text = form.render(search, found)
            status = first_of(status, _written(partial(write_whole, path, text)))
    if arguments.report_csv is not None:
        tables = capacity_csv.files(search, found)
        status = first_of(status, _written(partial(write_files, arguments.report_csv, tables)))
    look = terminal.look_of(stream, os.environ)
    parts = report.sections(search, found, str(folder))
    page = terminal.page(parts, found.summary, look, good=status == 0, first=True)
    (console.emit if stream is sys.stdout else console.aside)(page)
    return status


def _written(write: Callable[[], object]) -> int:
    try:
        write()
    except OutputError as error:
        console.say(str(error))
        return error.exit_status
    return 0
