"""What of a scenario does not fit together: references to what is not there, phases of no use.

What it knows: what was given, as a file's mappings or as records from code, however wrong it may
be. What it must not know: whether each value is sound by itself, which the models say (`models`).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eiload.base.near import nearest
from eiload.base.quantity import shown
from eiload.base.units import format_duration, parse_duration, parse_rate
from eiload.scenario import find, until_field
from eiload.scenario.expect import BASELINE
from eiload.scenario.http import PORTS
from eiload.scenario.problem import Path, Problem, part
from eiload.scenario.rates import ConstantRate
from eiload.scenario.traffic import RUN_AT_MOST
from eiload.scenario.watched import unobserved

__all__ = ["conflicts"]


def conflicts(given: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what parts of a scenario do not fit together.

    Args:
        given: its values by key.
    """
    targets = given.get("targets")
    names = [*targets] if isinstance(targets, Mapping) else None
    phases = _Phases(given.get("traffic"))
    yield from phases.problems()
    yield from until_field.problems(given)
    yield from find.problems(given)
    compare = given.get("compare")
    if compare is not None and names is not None:
        yield from _compare_problems(compare, names)
    if compare is None:
        yield from _unpaired(given.get("payload"))
    yield from _models_over_http(given.get("payload"), targets)
    objectives = given.get("objectives")
    if isinstance(objectives, Sequence) and not isinstance(objectives, str):
        for index, objective in enumerate(objectives):
            for problem in _objective_problems(objective, names, phases, given):
                yield problem.below(("objectives", index))


class _Phases:
    """What was given as traffic, however wrong it may be."""

    def __init__(self, traffic: object) -> None:
        listed = isinstance(traffic, Sequence) and not isinstance(traffic, str)
        self._given: Sequence[object] = traffic if listed else ()  # type: ignore[assignment]
        self.names = [part(each, "phase", "name") for each in self._given]

    @property
    def known(self) -> bool:
        """Whether all names could be read, so that another one is a mistake."""
        return bool(self.names) and all(isinstance(name, str) for name in self.names)

    def is_warm_up(self, name: str) -> bool:
        return any(
            each_name == name and part(each, "warm_up") is True
            for each, each_name in zip(self._given, self.names, strict=True)
        )

    def problems(self) -> Iterator[Problem]:
        counts = Counter(name for name in self.names if isinstance(name, str))
        for index, name in enumerate(self.names):
            if isinstance(name, str) and counts[name] > 1 and name in self.names[:index]:
                yield Problem(
                    ("traffic", index, "phase"),
                    f"a second phase of this name, got {shown(name)}; expected unique names",
                )
        if self._given and all(part(each, "warm_up") is True for each in self._given):
            yield Problem(
                ("traffic",), "nothing but warm-up; expected a phase without 'warm_up: true'"
            )
        judged = [each for each in self._given if part(each, "warm_up") is not True]
        if judged and all(map(_is_pause, judged)):
            yield Problem(
                ("traffic",), "nothing but pauses to measure; expected a phase at more than 0/s"
            )
        total_ns = sum(map(_length_ns, self._given))
        if total_ns > parse_duration(RUN_AT_MOST):
            yield Problem(
                ("traffic",),
                f"absurdly long, got {format_duration(total_ns)} in all; "
                f"expected at most {RUN_AT_MOST}",
            )


def _length_ns(phase: object) -> int:
    """Return a phase's length, 0 where it cannot be read (and has its own problem)."""
    given = part(phase, "for", "duration_ns")
    given = given.get("at_most") if isinstance(given, Mapping) else given
    if isinstance(given, int):
        return given
    try:
        return parse_duration(given)
    except ValueError:
        return 0


def _is_pause(phase: object) -> bool:
    """Return whether a phase sends nothing, as far as that can be read."""
    given = part(phase, "rate")
    if isinstance(given, ConstantRate):
        return given.per_s == 0
    try:
        return isinstance(given, str) and parse_rate(given) == 0
    except ValueError:
        return False


