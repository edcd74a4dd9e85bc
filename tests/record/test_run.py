"""run: a run answers the same when it comes from its file, and its file is whole or old."""

import json
import math
from pathlib import Path

import pytest

from eiload.base.errors import OutputError, ScenarioError
from eiload.record.run import Run, load, save
from tests.golden import MIX, ONE, golden_run, scenario


def test_file_reads_back_as_the_same_run(tmp_path: Path) -> None:
    """Everything that judging and reporting ask of a run survives its file."""
    run = golden_run()
    save(tmp_path / "run.json", run.to_json())
    assert load(tmp_path / "run.json") == run


def test_file_is_plain_json_with_a_schema(tmp_path: Path) -> None:
    """Other tools can read the file and know its version."""
    save(tmp_path / "run.json", golden_run().to_json())
    data = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert data["schema"] == "eiload-run/1"
    assert [target["name"] for target in data["targets"]] == ["gpu", "ei"]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "an empty file"),
        ("[]", r"not a run file of schema 'eiload-run/1', but JSON of something else"),
        ('{"schema": "eiload-run/9"}', r'but of schema "eiload-run/9"'),
        ('{"schema": "eiload-run/1"}', r"damaged run file: KeyError: 'scenario'"),
        ("\x00", "no text"),
    ],
)
def test_what_is_no_run_file_is_refused_by_name(tmp_path: Path, text: str, match: str) -> None:
    """A wrong file is the user's: exit 2, one line, the file's name first."""
    path = tmp_path / "wrong.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=match) as raised:
        load(path)
    assert str(raised.value).startswith(f"{path}: ")


def test_missing_file_is_said(tmp_path: Path) -> None:
    """A file that is not there is named with the reason."""
    with pytest.raises(ScenarioError, match=r"no\.json: cannot be read: No such file"):
        load(tmp_path / "no.json")


def test_cut_file_is_refused_in_one_error(tmp_path: Path) -> None:
    """A file cut anywhere raises ScenarioError, never another error, never a run."""
    text = json.dumps(golden_run(ONE.replace("5 min", "5 s")).to_json())
    path = tmp_path / "cut.json"
    for end in range(0, len(text), max(1, len(text) // 60)):
        path.write_text(text[:end], encoding="utf-8")
        with pytest.raises(ScenarioError, match=r"^.*cut\.json: "):
            load(path)


def test_save_leaves_the_old_file_when_it_cannot_write(tmp_path: Path) -> None:
    """A document that cannot be written leaves the old one whole and nothing beside it."""
    path = tmp_path / "run.json"
    save(path, {"old": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        save(path, {"new": math.nan})
    assert json.loads(path.read_text(encoding="utf-8")) == {"old": 1}
    assert [each.name for each in tmp_path.iterdir()] == ["run.json"]


def test_save_to_a_missing_folder_is_an_output_error(tmp_path: Path) -> None:
    """Where a file cannot be written is said with the reason."""
    with pytest.raises(OutputError, match=r"run\.json: cannot be written: No such file"):
        save(tmp_path / "no" / "run.json", {})


def test_scenario_travels_with_its_run() -> None:
    """A run file holds the plan, so that objectives can be judged again in a year."""
    run = Run.from_json(json.loads(json.dumps(golden_run().to_json())))
    assert run.scenario == scenario()
    assert not run.emulated


def test_a_run_by_class_is_read_as_it_was() -> None:
    """The file of a mix has the counts once, by class; all else adds them up."""
    run = golden_run(MIX)
    again = Run.from_json(json.loads(json.dumps(run.to_json())))
    assert (again.intervals, again.by_class) == (run.intervals, run.by_class)
    of = {name: again.of_class(name) for name in ("small", "large")}
    totals = {name: each.sample(0).total for name, each in of.items()}
    assert sum(totals.values()) == again.sample(0).total
    assert totals["small"] == pytest.approx(3 * totals["large"], rel=0.05)
    assert of["large"].sample(0).quantile_ns(0.5) > 2.5 * of["small"].sample(0).quantile_ns(0.5)
    with pytest.raises(ValueError, match="huge"):
        run.of_class("huge")
