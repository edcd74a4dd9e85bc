"""Reports as JSON: run files with what was derived from them."""

import json
import math
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.status import Status
from eiload.judging.judgement import judge
from eiload.record import run as run_
from eiload.record.intervals import Intervals
from eiload.record.run import Run
from eiload.report import json as report
from eiload.report.plain import plain
from tests.report import runs


def strict(text: str) -> Any:
    """Return what a reader of JSON that knows no NaN reads."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


def document(run: Run) -> Any:
    """Return a run's document as it is read."""
    return strict(report.render(run, judge(run)))


def test_it_is_the_run_file(tmp_path: Path) -> None:
    """The document can be loaded as a run, equal to the one that it is of."""
    path = tmp_path / "run.json"
    path.write_text(report.render(runs.golden(), judge(runs.golden())), encoding="utf-8")
    loaded = run_.load(path)
    assert loaded == runs.golden()
    assert judge(loaded) == judge(runs.golden())


def test_figures_for_scripts() -> None:
    """Each target's figures are there, times in ms, null where there is no number."""
    gpu, ei = document(runs.golden())["figures"]
    assert (gpu["target"], gpu["phase"], gpu["scheduled"]) == ("gpu", None, 3000)
    assert gpu["response_ms"]["p50"] == pytest.approx(100, rel=0.05)
    assert gpu["response_ms"]["p99.9"] is None
    assert (ei["ok"], ei["failed"], ei["dropped"], ei["unfinished"], ei["lost"]) == (
        2990, 7, 2, 1, 0,
    )  # fmt: skip


def test_the_judgement_is_derived() -> None:
    """Verdicts, comparison, cost and exit status are beside the data."""
    judged = document(runs.golden())["judgement"]
    assert judged["exit_status"] == 1
    assert judged["validity"]["valid"] is True
    words = [verdict["word"] for verdict in judged["verdicts"]]
    assert words == ["pass", "undecided", "pass", "pass"]
    assert judged["comparison"]["word"] == "increase"
    assert judged["cost"]["targets"][0]["usd_per_million"] == pytest.approx(5)


@pytest.mark.parametrize(
    "run",
    [
        replace(runs.golden(), intervals=Intervals.empty()),
        replace(runs.golden(), intervals=Intervals.empty(), ended_ns=0),
        replace(
            runs.golden(),
            intervals=runs.recorded(
                runs.ended(runs.results(0, 1, 10, [1.0] * 3000), slice(None), Status.UNAVAILABLE)
            ),
        ),
        runs.hostile(),
    ],
)
def test_no_nan_and_no_infinity(run: Run) -> None:
    """Whatever happened, the document is JSON by its standard."""
    assert document(run)["schema"] == "eiload-run/1"


def test_secrets_are_masked() -> None:
    """The values of metadata are in no report."""
    text = runs.SCENARIO.replace("model: ssd,", "model: ssd, metadata: {token: canary-7},")
    run = replace(runs.golden(), scenario=runs.scenario(text))
    assert run.scenario.targets["gpu"].metadata == {"token": "canary-7"}
    assert "canary-7" not in report.render(run, judge(run))


class Colour(StrEnum):
    """A text."""

    RED = "red"


class Number(IntEnum):
    """A number."""

    ONE = 1


@dataclass(frozen=True, slots=True)
class Record:
    """Something of everything."""

    colour: Colour
    number: Number
    times: tuple[float, ...]
    names: dict[str, bool | None]


def test_plain() -> None:
    """Records become objects, enumerations their values; what is no number is null or a word."""
    record = Record(Colour.RED, Number.ONE, (1.5, math.nan, math.inf, -math.inf), {"a": None})
    assert plain(record) == {
        "colour": "red",
        "number": 1,
        "times": [1.5, None, "inf", "-inf"],
        "names": {"a": None},
    }
    assert type(plain(Colour.RED)) is str
    assert type(plain(Number.ONE)) is int
    with pytest.raises(TypeError, match=r"^cannot be written as JSON, got <object"):
        plain(object())


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


@given(values)
def test_anything_plain_is_json(value: object) -> None:
    """Every value of these kinds can be written without NaN and is read back."""
    text = json.dumps(plain(value), allow_nan=False)
    assert plain(strict(text)) == strict(text)
