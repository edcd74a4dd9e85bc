"""The files that a payload names: pictures, arrays, requests, what answers have to be.

What it knows: where in a payload paths stand. How a path is found is `paths`'.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from eiload.scenario.expect import BASELINE
from eiload.scenario.inputs import ALL
from eiload.scenario.problem import Problem

__all__ = ["PICTURES", "resolved_payload"]

Finder = Callable[[object, Path, Sequence[str]], tuple[object, list[Problem]]]
"""Returns the absolute paths of all files that paths stand for, and which lead nowhere; of a folder
those that end in one of the suffixes, all if there are none."""

PICTURES = (".jpg", ".jpeg", ".png")
"""What a folder's pictures end in (in lower case)."""


def resolved_payload(
    payload: Mapping[str, Any], base: Path, found: Finder
) -> tuple[dict[str, Any], list[Problem]]:
    """Return a payload's data with its paths absolute, and which of them lead nowhere.

    What is not as it should be is left as it is: the models say what is wrong with it.

    Args:
        payload: as it was given.
        base: the folder that paths are relative to.
        found: finds the files that a list of paths stands for.
    """
    result = dict(payload)
    problems: list[Problem] = []
    for key, suffixes in (("images", PICTURES), ("requests", ()), ("examples", ())):
        if key in payload:
            result[key], wrong = found(payload[key], base, suffixes)
            problems += [each.below((key,)) for each in wrong]
    if not problems and isinstance(images := result.get("images"), list):
        result["images"] = sorted(set(images))
    if "inputs" in payload:
        result["inputs"], wrong = _inputs(payload["inputs"], base, found)
        problems += [each.below(("inputs",)) for each in wrong]
    expect = payload.get("expect")
    if isinstance(expect, Mapping) and isinstance(outputs := expect.get("outputs"), Mapping):
        rules = dict(outputs)
        for name, rule in outputs.items():
            if isinstance(rule, Mapping) and rule.get("equals") not in {None, BASELINE}:
                rules[name], wrong = _under("equals", rule, base, found)
                problems += [each.below(("expect", "outputs", name)) for each in wrong]
        result["expect"] = {**expect, "outputs": rules}
    return result, problems


def _inputs(inputs: object, base: Path, found: Finder) -> tuple[object, list[Problem]]:
    if isinstance(inputs, str | list | tuple):
        files, wrong = _listed(inputs, base, found)
        return {ALL: {"file": files}} if not wrong else inputs, wrong
    if not isinstance(inputs, Mapping):
        return inputs, []
    result = dict(inputs)
    problems = []
    for name, given in inputs.items():
        if isinstance(given, str):
            files, wrong = _listed(given, base, found)
            result[name] = {"file": files} if not wrong else given
        elif isinstance(given, Mapping):
            result[name], wrong = _under("file", given, base, found)
        else:
            continue
        problems += [each.below((name,)) for each in wrong]
    return result, problems


def _under(
    key: str, given: Mapping[str, Any], base: Path, found: Finder
) -> tuple[dict[str, Any], list[Problem]]:
    """Return a mapping with the files under `key` absolute."""
    if not isinstance(given.get(key), str | list | tuple):
        return dict(given), []
    files, wrong = _listed(given[key], base, found)
    return {**given, key: files}, [each.below((key,)) for each in wrong]


def _listed(given: object, base: Path, found: Finder) -> tuple[object, list[Problem]]:
    """Return the files that one path or a list of them stands for."""
    if isinstance(given, str):
        files, wrong = found([given], base, ())
        return files if not wrong else given, [each._replace(path=()) for each in wrong]
    return found(given, base, ())
