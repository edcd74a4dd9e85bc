"""`eiload schema`."""

import json
import os
from pathlib import Path

import pydantic
import pytest

from eiload.cli.main import main

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
