"""What would differ between two scenarios: in what they say, then in the requests that are due.

Pure: two scenarios in, lines out. Where a scenario is from makes no difference, nor where its
traces are, as long as their content is the same.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePath

from eiload.base import wording
from eiload.report import words
from eiload.scenario import Scenario
from eiload.scenario.arrivals import ClosedPhase, OpenPhase, Replay
from eiload.scenario.schedule import Schedule

__all__ = ["differences"]

SHOWN = 20
"""Choices of a trace whose numbers differ; of more these and how many more."""


def differences(here: Scenario, there: Scenario) -> Iterator[str]:
    """Yield what is different, a line for each place."""
    one, other = (_plain(each) for each in (here, there))
    yield from _differ(one, other, "")
    mine, theirs = _due(here), _due(there)
    for name in mine:
        if name in theirs and mine[name] != theirs[name]:
            requests = wording.count(mine[name], "request")
            yield f"phase {words.safe(name)}: {requests} here, {theirs[name]:,} there"
    yield from _differ_in_choices(here, there)


def _plain(scenario: Scenario) -> dict[str, object]:
    """Return a scenario's data without where it is from, and traces by their fingerprint."""
    data = json.loads(scenario.masked().to_json())
    for phase in data["traffic"]:
        replay = phase.get("replay", {})
        if seen := replay.pop("seen", None):
            replay |= {"file": PurePath(replay["file"]).name, "sha256": seen["sha256"][:12]}
    return {key: value for key, value in data.items() if key != "source"}


def _differ(one: object, other: object, path: str) -> Iterator[str]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in [*one, *(key for key in other if key not in one)]:
            yield from _differ(one.get(key), other.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (mine, theirs) in enumerate(zip(one, other, strict=True)):
            yield from _differ(mine, theirs, f"{path}[{index}]")
    elif one != other:
        yield f"{path}: {_value(one)} here, {_value(other)} there"


def _value(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return words.safe(text, 60)


def _due(scenario: Scenario) -> dict[str, int]:
    """Return the requests of each open phase; of a replay as many as were seen."""
    cells = Schedule(scenario.traffic, scenario.seed).due([scenario.duration_ns])
    counts = [0] * len(scenario.traffic)
    for (phase, _), count in cells.items():
        counts[phase] += count
    return {
        phase.name: count
        for phase, count in zip(scenario.traffic, counts, strict=True)
        if not isinstance(phase, ClosedPhase)
    }


def _differ_in_choices(here: Scenario, there: Scenario) -> Iterator[str]:
    """Yield of which class, image, batch size or target there are more or fewer in a trace."""
    mine, theirs = _chosen(here), _chosen(there)
    both = {key[:2] for key in mine} & {key[:2] for key in theirs}
    keys = [key for key in {**mine, **theirs} if key[:2] in both]
    changed = [key for key in keys if mine.get(key) != theirs.get(key)]
    for phase, kind, text in changed[:SHOWN]:
        key = (phase, kind, text)
        requests = wording.count(mine.get(key, 0), "request")
        which = f"phase {words.safe(phase)}, {kind} {words.safe(text, 60)}"
        yield f"{which}: {requests} here, {theirs.get(key, 0):,} there"
    if len(changed) > SHOWN:
        yield f"... and {len(changed) - SHOWN:,} more classes, images, batch sizes or targets"


def _chosen(scenario: Scenario) -> dict[tuple[str, str, str], int]:
    """Return how many requests of a phase's trace choose a text, by (phase, kind, text)."""
    found: dict[tuple[str, str, str], int] = {}
    for phase in scenario.traffic:
        replay = phase.rate if isinstance(phase, OpenPhase) else None
        if isinstance(replay, Replay) and replay.seen is not None:
            for texts, count in replay.seen.choices:
                for kind, text in zip(replay.kinds, texts, strict=True):
                    key = (phase.name, kind, text)
                    found[key] = found.get(key, 0) + count
    return found
