"""`eiload plan`: a scenario's traffic, seen before any of it is sent.

The edge: it reads the scenario, the pictures (for the bytes of requests) and run files, and writes.
What is planned is `report.planning`'s, what is said `report.plan`'s.
"""

import argparse
import csv
import io
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from eiload.base import console
from eiload.base.clock import NS_PER_S
from eiload.base.files import write_whole
from eiload.base.units import parse_duration
from eiload.record import journal
from eiload.report import differ, looking, outlook, planning, terminal
from eiload.report import plan as report
from eiload.scenario import Scenario, finding, load
from eiload.scenario.picks import ALL, Picks
from eiload.scenario.prolonged import prolonged
from eiload.scenario.schedule import Schedule
from eiload.serving import payload

__all__ = ["add_arguments", "plan"]

PICTURES = 200
"""Of how many pictures the requests' bytes are looked at; more are like them."""

STDOUT = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = """\
Show a scenario's traffic without sending any of it: the rate over time, each phase's
requests and burstiness, bytes, what is in flight, and what a run of it can decide at all.
"""
    parser.epilog = """\
examples:
  eiload plan scenarios/gpu-vs-ei.yaml
  eiload plan scenarios/gpu-vs-ei.yaml --service-time 120 ms
  eiload plan scenarios/gpu-vs-ei.yaml --like monday.json --against monday.json
  eiload plan scenarios/gpu-vs-ei.yaml --until-decided 1h
  eiload plan scenarios/arrivals.yaml --csv instants.csv

exit status: 0 it is planned, 2 the scenario is wrong, 6 the CSV file could not be written
"""
    parser.add_argument("file", metavar="SCENARIO", help="a scenario")
    parser.add_argument(
        "--service-time",
        type=console.argument(parse_duration),
        metavar="TIME",
        help="how long an answer takes in the mean, to say what is in flight",
    )
    parser.add_argument(
        "--like",
        type=Path,
        metavar="RUN",
        help="take each target's service time, and how its requests depended on each other, from "
        "the file of a run",
    )
    parser.add_argument(
        "--against", type=Path, metavar="RUN", help="say what differs from the file of a run"
    )
    parser.add_argument(
        "--until-decided",
        metavar="TIME",
        help="plan it as a run with this option: its last phase goes on for TIME at most",
    )
    parser.add_argument(
        "--csv",
        metavar="FILE",
        help="write every request's instant and picture ('-': nothing else, to standard output)",
    )


def plan(arguments: argparse.Namespace) -> int:
    """Do it; return the exit status.

    Raises:
        ScenarioError: the scenario, a picture or a run file is wrong.
        OutputError: the CSV file cannot be written.
    """
    scenario = load(finding.find(arguments.file), os.environ)
    if arguments.until_decided:
        scenario = prolonged(scenario, arguments.until_decided)
    if arguments.csv == STDOUT:
        for part in _rows(scenario):
            console.emit(part)
        return 0
    like = journal.load(arguments.like) if arguments.like else None
    sizes = payload.sizes(scenario.payload, scenario.targets, PICTURES)
    against = journal.load(arguments.against) if arguments.against else None
    planned = replace(
        planning.planned(scenario, sizes, service_ns=arguments.service_time, like=like),
        like=str(arguments.like or ""),
        against=str(arguments.against or ""),
        differences=tuple(differ.differences(scenario, against.scenario)) if against else (),
    )
    look = terminal.look_of(sys.stdout, os.environ)
    parts = [*report.sections(planned, width=look.width, unicode=look.unicode)]
    if looks := looking.section(scenario):
        parts.append(looks)
    console.emit(terminal.page(parts, outlook.outlook(scenario)[0], look, good=True))
    if arguments.csv:
        write_whole(Path(arguments.csv), "".join(f"{part}\n" for part in _rows(scenario)))
    return 0


# -- the instants --------------------------------------------------------------------------------


def _rows(scenario: Scenario) -> Iterator[str]:
    """Yield the lines of the CSV, many at a time."""
    unnamed = f"of {scenario.payload.users or 'a user class'}"
    labels = payload.labels(scenario.payload) or [(unnamed, 1)]
    parts = payload.parts(scenario.payload) or [0]
    picks = Picks(scenario, np.bincount(parts).tolist())
    classes, targets = scenario.payload.classes, [*scenario.targets]
    schedule = Schedule(scenario.traffic, scenario.seed)
    batches = len({batch for _, batch in labels}) > 1
    chosen = any("target" in replay.kinds for replay in schedule.replays())
    shown = (("batch", batches), ("class", bool(classes)), ("target", chosen))
    yield ",".join(["arrival", "phase", "due_s", "picture", *(word for word, is_ in shown if is_)])
    phases = [phase.name for phase in scenario.traffic]
    for chunk in schedule.chunks():
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        numbers = chunk.first + np.arange(len(chunk.offsets_ns))
        only = picks.targets(chunk.phase, chunk.codes)
        for number, due_ns, which, target in zip(
            numbers.tolist(),
            chunk.offsets_ns.tolist(),
            picks.payloads(chunk.phase, numbers, chunk.codes).tolist(),
            [ALL] * len(numbers) if only is None else only.tolist(),
            strict=True,
        ):
            seconds, rest_ns = divmod(due_ns, NS_PER_S)
            due_s = f"{seconds}.{rest_ns:09}"
            name, batch = labels[which]
            more: list[object] = [batch] if batches else []
            more += [classes[parts[which]]] if classes else []
            more += [targets[target] if target != ALL else ""] if chosen else []
            writer.writerow((number, phases[chunk.phase], due_s, name, *more))
        yield text.getvalue().rstrip("\n")
