"""`eiload schema`."""

import json

import pytest

from eiload.cli.main import main


def test_schema_is_a_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """The schema is JSON and describes a scenario."""
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["title"] == "eiload scenario"
    assert "targets" in schema["properties"]
