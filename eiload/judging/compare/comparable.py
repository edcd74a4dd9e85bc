"""May these runs be compared? Refused in one line that names the file, the field and both values.

What it knows: which parts of a scenario must be the same for times to mean the same. What it must
not know: the times.

What is sent is compared by its content where the run files have a fingerprint of it: images of one
name may be other images. Where the files lie, what is expected of answers, and under which address
a target was attached may differ.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

from eiload.base.errors import ScenarioError
from eiload.record.run import PAYLOAD, Run

__all__ = ["Named", "refuse", "refuse_versions"]


class Named(NamedTuple):
    """A run and what to call it, as a rule its file."""

    name: str
    run: Run


def refuse(files: Sequence[Named], fields: Sequence[str], *, allow_different_seed: bool) -> None:
    """Raise when runs differ in what must be the same.

    Args:
        files: the runs.
        fields: of the scenario, that must be the same.
        allow_different_seed: whether the seed may differ.

    Raises:
        ScenarioError: two runs differ, or are one.
    """
    seen = [*fields] if allow_different_seed else [*fields, "seed"]
    first = files[0]
    for index, file in enumerate(files):
        for other in files[:index]:
            if other.run.started_wall_ns == file.run.started_wall_ns and (
                other.run.intervals == file.run.intervals
            ):
                raise ScenarioError(f"{file.name}: the same run as {other.name}")
        for field in seen:
            path = _difference(_covered(first.run, field), _covered(file.run, field), field)
            if path is None and field == "payload":
                path = _other_content(first.run, file.run)
            if path is not None:
                remedy = "; --allow-different-seed" if field == "seed" else ""
                raise ScenarioError(
                    f"{file.name}: not comparable with {first.name}: {path}{remedy}"
                )


def refuse_versions(one: tuple[Named, int], other: tuple[Named, int]) -> None:
    """Raise when a model answered as other versions in one run than in the other.

    Args:
        one: a run and the index of its target.
        other: another; a target of another model is another system anyway, and meant to be.

    Raises:
        ScenarioError: the versions are known, and not the same.
    """
    found = []
    for file, target in (one, other):
        facts = file.run.targets[target]
        numbers = {each.number for each in file.run.served(target).versions}
        found.append((file, facts.model, sorted(numbers)))
    (first, model, its), (second, same, theirs) = found
    if model == same and its and theirs and its != theirs:
        raise ScenarioError(
            f"{second.name}: not comparable with {first.name}: model {model!r} answered as"
            f" {_versions(theirs)}, not {_versions(its)}; --allow-different-versions"
        )


def _versions(numbers: Sequence[int]) -> str:
    plural = "s" if len(numbers) > 1 else ""
    return f"version{plural} {', '.join(map(str, numbers))}"


def _other_content(one: Run, other: Run) -> str | None:
    """Return that two runs sent other content under the same names; None where it is not known."""
    digests = [run.environment.get(PAYLOAD, "") for run in (one, other)]
    if not all(digests) or digests[0] == digests[1]:
        return None
    return f"payload has other content: SHA-256 {digests[1][:12]}..., not {digests[0][:12]}..."


def _covered(run: Run, field: str) -> Any:
    """Return a field of the scenario as plain data, without what may differ between runs."""
    return _COVERED.get(field, lambda data: data[field])(json.loads(run.scenario.to_json()))


def _payload(data: Any) -> Any:
    """Return what is sent; where the files lie and what is expected of the answers is no matter."""
    return {
        **_content(data["payload"]),
        "mix": [_content(part) for part in data["payload"].get("mix") or ()],
    }


def _content(part: Any) -> Any:
    kept = {key: value for key, value in part.items() if key != "expect"}
    return {**kept, "images": [PurePath(image).name for image in part.get("images") or ()]}


def _traffic(data: Any) -> Any:
    """Return the phases; where a replayed trace lies is no matter, what is in it was seen."""
    return [
        phase | {"replay": phase["replay"] | {"file": PurePath(phase["replay"]["file"]).name}}
        if "replay" in phase
        else phase
        for phase in data["traffic"]
    ]


_COVERED: dict[str, Callable[[Any], Any]] = {
    "payload": _payload,
    "traffic": _traffic,
    # A fresh attachment may have another address.
    "targets": lambda data: {name: target["model"] for name, target in data["targets"].items()},
    "compare": lambda data: data.get("compare"),
}


def _difference(one: Any, other: Any, path: str) -> str | None:
    """Return the first place where two values differ and how; None when they are equal."""
    if one == other:
        return None
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *(key for key in other if key not in one)]:
            found = _difference(one.get(key), other.get(key), f"{path}.{key}")
            if found is not None:
                return found
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (mine, theirs) in enumerate(zip(one, other, strict=True)):
            found = _difference(mine, theirs, f"{path}[{index}]")
            if found is not None:
                return found
    return f"{path} is {_plain(other)}, not {_plain(one)}"


def _plain(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
