"""A capacity search as one JSON document, for programs.

Pure. Names carry their unit; a number that is not known is null, an infinite one the string
``"inf"``: an end that nothing has proved is 0 below and ``"inf"`` above, and ``low_open`` and
``high_open`` say why. A reading is in the unit that stands beside it.
"""

import json
from typing import Any

from eiload.judging.capacity.found import Bracket
from eiload.judging.capacity.result import Result, Search
from eiload.judging.capacity.seen import Seen
from eiload.report.capacity import unit_of
from eiload.report.plain import plain

__all__ = ["SCHEMA", "document", "render"]

SCHEMA = "eiload-capacity-report/1"
"""Name and version of the form; the number rises when an older reader would misread."""


def render(search: Search, found: Result) -> str:
    """Return the document as text."""
    return json.dumps(document(search, found), indent=1, allow_nan=False) + "\n"


def document(search: Search, found: Result) -> dict[str, Any]:
    """Return the document."""
    return {
        "schema": SCHEMA,
        "summary": found.summary,
        "exit_status": found.exit_status,
        "emulated": search.emulated,
        "stopped": search.stopped,
        "started_wall_ns": search.started_wall_ns,
        "bounds": plain(search.bounds),
        "capacities": [_bracket(each) for each in found.brackets],
        "ratio": plain(found.ratio),
        "costs": [
            {
                "target": each.target,
                "price": each.price.text,
                "usd_per_h": each.price.usd_per_h,
                "usd_per_million": plain(each.usd_per_million),
            }
            for each in found.costs
        ],
        "cost_ratio": plain(found.cost_ratio),
        "statements": list(found.statements),
        "notes": list(search.notes),
        "trials": [_trial(search, each) for each in search.seen],
        "scenario": json.loads(search.scenario.masked().to_json()),
    }


def _bracket(of: Bracket) -> dict[str, Any]:
    names = {"low": "low_per_s", "high": "high_per_s", "estimate": "estimate_per_s"}
    names |= {"low_at": "low_at_per_s", "high_at": "high_at_per_s"}
    return {names.get(name, name): value for name, value in plain(of).items()}


def _trial(search: Search, seen: Seen) -> dict[str, Any]:
    trial = plain(seen.trial)
    for reading, each in zip(seen.trial.readings, trial["readings"], strict=True):
        each["unit"] = unit_of(search, reading)
    rest = {name: value for name, value in plain(seen).items() if name != "trial"}
    return {**trial, "proves": seen.trial.counts, **rest}
