"""From a file, a text or options to a `Scenario`, or to everything that is wrong, in one error.

The way: YAML (`document`) -> plain data -> presets written out (`presets`) -> paths (`paths`) ->
models (`models`) -> a look into the traces that are replayed, once all else is right. Each step
says all that it finds wrong as `Problem`s; here they get their line and column, in the order of the
file, each in a line of its own: ``FILE:LINE:COLUMN: key.path: what is wrong, got X; expected Y``.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from eiload.base.errors import ScenarioError
from eiload.base.near import nearest
from eiload.scenario import document, paths, presets
from eiload.scenario.arrivals import OpenPhase, Replay, phase_seed
from eiload.scenario.models import Scenario
from eiload.scenario.payload import Payload
from eiload.scenario.picks import chooser_of
from eiload.scenario.problem import Path as DataPath
from eiload.scenario.problem import Problem
from eiload.scenario.trace import TraceError
from eiload.scenario.words import filled

__all__ = ["build", "checked", "load", "parse", "payload_of", "restore"]

PROBLEMS_AT_MOST = 100
"""Nobody reads more; the last line says how many there are."""


def load(path: str | os.PathLike[str], environ: Mapping[str, str] | None = None) -> Scenario:
    """Return the scenario in a file.

    Args:
        path: the file; paths in it are relative to it.
        environ: what ``${NAME}`` in it refers to; ``os.environ`` if None.

    Raises:
        ScenarioError: it cannot be read, or something in it is wrong; all of that, a line each.
    """
    path = Path(path)
    environ = os.environ if environ is None else environ
    try:
        with path.open("rb") as file:
            text = file.read(document.BYTES_AT_MOST + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise ScenarioError(
            f"{path}: {reason.lower()}; expected a scenario file{_beside(path)}"
        ) from None
    return parse(text, str(path), path.absolute().parent, environ)


def parse(text: str | bytes, source: str, base: Path, environ: Mapping[str, str]) -> Scenario:
    """Return the scenario that YAML says.

    Args:
        text: the YAML; bytes are UTF-8.
        source: what error messages call it, as a rule its file's path.
        base: the folder that paths in it are relative to.
        environ: what ``${NAME}`` in it refers to.

    Raises:
        ScenarioError: something is wrong; all that is, a line each.
    """
    read = document.read(text, environ)
    unreadable = read.data is None and read.problems
    scenario, found = (None, []) if unreadable else checked(read.data, source, base)
    spoilt = [problem.path for _, problem in read.problems if not problem.at_key]
    found = [each for each in found if not _below(each.path, spoilt)]
    placed = [*read.problems, *((read.place(problem), problem) for problem in found)]
    placed.sort(key=lambda each: each[0])
    _raise(f"{source}:{mark.line}:{mark.column}: {problem}" for mark, problem in placed)
    assert scenario is not None
    return scenario


def build(data: Mapping[str, object], source: str, base: Path) -> Scenario:
    """Return the scenario that plain data says, written as in YAML; for command-line options.

    Args:
        data: keys and values as in a file.
        source: what error messages call it, such as ``command line``.
        base: the folder that paths in it are relative to.

    Raises:
        ScenarioError: something is wrong; all that is, a line each.
    """
    scenario, found = checked(data, source, base)
    _raise(f"{source}: {problem}" for problem in found)
    assert scenario is not None
    return scenario


def restore(text: str) -> Scenario:
    """Return the scenario that `Scenario.to_json` wrote; no file is looked for.

    Raises:
        ScenarioError: it is not one.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ScenarioError(f"not a scenario's JSON: {error}") from None
    scenario, found = filled(Scenario, data, {"base": Path("/"), "resolved": True})
    _raise(f"scenario: {problem}" for problem in found)
    assert scenario is not None
    return scenario


def checked(data: object, source: str, base: Path) -> tuple[Scenario | None, list[Problem]]:
    """Return the scenario that plain data says, and what is wrong with it; None if something is.

    For whoever knows better than `build` where each part of the data came from.

    Args:
        data: keys and values as in a file.
        source: where it is from as a whole.
        base: the folder that paths in it are relative to.
    """
    if not isinstance(data, Mapping):
        return filled(Scenario, data, {"base": base})
    written_out, wrong = presets.expanded(data)
    resolved, found = paths.resolved(written_out, base)
    found += wrong
    spoilt = [problem.path for problem in found]
    if "source" in resolved:
        found.append(Problem(("source",), "unknown key; it is not for files", at_key=True))
    scenario, wrong = filled(Scenario, {**resolved, "source": source}, {"base": base})
    found += [each for each in wrong if not _below(each.path, spoilt)]
    if found or scenario is None:
        return None, found
    return _looked(scenario)


def _looked(scenario: Scenario) -> tuple[Scenario | None, list[Problem]]:
    """Return the scenario with what is in the traces that it replays, and what is wrong there."""
    traffic, found = [], []
    for index, phase in enumerate(scenario.traffic):
        traffic.append(phase)
        if isinstance(phase, OpenPhase) and isinstance(phase.rate, Replay):
            try:
                seed = phase_seed(scenario.seed, index)
                chooser = chooser_of(scenario, phase.rate)
                problems = [*chooser.problems(compared=scenario.compare is not None)]
                found += [each.below(("traffic", index, "replay", "choose")) for each in problems]
                if not problems:
                    looked = phase.rate.looked(phase.duration_ns, seed, chooser.choice)
                    traffic[-1] = replace(phase, rate=looked)
            except TraceError as error:
                found.append(Problem(("traffic", index, "replay", "file"), str(error)))
    if found:
        return None, found
    return scenario.model_copy(update={"traffic": tuple(traffic)}), []


def payload_of(data: Mapping[str, object], base: Path) -> tuple[Payload | None, list[Problem]]:
    """Return the payload that plain data says, and what is wrong with it; None if something is.

    Args:
        data: keys and values as under ``payload:`` in a file.
        base: the folder that paths in it are relative to.
    """
    resolved, found = paths.resolved({"payload": data}, base)
    found = [each._replace(path=each.path[1:]) for each in found]
    spoilt = [problem.path for problem in found]
    payload, wrong = filled(Payload, resolved["payload"], {"base": base})
    found += [each for each in wrong if not _below(each.path, spoilt)]
    return (None if found else payload), found


def _below(path: DataPath, others: Iterable[DataPath]) -> bool:
    """Return whether `path` leads to or through one of the `others`."""
    return any(path[: len(other)] == other for other in others)


def _raise(lines: Iterable[str]) -> None:
    """Raise a ScenarioError of all the lines, if there are any."""
    lines = list(dict.fromkeys(lines))
    if len(lines) > PROBLEMS_AT_MOST:
        lines = [*lines[:PROBLEMS_AT_MOST], f"... and {len(lines) - PROBLEMS_AT_MOST} more"]
    if lines:
        raise ScenarioError("\n".join(lines))


def _beside(path: Path) -> str:
    """Return which file beside `path` may have been meant."""
    try:
        return nearest(path.name, [each.name for each in path.parent.iterdir()])
    except (OSError, ValueError):
        return ""
