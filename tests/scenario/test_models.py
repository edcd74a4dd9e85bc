"""models: defaults, secrets, and the schema that an editor reads."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eiload.scenario import Compare, Scenario, json_schema, parse
from tests.scenario.everything import everything

NS = 10**9


def test_what_is_not_said_has_a_sensible_value() -> None:
    """The least scenario is five lines; the rest are the defaults of the contract."""
    scenario = parse(
        "name: x\ntargets: {a: {server: h, model: m}}\npayload: {synthetic: 64x48}\n"
        "traffic: [{phase: p, rate: 1/s, for: 1 s}]",
        "x.yaml",
        Path("/"),
        {},
    )
    target = scenario.targets["a"]
    assert (target.signature, target.input, target.outputs) == ("serving_default", "inputs", ())
    assert (target.deadline_ns, target.patience_ns) == (60 * NS, 60 * NS)
    assert (target.connections, target.metadata, target.tls, target.price) == (1, {}, None, None)
    assert (scenario.payload.encoding, scenario.payload.batch) == ("uint8", 1)
    assert (scenario.seed, scenario.max_in_flight, scenario.sample) == (1, 1000, 100)
    assert (scenario.objectives, scenario.compare) == ((), None)
    compare = Compare(baseline="a", candidate="b")
    assert (compare.margin, compare.headline) == (0.1, 0.99)
    assert compare.quantiles == (0.5, 0.9, 0.95, 0.99, 0.999)


def test_secrets_can_be_left_out() -> None:
    """A masked scenario has the keys of metadata and not its values; nor has a repr."""
    scenario = everything()
    assert "s3cret" in scenario.to_json()
    assert "s3cret" not in scenario.masked().to_json()
    assert scenario.masked().targets["ei"].metadata == {"x-token": "***"}
    assert "s3cret" not in repr(scenario)


def entries(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every property of the schema and of its definitions, with its name."""
    for whole in (schema, *schema["$defs"].values()):
        yield from whole.get("properties", {}).items()


def test_the_schema_describes_every_field() -> None:
    """An editor shows a sentence for each key, and knows all keys."""
    schema = json_schema()
    assert schema["$schema"].startswith("https://json-schema.org/draft/2020-12")
    assert set(schema["properties"]) == set(Scenario.model_fields) - {"source"}
    for name, entry in entries(schema):
        assert entry.get("description"), name
    for whole in (schema, *schema["$defs"].values()):
        assert whole["additionalProperties"] is False
        assert whole["description"]
    json.dumps(schema, allow_nan=False)


def test_the_schema_speaks_of_units_as_they_are_written() -> None:
    """Quantities are strings with a pattern; examples and defaults fit it."""
    found = 0
    for name, entry in entries(json_schema()):
        for each in (entry, entry.get("items", {})):
            if "pattern" in each and each["type"] == "string":
                found += 1
                assert each["examples"]
                default = each.get("default")  # none: it need not be said
                written = [*each["examples"], *([default] if default is not None else [])]
                for text in written:
                    assert re.search(each["pattern"], text), (name, text)
                assert re.search(each["pattern"], "${NAME:-x}")
                assert not re.search(each["pattern"], "500")
    assert found > 10


def test_the_schema_lets_the_environment_say_numbers() -> None:
    """Where a number is expected, a reference may stand, and no other text."""
    seed = json_schema()["properties"]["seed"]
    assert seed["type"] == ["integer", "string"]
    assert seed["minimum"] == 0
    assert re.search(seed["pattern"], "${SEED:-1}")
    assert not re.search(seed["pattern"], "1")


def test_the_schema_knows_the_keys_of_yaml() -> None:
    """Keys are those of the file (`for`, `deadline`), not those of the code."""
    keys = {name for name, _ in entries(json_schema())}
    assert {"for", "from", "to", "phase", "deadline", "ready_within", "stand_in"} <= keys
    assert not [key for key in keys if key.endswith("_ns")]


def test_what_an_objective_is_on() -> None:
    """Its target, or all; its phase, or all but warm-up, and for how long these have been on."""
    text = """
name: on
targets: {a: {server: "h:1", model: m}, b: {server: "h:2", model: m}}
payload: {synthetic: 8x8}
traffic:
  - {phase: early, rate: 1/s, for: 2 s, warm_up: true}
  - {phase: calm, rate: 1/s, for: 3 s}
  - {phase: busy, rate: 9/s, for: 4 s}
objectives: [p50 < 1 s, {objective: max < 1 s, target: b}, "agreement >= 99 %"]
compare: {baseline: a, candidate: b}
"""
    of = parse(text, "on.yaml", Path(), {})
    asked = [[of.concerns(each, name) for name in of.targets] for each in of.objectives]
    assert asked == [[True, True], [False, True], [False, True]]
    assert [of.judged(), of.judged("busy"), of.judged("early")] == [(1, 2), (2,), (0,)]
    assert [of.judged_s(at_s) for at_s in (1, 3, 7, 60)] == [0, 1, 5, 7]
    assert [of.judged_s(at_s, "busy") for at_s in (3, 7, 60)] == [0, 2, 4]
