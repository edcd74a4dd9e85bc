"""What agents may say: messages of any content in, sound ones out.

What it knows: the form of an agent's messages (`agent`), what a scenario leaves possible in them.
What it must not know: Locust, who is whom, what is made of a message. Whoever reaches the master's
port can write to it, and msgpack makes any type of any field; so everything is looked at here,
before anything is counted.
"""

import functools
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.record.buckets import BUCKETS
from eiload.record.facts import Answers, TargetFacts, WorkerFacts, facts_of
from eiload.record.intervals import Intervals, Kind, parts_of
from eiload.scenario import Scenario

__all__ = ["check", "intervals_of", "is_of", "targets_of"]

REPORT_BYTES = 1 << 26
"""How long one report may be, inflated: some hundred times a report of 3 s at 1,000 requests/s."""

TEXT_AT_MOST = 100_000
COUNT_AT_MOST = 1 << 40
NS_AT_MOST = 1 << 62


def is_of(message: object, run: str) -> bool:
    """Tell whether something is a message of an agent about the run of this id."""
    if not isinstance(message, dict) or message.get("run") != run:
        return False
    kind = message.get("type")
    return isinstance(kind, str) and kind in {"ready", "failed", "report"}


def check(message: Mapping[str, Any], scenario: Scenario) -> None:
    """Look whether a message of the present run has all it must have, each of its kind.

    Of a report's counts only that they are bytes: `intervals_of` reads them.

    Raises:
        ValueError: it has not; says which field and what is wrong with it.
    """
    kind = _field(message, "type", _text)
    if kind not in _KINDS:
        raise ValueError(f"type: no such message, got {kind[:40]!r}")
    for name, test in _KINDS[kind].items():
        _field(message, name, test)
    names = list(scenario.targets)
    if kind == "ready":
        _check_targets(message["targets"], names)
    elif kind == "report":
        phases = len(scenario.traffic)
        _check_per_phase("answers", message["answers"], names, phases, _are_answers)
        _check_per_phase("failures", message["failures"], names, phases, _are_texts)
        if message["final"]:
            _field(message, "ended_ns", _ns)
            _check_facts(_field(message, "facts", _dict))


