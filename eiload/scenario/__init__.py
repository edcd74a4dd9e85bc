"""The scenario: what a user writes in YAML, checked, as frozen models.

`load` a file or `parse` a text, and get a `Scenario`, or one `ScenarioError` with everything that
is wrong, each with line, column, what was expected and often what was meant. In the order of the
data's way:

- `finding` (where files are, by name), `document` (YAML to data with positions; `scalar`: what one
  value means), `presets` (phases with a name of their own, written out), `paths` (files that are
  named), then the models, `reading` all of it in order; `words` says what is wrong (`problem`)
- the models: `form` and `fields` (what all have in common), `target` (`address`; `observe`: what
  is read beside the load), `payload` (`payload_paths`, `inputs` of any model, `expect` of answers,
  `labels`, COCO's), `traffic` (`law_field`, `rate_field`, `rate_points`, `replay_field`,
  `users_field`; `until_field`: how long), `objective` (`watched`: on what is observed), `abort`,
  `find` (where a capacity is looked for; `trial`: one of such a search), `standin` (what a stand-in
  is told), and all together: `models`, with what does not fit together (`conflicts`)
- `laws` (what lies between arrivals), `rates` (how many are expected), `until` (when a phase is
  looked at), `replay` of a recorded `trace` (`trace_lines`, `trace_times`; a `turn` through it,
  what was `seen`), `users` (of closed loops), `arrivals` and `schedule`: which requests are due
  when; `picks`: what each asks, drawn (`mix`) or by a trace's `choice`, a function of traffic,
  payload and seed; `census` counts them

What it must not know: gRPC, tensors, Locust, and what comes of a run. A name is loaded when it is
asked for: the stand-in's process, which needs `standin` alone, would start half a second later
otherwise.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eiload.scenario.address import Address, parse_address
    from eiload.scenario.expect import AnyOutput, Expect
    from eiload.scenario.inputs import Generate, Input
    from eiload.scenario.models import Compare, Scenario, json_schema
    from eiload.scenario.objective import (
        Agreement,
        Max,
        Mean,
        Metric,
        Objective,
        Quantile,
        Share,
        Throughput,
        Versions,
        parse_objective,
    )
    from eiload.scenario.payload import Payload, Synthetic
    from eiload.scenario.reading import build, load, parse, restore
    from eiload.scenario.target import Target, Tls

__all__ = [
    "Address",
    "Agreement",
    "AnyOutput",
    "Compare",
    "Expect",
    "Generate",
    "Input",
    "Max",
    "Mean",
    "Metric",
    "Objective",
    "Payload",
    "Quantile",
    "Scenario",
    "Share",
    "Synthetic",
    "Target",
    "Throughput",
    "Tls",
    "Versions",
    "build",
    "json_schema",
    "load",
    "parse",
    "parse_address",
    "parse_objective",
    "restore",
]

_HOMES = {
    "Address": "address",
    "parse_address": "address",
    "Compare": "models",
    "Scenario": "models",
    "json_schema": "models",
    "Agreement": "objective",
    "Max": "objective",
    "Mean": "objective",
    "Metric": "objective",
    "Objective": "objective",
    "Quantile": "objective",
    "Share": "objective",
    "Throughput": "objective",
    "Versions": "objective",
    "parse_objective": "objective",
    "AnyOutput": "expect",
    "Expect": "expect",
    "Generate": "inputs",
    "Input": "inputs",
    "Payload": "payload",
    "Synthetic": "payload",
    "build": "reading",
    "load": "reading",
    "parse": "reading",
    "restore": "reading",
    "Target": "target",
    "Tls": "target",
}
"""The file of each name."""


def __getattr__(name: str) -> Any:
    """Load a name when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
