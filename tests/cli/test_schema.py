"""`eiload schema`."""

import json
import os
from pathlib import Path

import pydantic
import pytest
import yaml
from jsonschema import Draft202012Validator

from eiload.cli.init import files
from eiload.cli.main import main
from eiload.scenario import json_schema
from tests.scenario.everything import EVERYTHING

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "schema" / "eiload.schema.json"
MODELINE = "# yaml-language-server: $schema="


def test_schema_is_a_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """The schema is JSON and describes a scenario."""
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["title"] == "eiload scenario"
    assert "targets" in schema["properties"]


@pytest.mark.skipif(
    tuple(map(int, pydantic.VERSION.split(".")[:2])) < (2, 14),
    reason="older pydantic writes it otherwise",
)
def test_the_published_one_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """What editors read from the checkout is what this version's scenarios are checked by."""
    assert main(["schema"]) == 0
    assert PUBLISHED.read_text("utf-8") == capsys.readouterr().out, (
        "run: eiload schema > schema/eiload.schema.json"
    )


SHIPPED = sorted((ROOT / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("scenario", SHIPPED, ids=os.path.basename)
def test_each_shipped_scenario_names_it(scenario: Path) -> None:
    """In its first line, in the way of yaml-language-server, by a path that is there."""
    first = scenario.read_text("utf-8").splitlines()[0]
    assert first.startswith(MODELINE)
    assert (scenario.parent / first.removeprefix(MODELINE)).resolve() == PUBLISHED


@pytest.fixture(scope="module")
def editor() -> Draft202012Validator:
    """Return what says of a scenario what an editor would underline."""
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def underlined(editor: Draft202012Validator, text: str) -> list[str]:
    """Return where an editor sees something wrong."""
    return [each.json_path for each in editor.iter_errors(yaml.safe_load(text))]


GOOD = {
    **{each.name: each.read_text("utf-8") for each in SHIPPED},
    "init": files()["scenarios/first.yaml"],
    "everything": EVERYTHING,
}


@pytest.mark.parametrize("name", GOOD)
def test_nothing_is_underlined_in_what_is_right(name: str, editor: Draft202012Validator) -> None:
    """Scenarios that are taken are good to editors as well."""
    assert underlined(editor, GOOD[name]) == []


SMALL = """\
name: small
targets: {gpu: {server: localhost, model: ssd}}
payload: {synthetic: 8x8}
traffic: [{phase: steady, rate: 8/s, for: 10 s}]
objectives: [p99 < 1 s]
"""


@pytest.mark.parametrize(
    "more",
    [
        "8/s -> 1e-3/s",
        '8/s -> "${RATE}"',
        "10 s -> +1.5e1 s",
        "server: localhost -> stand_in: {compute: 3 ms}",
        "server: localhost -> stand_in: {compute: {constant: 3 ms}}",
        "server: localhost, model: ssd -> api: sagemaker, endpoint: ssd, region: eu-west-1",
    ],
)
def test_ways_to_write_it(more: str, editor: Draft202012Validator) -> None:
    """What the reader takes is not underlined."""
    before, after = more.split(" -> ")
    assert underlined(editor, SMALL.replace(before, after)) == []


@pytest.mark.parametrize(
    ("slip", "where"),
    [
        ("name: small -> nam: small", "$"),
        ("name: small\n -> ", "$"),
        ("model: ssd -> modl: ssd", "$.targets.gpu"),
        (", model: ssd -> ", "$.targets.gpu"),
        ("model: ssd -> api: sagemaker", "$.targets.gpu"),
        ("model: ssd -> model: ssd, api: rest", "$.targets.gpu.api"),
        ("model: ssd -> model: ssd, deadline: 5", "$.targets.gpu.deadline"),
        ("model: ssd -> model: ssd, deadline: 5 sec", "$.targets.gpu.deadline"),
        ("model: ssd -> model: ssd, connections: many", "$.targets.gpu.connections"),
        ("server: localhost -> stand_in: {compute: fast}", "$.targets.gpu.stand_in"),
        ("server: localhost -> stand_in: p2.xlarg", "$.targets.gpu.stand_in"),
        ("10 s -> 10", "$.traffic[0]"),
        ("8/s -> 8", "$.traffic[0]"),
        ("phase: steady -> phse: steady", "$.traffic[0]"),
        ("[p99 < 1 s] -> 7", "$.objectives"),
    ],
)
def test_slips_are_underlined(slip: str, where: str, editor: Draft202012Validator) -> None:
    """Where they are."""
    before, after = slip.split(" -> ")
    wrong = SMALL.replace(before, after)
    assert wrong != SMALL
    assert where in underlined(editor, wrong)
