"""The run file's JSON Schema against real documents."""

import json
from dataclasses import replace
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from eiload.judging.judgement import judge
from eiload.record.run import Run
from eiload.report import json as report
from eiload.report.shape import RunFile, json_schema
from tests.golden import MIX, golden_run
from tests.report import runs
from tests.report.html.test_page import decided
from tests.report.runs import judged


def document(run: Run) -> Any:
    """Return a run's document as it is read."""
    return json.loads(report.render(run, judged(run)))


@pytest.mark.parametrize(
    "run",
    [
        runs.golden(),
        runs.hostile(),
        replace(runs.golden(), problems=("the sender died",)),
        golden_run(MIX),
        decided(),
    ],
    ids=["golden", "hostile", "invalid", "a mix", "phases"],
)
def test_documents_are_of_this_shape(run: Run) -> None:
    """Whatever came of the run; with no number where text is meant, nor the other way round."""
    RunFile.model_validate_json(report.render(run, judged(run)), strict=True)


def models_in(of: Any) -> list[type[BaseModel]]:
    """Return the models that a type is made of."""
    if isinstance(of, type) and issubclass(of, BaseModel):
        return [of]
    if get_origin(of) in {list, dict, Union, UnionType}:
        return [found for part in get_args(of) for found in models_in(part)]
    return []


def unknown(model: type[BaseModel], data: Any, at: str = "") -> set[str]:
    """Return the fields of a document that its model does not name, by their path."""
    if isinstance(data, list):
        return {path for each in data for path in unknown(model, each, at)}
    if not isinstance(data, dict):
        return set()
    known = {info.alias or name: info.annotation for name, info in model.model_fields.items()}
    found = {f"{at}.{name}" for name in data.keys() - known.keys()}
    for name, annotation in known.items():
        for inner in models_in(annotation):
            value = data.get(name)
            if get_origin(annotation) is dict and isinstance(value, dict):
                value = list(value.values())
            found |= unknown(inner, value, f"{at}.{name}")
    return found


OF_EILOAD = (
    ".judgement.comparison.baseline.",
    ".judgement.comparison.candidate.",
    ".judgement.comparison.phases.",
    ".judgement.comparison.response.",
    ".judgement.comparison.service.",
    ".judgement.verdicts.objective.metric",
)
"""Of which there is more than is promised."""


def test_every_field_is_named() -> None:
    """The schema has all that there is at the top, and all of the lists' rows."""
    for run in (runs.golden(), golden_run(MIX)):
        found = unknown(RunFile, document(run))
        assert {path for path in found if not path.startswith(OF_EILOAD)} == set()


def test_it_is_a_schema() -> None:
    """With the name of the file's own schema in it."""
    schema = json_schema()
    assert schema["properties"]["schema"]["const"] == "eiload-run/1"
    assert set(schema["required"]) == set(schema["properties"])
    assert (
        judge(runs.golden()).exit_status
        in schema["$defs"]["Judgement"]["properties"]["exit_status"]["enum"]
    )