def intervals_of(message: Mapping[str, Any], scenario: Scenario) -> Intervals:
    """Return the counts of a report, all of the scenario's targets, phases and seconds.

    Raises:
        ValueError: they are not, or are damaged.
    """
    intervals = Intervals.from_bytes(message["intervals"], REPORT_BYTES)
    seconds = -(-scenario.duration_ns // NS_PER_S) + 1
    for name, keys in (("counts", intervals.keys), ("times", intervals.moment_keys)):
        target, phase, kind, second, bucket = parts_of(keys)
        for what, found, most in (
            ("target", target, len(scenario.targets)),
            ("phase", phase, len(scenario.traffic)),
            ("second", second, seconds),
        ):
            if len(found) and int(found.max()) >= most:
                raise ValueError(f"{name} of {what} {int(found.max())}; there are {most}")
        of_status = kind == Kind.STATUS
        known = np.where(of_status, np.isin(bucket, list(Status)), bucket < BUCKETS)
        if not known.all():
            raise ValueError(f"{name} of no status or time there is")
    return intervals


def targets_of(
    ready: Mapping[str, Any], reports: Iterable[Mapping[str, Any]], scenario: Scenario
) -> tuple[TargetFacts, ...]:
    """Return what is known of the targets: found out by one worker, answered to all.

    Args:
        ready: a worker's word that it is ready.
        reports: the last report of each.
        scenario: the scenario.
    """
    reports = list(reports)
    facts = []
    for data in json.loads(ready["targets"]):
        name = data["name"]
        answers = [Answers() for _ in scenario.traffic]
        failures: list[Counter[str]] = [Counter() for _ in scenario.traffic]
        for last in reports:
            for phase, counts in enumerate(last["answers"][name]):
                answers[phase] = answers[phase].plus(Answers(*counts))
            for phase, texts in enumerate(last["failures"][name]):
                failures[phase].update(texts)
        total = functools.reduce(Answers.plus, answers)
        facts.append(
            data
            | {f"answers_{what}": count for what, count in total._asdict().items()}
            | {"details": dict(sum(failures, Counter[str]())), "answers": answers}
            | {"failures": [dict(each) for each in failures]}
        )
    return facts_of(facts)


# -- one field -----------------------------------------------------------------------------

Test = Callable[[Any], bool]


def _whole(value: Any, most: int) -> bool:
    return type(value) is int and 0 <= value <= most


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= TEXT_AT_MOST


def _bytes(value: Any) -> bool:
    return isinstance(value, bytes)


def _bool(value: Any) -> bool:
    return isinstance(value, bool)


def _dict(value: Any) -> bool:
    return isinstance(value, dict)


def _count(value: Any) -> bool:
    return _whole(value, COUNT_AT_MOST)


def _ns(value: Any) -> bool:
    return _whole(value, NS_AT_MOST)


_KINDS: Mapping[str, Mapping[str, Test]] = {
    "ready": {"digest": _text, "targets": _text},
    "failed": {"why": _text, "exit_status": _count},
    "report": {
        "intervals": _bytes,
        "answers": _dict,
        "failures": _dict,
        "in_flight": _count,
        "final": _bool,
    },
    "lost": {"why": _text},
}


def _field(message: Mapping[str, Any], name: str, test: Test) -> Any:
    if name not in message:
        raise ValueError(f"{name}: missing")
    value = message[name]
    if not test(value):
        raise ValueError(f"{name}: of another kind, got {_shown(value)}")
    return value


def _line(error: Exception) -> str:
    """Return what an error says, which quotes what came, in one line and not long."""
    return "".join(c if c.isprintable() else "?" for c in str(error))[:200]


def _shown(value: Any) -> str:
    return repr(value)[:40] if isinstance(value, int | float | str | bool) else type(value).__name__


# -- what fields hold ----------------------------------------------------------------------


def _check_per_phase(
    what: str, given: Mapping[Any, Any], names: list[str], phases: int, test: Test
) -> None:
    """Look at what there must be for each target and phase, and for no other."""
    if given.keys() != set(names):
        raise ValueError(f"{what}: not of the scenario's targets")
    for each in given.values():
        if not isinstance(each, list | tuple) or len(each) != phases or not all(map(test, each)):
            raise ValueError(f"{what}: not one for each of {phases} phases")


def _are_answers(value: Any) -> bool:
    size = len(Answers._fields)
    return isinstance(value, list | tuple) and len(value) == size and all(map(_count, value))


def _are_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(_text(t) and _count(n) for t, n in value.items())


def _check_facts(facts: Mapping[Any, Any]) -> None:
    """Look at what a worker says of itself."""
    try:
        WorkerFacts(**facts)
    except TypeError as error:
        raise ValueError(f"facts: {_line(error)}") from error
    for field in fields(WorkerFacts):
        value = facts.get(field.name, field.default)
        if field.type in {str, "str"}:
            sound = _text(value)
        elif field.type in {int, "int"}:
            sound = _ns(value)
        else:
            sound = (
                type(value) in {int, float} and math.isfinite(value) and 0 <= value <= NS_AT_MOST
            )
        if not sound:
            raise ValueError(f"facts: {field.name} of another kind, got {_shown(value)}")


def _check_targets(text: str, names: list[str]) -> None:
    """Look at what a worker found out about the targets."""
    try:
        facts = facts_of(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"targets: {type(error).__name__}: {_line(error)}") from error
    if [each.name for each in facts] != names:
        raise ValueError("targets: not those of the scenario")
    for each in facts:
        sound = (
            all(map(_text, (each.address, each.model, each.emulated, *each.notes)))
            and (each.first_inference_ns is None or _ns(each.first_inference_ns))
        )  # fmt: skip
        if not sound:
            raise ValueError(f"targets: what is told of {each.name!r} is of another kind")