def _unknown(path: Path, what: str, name: object, known: Sequence[object]) -> Iterator[Problem]:
    """Yield the problem that `name` is none of the `known` names, if so."""
    words = [each for each in known if isinstance(each, str)]
    if isinstance(name, str) and name not in words:
        offered = ", ".join(map(shown, words)) or "none, as there are none"
        hint = nearest(name, words)
        yield Problem(path, f"unknown {what}, got {shown(name)}; expected one of {offered}{hint}")


def _compare_problems(compare: object, names: Sequence[object]) -> Iterator[Problem]:
    for key in ("baseline", "candidate"):
        yield from _unknown(("compare", key), "target", part(compare, key), names)
    both = part(compare, "baseline")
    if isinstance(both, str) and both == part(compare, "candidate"):
        yield Problem(
            ("compare", "candidate"),
            f"the baseline itself, got {shown(both)}; expected another target "
            "(of the same server, to see the tool's own false alarms)",
        )


def _unpaired(payload: object) -> Iterator[Problem]:
    """Yield outputs that have to be the baseline's where nothing is compared."""
    outputs = part(part(payload, "expect"), "outputs")
    for name, rule in outputs.items() if isinstance(outputs, Mapping) else ():
        if part(rule, "equals") in (BASELINE, (BASELINE,), [BASELINE]):  # a list
            yield Problem(
                ("payload", "expect", "outputs", name, "equals"),
                "the baseline of what; expected 'compare:' with two targets",
            )


def _models_over_http(payload: object, targets: object) -> Iterator[Problem]:
    """Yield classes that ask another model of a target whose requests do not name one."""
    over_http = [
        name
        for name, target in (targets.items() if isinstance(targets, Mapping) else ())
        if part(target, "api") in PORTS
    ]
    mix = part(payload, "mix")
    listed = isinstance(mix, Sequence) and not isinstance(mix, str)
    for index, each in enumerate(mix if listed else ()):
        if over_http and part(each, "model") is not None:
            yield Problem(
                ("payload", "mix", index, "model"),
                f"target {shown(over_http[0])} is asked over HTTP, where the path names the model; "
                "expected none, or a target for each model",
            )


def _objective_problems(
    objective: object, names: Sequence[object] | None, phases: _Phases, given: Mapping[str, Any]
) -> Iterator[Problem]:
    """Yield what an objective refers to and is not there."""
    target, phase = part(objective, "target"), part(objective, "phase")
    if names is not None:
        yield from _unknown(("target",), "target", target, names)
    if phases.known:
        yield from _unknown(("phase",), "phase", phase, phases.names)
    of_class = part(objective, "class", "of_class")
    if of_class is not None:
        classes = _classes(given.get("payload"))
        if not classes and isinstance(of_class, str):
            got = f"no classes here, got {shown(of_class)}"
            yield Problem(("class",), f"{got}; expected a payload with 'mix:', or no class")
        else:
            yield from _unknown(("class",), "class", of_class, classes)
    if isinstance(phase, str) and phases.is_warm_up(phase):
        yield Problem(
            ("phase",), f"a warm-up phase, got {shown(phase)}; expected one that is judged"
        )
    text = objective if isinstance(objective, str) else part(objective, "objective", "text")
    yield from unobserved(text, target, of_class, given.get("targets"))
    if isinstance(text, str) and "agreement" in text:
        if given.get("compare") is None:
            yield Problem((), "agreement of what with what; expected 'compare:' with two targets")
        if given.get("sample") == 0:
            yield Problem((), "agreement without samples; expected 'sample:' above 0")
        if isinstance(target, str):
            yield Problem(("target",), "agreement is between two targets; expected none here")
        if of_class is not None:
            yield Problem(("class",), "agreement is of all classes together; expected none here")


def _classes(payload: object) -> list[object]:
    """Return the names of the classes that a payload has, however wrong it may be."""
    mix = part(payload, "mix")
    listed = isinstance(mix, Sequence) and not isinstance(mix, str)
    return [part(each, "class", "name") for each in mix] if listed else []
