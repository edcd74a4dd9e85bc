"""Where in a payload paths stand, and what they become."""

from pathlib import Path

import pytest

from eiload.base.errors import ScenarioError
from eiload.scenario import Scenario, build
from eiload.scenario.inputs import ALL

FILES = ("a.npy", "b.npy", "c.txt", "y.json", "sub/1.pb", "sub/2.pb")


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def scenario(folder: Path, payload: object) -> Scenario:
    """Return a scenario beside the files."""
    return build(
        {
            "name": "x",
            "targets": {name: {"server": "h", "model": "m"} for name in ("a", "b")},
            "compare": {"baseline": "a", "candidate": "b"},
            "payload": payload,
            "traffic": [{"phase": "p", "rate": "1/s", "for": "1 s"}],
        },
        "test",
        folder,
    )


def test_paths_become_absolute(folder: Path) -> None:
    """Of inputs in the order that is written; of folders and globs sorted."""
    inputs = scenario(
        folder, {"inputs": {"x": "a.npy", "y": {"file": ["b.npy", "a.npy"]}, "z": [1]}}
    ).payload.inputs
    assert inputs["x"].file == (str(folder / "a.npy"),)
    assert inputs["y"].file == (str(folder / "b.npy"), str(folder / "a.npy"))
    assert inputs["z"].values == [1]
    (files,) = scenario(folder, {"inputs": "*.npy"}).payload.inputs.values()
    assert files.file == (str(folder / "a.npy"), str(folder / "b.npy"))
    assert ALL in scenario(folder, {"inputs": ["a.npy"]}).payload.inputs
    expected = tuple(str(folder / "sub" / name) for name in ("1.pb", "2.pb"))
    assert scenario(folder, {"requests": ["sub"]}).payload.requests == expected


def test_what_answers_have_to_be(folder: Path) -> None:
    """Their files are found, too; the baseline is no file."""
    rules = {"y": {"equals": "y.json"}, "z": {"equals": "baseline"}}
    expect = scenario(folder, {"generate": {}, "expect": {"outputs": rules}}).payload.expect
    assert expect is not None
    assert expect.outputs["y"].equals == (str(folder / "y.json"),)
    assert expect.outputs["z"].equals == ("baseline",)


def test_what_leads_nowhere(folder: Path) -> None:
    """Each path has its line."""
    (folder / "none").mkdir()
    payload = {
        "inputs": {"x": "d.npy", "y": {"file": ["a.npy", "e.npy"]}, "z": "none"},
        "expect": {"outputs": {"o": {"equals": "f.npy"}}},
    }
    with pytest.raises(ScenarioError) as refused:
        scenario(folder, payload)
    lines = str(refused.value).split("\n")
    for line, start in zip(
        lines,
        (
            "test: payload.inputs.x: no such file, got 'd.npy'",
            "test: payload.inputs.y.file[1]: no such file, got 'e.npy'",
            "test: payload.inputs.z: no files in this folder, got 'none'",
            "test: payload.expect.outputs.o.equals: no such file, got 'f.npy'",
        ),
        strict=True,
    ):
        assert line.startswith(start)
