"""The scenario: what a user writes in YAML, checked, as frozen models.

The one place that reads scenarios. `load` a file or `parse` a text, and get a `Scenario` or one
`ScenarioError` with everything that is wrong, each with line, column, what was expected and often
what was meant. It knows what can be asked for and which requests make sense; it knows nothing of
gRPC, tensors or Locust.

The files: `document` (YAML to data with positions), `scalar` (what one value means), `paths` (files
that are named), `form` and `fields` (what all models share), `target`, `payload`, `traffic`,
`objective`, `models` (what can be said), `words` (what is wrong, in words), `reading` (all of it in
order), `address`, `problem`.
"""

from eiload.scenario.address import Address, parse_address
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
    parse_objective,
)
from eiload.scenario.payload import Expect, Payload, Synthetic
from eiload.scenario.reading import build, load, parse
from eiload.scenario.target import Target, Tls

__all__ = [
    "Address",
    "Agreement",
    "Compare",
    "Expect",
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
    "build",
    "json_schema",
    "load",
    "parse",
    "parse_address",
    "parse_objective",
]
