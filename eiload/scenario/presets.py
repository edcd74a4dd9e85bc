"""Phases that have a name of their own, as data, each with where its numbers are from.

``{phase: server, preset: mlperf-server, rate: 8/s}`` is written out into a phase (and, for some, an
objective) before anything is checked, so that everything after this sees what a user could have
written himself: the resolved form, reports and comparisons show no presets. What is given beside
the name (`for`, `warm_up`, ...) stands instead of the preset's.

In `Preset.phase` a float is a multiple of the given rate.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from eiload.base.near import nearest
from eiload.base.quantity import shown
from eiload.base.units import format_rate, parse_rate
from eiload.scenario.fields import Name, Text, YesNo
from eiload.scenario.form import Form
from eiload.scenario.problem import Problem

__all__ = ["PRESETS", "Preset", "PresetForm", "expanded"]


@dataclass(frozen=True, slots=True)
class Preset:
    """A phase, and where its numbers are from."""

    what: str
    source: str
    phase: Mapping[str, Any]
    objectives: tuple[str, ...] = ()
    """Of this phase."""
    batch: int | None = None
    """Images that a request has to have."""


RULES = "MLCommons, inference_policies (rules of 2026-07-23) and mlperf.conf"

PRESETS: Mapping[str, Preset] = {
    "mlperf-server": Preset(
        "MLPerf's Server scenario: Poisson arrivals for 10 min, 100 ms at the 99th percentile",
        f"{RULES}; the limit is that of its last object detectors in Server, SSD-ResNet34 and "
        "RetinaNet",
        {"rate": 1.0, "arrivals": "poisson", "for": "10 min"},
        ("p99 < 100 ms",),
    ),
    "mlperf-singlestream": Preset(
        "MLPerf's SingleStream: the next request after the last answer, for 10 min (its metric is "
        "the 90th percentile)",
        RULES,
        {"users": 1, "think": "0 s", "for": "10 min"},
    ),
    "mlperf-multistream": Preset(
        "MLPerf's MultiStream: eight images at a time, the next eight after the answer (its metric "
        "is the 99th percentile)",
        RULES,
        {"users": 1, "think": "0 s", "for": "10 min"},
        batch=8,
    ),
    "mlperf-offline": Preset(
        "MLPerf's Offline: as fast as answers come, 32 requests in flight (its metric is the "
        "throughput)",
        f"{RULES}, where all samples are there at once; 32 is eiload's own number",
        {"users": 32, "think": "0 s", "for": "10 min"},
    ),
    "people": Preset(
        "many independent users: Poisson within a minute, at a rate that wanders (variance over "
        "mean of counts 1.4 at 1 s, 20 at 60 s, 38 at 300 s, at 5.5/s)",
        "Azure/AzurePublicDataset, LLM inference 2023, conversations (5.5/s; 1.4, 16 and 56; CV of "
        "gaps within a minute 1.02)",
        {
            "rate": {"markov": {"calm": 0.8, "busy": 1.4, "calm_for": "150 s", "busy_for": "75 s"}},
            "arrivals": "poisson",
            "for": "10 min",
        },
    ),
    "programs": Preset(
        "programs that call in bursts: gamma gaps with a coefficient of variation of 3.3",
        "Azure/AzurePublicDataset, LLM inference 2023, code (median CV of gaps within a minute)",
        {"rate": 1.0, "arrivals": {"gamma": {"cv": 3.3}}, "for": "10 min"},
    ),
    "day-in-10-min": Preset(
        "a day's rise and fall in ten minutes: peak over mean 1.4, peak over trough 2.3",
        "alibaba/ServeGen, image clients (1.4; 2.3 of the hours)",
        {
            "rate": {"sine": {"mean": 1.0, "amplitude": 0.4, "period": "10 min"}},
            "arrivals": "poisson",
            "for": "10 min",
        },
    ),
}


class PresetForm(Form):
    """A phase that has a name of its own: what it is, is in docs/traffic.md."""

    phase: Name = Field(description="name of the phase, unique in the scenario")
    preset: Text = Field(
        description=f"one of {', '.join(PRESETS)}", json_schema_extra={"enum": list(PRESETS)}
    )
    rate: Text | None = Field(
        default=None, description="requests per second in the mean, where it is an open loop"
    )
    for_: Text | None = Field(
        default=None, alias="for", description="how long it lasts, instead of 10 min"
    )
    warm_up: YesNo = Field(default=False, description="measured and shown, but never judged")


def expanded(data: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Return a scenario's data with its presets written out, and what is wrong with them.

    What is not as it should be is left as it is: the models say what is wrong with it.
    """
    result, problems = dict(data), list[Problem]()
    traffic, payload = data.get("traffic"), data.get("payload")
    if not isinstance(traffic, list | tuple):
        return result, problems
    phases, objectives = [*traffic], list[Any]()
    for index, phase in enumerate(traffic):
        if not isinstance(phase, Mapping) or "preset" not in phase:
            continue
        name, path = phase["preset"], ("traffic", index)
        preset = PRESETS.get(name) if isinstance(name, str) else None
        if preset is None:
            hint = nearest(name, PRESETS) if isinstance(name, str) else ""
            text = f"no such preset, got {shown(name)}; expected {' or '.join(PRESETS)}{hint}"
            problems.append(Problem((*path, "preset"), text))
            if "users" not in phase:  # so that nothing is said to be missing that a preset has
                phases[index], _ = _written_out(phase, PRESETS["mlperf-server"])
            continue
        phases[index], found = _written_out(phase, preset)
        problems += [each.below(path) for each in found]
        if preset.batch and isinstance(payload, Mapping) and payload.get("batch") != preset.batch:
            text = (
                f"{name} has {preset.batch} images in a request; expected 'batch: {preset.batch}'"
            )
            problems.append(Problem(("payload",), text))
        if phase.get("warm_up") is not True and isinstance(phase.get("phase"), str):
            objectives += [
                {"phase": phase["phase"], "objective": each} for each in preset.objectives
            ]
    result["traffic"] = phases
    given = data.get("objectives", ())
    if objectives and isinstance(given, list | tuple):
        result["objectives"] = [*given, *objectives]
    return result, problems


def _written_out(phase: Mapping[str, Any], preset: Preset) -> tuple[dict[str, Any], list[Problem]]:
    own = {key: value for key, value in phase.items() if key != "preset"}
    if "rate" not in preset.phase:
        return {**preset.phase, **own}, []
    problems = []
    try:
        per_s = parse_rate(own.pop("rate", None))
    except ValueError as error:
        per_s = 1.0
        if "rate" not in phase:
            problems.append(Problem((), "no rate; expected 'rate: 8/s' beside the preset"))
        else:
            problems.append(Problem(("rate",), f"{error}, which the preset moves"))
    return {**_scaled(preset.phase, per_s), **own}, problems


def _scaled(part: Any, per_s: float) -> Any:
    """Return a part of a preset with its multiples of a rate as rates."""
    if isinstance(part, Mapping):
        return {key: value if key == "cv" else _scaled(value, per_s) for key, value in part.items()}
    # To twelve digits: 0.4 times 1.5 is 0.6 to whoever reads it.
    return format_rate(float(f"{part * per_s:.12g}")) if isinstance(part, float) else part
