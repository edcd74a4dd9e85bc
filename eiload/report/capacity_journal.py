"""The journal of a capacity search as text: its lines, written and read back.

Pure. `capacity.jsonl` in the search's folder: a first line that says of what (the scenario as it
would be shown, the bounds), then a line for each trial, and one where the search went on within
wider bounds, or with targets that had died. The command writes it (`cli`), and the web UI reads
how far a search has come (`plugin`).
"""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from typing import Any

from eiload.base.errors import ScenarioError
from eiload.judging.capacity.bounds import Bounds
from eiload.judging.capacity.result import Search
from eiload.judging.capacity.seen import Seen
from eiload.judging.capacity.trial import Purpose, Reading, Trial, TrialWord
from eiload.report.plain import plain
from eiload.scenario import restore

__all__ = ["NAME", "head", "read", "revived", "trial", "wider"]

NAME = "capacity.jsonl"

SCHEMA = "eiload-capacity/1"
"""Name and version of the journal's form; the number rises when an older reader would misread."""


def head(search: Search) -> bytes:
    """Return the first line: what is searched."""
    return _line(
        {
            "schema": SCHEMA,
            "eiload": version("eiload"),
            "scenario": json.loads(search.scenario.masked().to_json()),
            "bounds": plain(search.bounds),
            "started_wall_ns": search.started_wall_ns,
        }
    )


WIDER = ("low_per_s", "high_per_s", "budget_s")
"""Bounds within which a search may go on further than it began; its trials stand."""


def wider(bounds: Bounds) -> bytes:
    """Return the line of a range and a budget that take the place of those before."""
    return _line({"bounds": {name: getattr(bounds, name) for name in WIDER}})


def revived() -> bytes:
    """Return the line from which on targets that had died are tried again."""
    return _line({"revived": True})


def trial(seen: Seen) -> bytes:
    """Return the line of a trial that has ended."""
    return _line({"seen": plain(seen)})


def read(whole: bytes) -> Search:
    """Return the search that a journal is of, its scenario as it is shown.

    Args:
        whole: its lines; without a last one that was cut, and without its own last line feed.

    Raises:
        ValueError: it is damaged, or no journal of a search.
    """
    try:
        first, *rest = [json.loads(line) for line in whole.split(b"\n")]
        if first["schema"] != SCHEMA:
            raise ValueError(f"schema {first['schema']!r}, not {SCHEMA!r}")
        bounds, seen = Bounds(**first["bounds"]), list[Seen]()
        for each in rest:
            if "bounds" in each:
                low, high, budget = (_number(each["bounds"][name]) for name in WIDER)
                bounds = replace(bounds, low_per_s=low, high_per_s=high, budget_s=budget)
            elif "revived" in each:
                seen = [*map(_revived, seen)]
            else:
                seen.append(_seen(each["seen"]))
        return Search(
            restore(json.dumps(first["scenario"])),
            bounds,
            tuple(seen),
            started_wall_ns=int(first["started_wall_ns"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, ScenarioError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _revived(seen: Seen) -> Seen:
    if seen.trial.word is not TrialWord.DIED:
        return seen
    return replace(seen, trial=replace(seen.trial, word=TrialWord.REVIVED))


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, allow_nan=False).encode() + b"\n"


def _seen(data: Any) -> Seen:
    """Return what `plain(seen)` was made of.

    Raises:
        KeyError, TypeError, ValueError: it is not.
    """
    trial = data["trial"]
    readings = tuple(
        Reading(
            objective=str(each["objective"]),
            used=None if each["used"] is None else _number(each["used"]),
            **{name: _number(each[name]) for name in ("observed", "low", "high", "limit")},
        )
        for each in trial["readings"]
    )
    times = ("rate_per_s", "seconds", "took_s", "alpha")
    return Seen(
        Trial(
            number=int(trial["number"]),
            target=str(trial["target"]),
            purpose=Purpose(trial["purpose"]),
            word=TrialWord(trial["word"]),
            readings=readings,
            **{name: _number(trial[name]) for name in times},
        ),
        throughput_per_s=_number(data["throughput_per_s"]),
        why=str(data["why"]),
        emulated=str(data["emulated"]),
        run_file=str(data["run_file"]),
    )


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
