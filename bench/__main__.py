"""``python -m bench [NAME ...]``: measure, print tables.

What it knows: the benchmarks' names and order, options, where results go. What it must not know:
what is measured. Without a name all that `make bench` measures is measured, one after the other.
"""

import argparse
import importlib
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.process import BenchError
from bench.setting import Outcome, Setting, machine
from bench.table import markdown, placed
from bench.tools import default_work_dir

ALL = ("peers", "schedule", "truth", "scale", "sustained", "startup", "hotpaths")
"""What is measured if nothing is named; together at most 15 minutes."""

MAX_STRETCH = 20

OWN = {
    "statistics": "bench.statistics",
    "looks": "bench.looks",
    "capacity": "bench.capacity",
    "beside": "bench.beside",
    "judging": "bench.judging",
    "interop": "bench.interop",
    "stand_in": "bench.stand_in",
}
"""Longer or other measurements with options of their own: ``python -m bench statistics --help``."""


def arguments_of(argv: Sequence[str]) -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure eiload and its peers side by side, on loopback.",
        epilog=f"Further, with options of their own: {', '.join(OWN)}.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"what to measure: {', '.join(ALL)}; all if absent"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument(
        "--into", type=Path, metavar="FILE", help="renew the tables in this document"
    )
    parser.add_argument("--rounds", type=int, default=5, help="default: 5")
    parser.add_argument("--quick", action="store_true", help="short runs, to see that it works")
    parser.add_argument(
        "--stretch", type=float, default=1.0, metavar="N",
        help="loads of N times the length, on a busy machine (peers, sustained); default: 1",
    )  # fmt: skip
    parser.add_argument("--no-fetch", action="store_true", help="fetch no missing peer")
    parser.add_argument(
        "--work-dir",
        type=Path,
        default=default_work_dir(os.environ),
        metavar="FOLDER",
        help="for fetched peers and the built server; default: eiload-bench in the cache folder",
    )
    arguments = parser.parse_args(argv)
    for name in arguments.names:
        if name not in ALL:
            parser.error(f"expected {', '.join(ALL)}, got {name!r}")
    if not 1 <= arguments.stretch <= MAX_STRETCH:
        parser.error(f"--stretch: expected 1 to {MAX_STRETCH}, got {arguments.stretch:g}")
    if arguments.rounds < 1:
        parser.error(f"--rounds: expected at least 1, got {arguments.rounds}")
    return arguments


def main(argv: Sequence[str]) -> int:
    """Measure what the command line names; return the exit status."""
    if argv and argv[0] in OWN:
        module = importlib.import_module(OWN[argv[0]])
        sys.argv = [f"python -m {OWN[argv[0]]}", *argv[1:]]
        status: int | None = module.main()
        return status or 0
    arguments = arguments_of(argv)
    setting = Setting(
        work_dir=arguments.work_dir,
        rounds=arguments.rounds,
        quick=arguments.quick,
        stretch=arguments.stretch,
        fetch=not arguments.no_fetch,
        say=lambda text: print(text, file=sys.stderr, flush=True),
    )
    written: dict[str, Any] = {}
    began_s = time.monotonic()
    for name in arguments.names or ALL:
        where = machine()
        start_s = time.monotonic()
        try:
            outcome: Outcome = importlib.import_module(f"bench.{name}").run(setting)
        except BenchError as error:
            print(f"bench: {name}: {error}", file=sys.stderr)
            return 1
        took = f"took {time.monotonic() - start_s:.0f} s"
        text = f"{markdown(outcome.tables)}\n{where}; {took}.\n"
        print(f"## {name}\n\n{text}", flush=True)
        written[name] = {
            "machine": where,
            "took": took,
            "tables": [table.to_json() for table in outcome.tables],
            "samples": outcome.samples,
        }
        if arguments.json:
            arguments.json.write_text(json.dumps(written, indent=1) + "\n")
        if arguments.into:
            document = arguments.into.read_text()
            arguments.into.write_text(placed(document, name, text))
    print(f"all together {time.monotonic() - began_s:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
