"""Scenarios by name: the working directory's, then those that come with eiload."""

from pathlib import Path

import pytest

from eiload.base.errors import ScenarioError
from eiload.scenario import finding


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder; return it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_those_that_come_with_eiload(here: Path) -> None:
    """In an empty folder the package's own are found."""
    assert "demo" in finding.names()
    assert finding.find("demo") == finding.shipped() / "demo.yaml"
    assert finding.listed("demo") == finding.find("demo")


def test_ones_own_go_first(here: Path) -> None:
    """A name that is in scenarios/ as well is the user's."""
    (here / "scenarios").mkdir()
    for name in ("demo.yaml", "mine.yml", "not.txt"):
        (here / "scenarios" / name).write_text("name: x\n")
    (here / "scenarios" / "folder.yaml").mkdir()
    assert finding.find("demo") == Path("scenarios/demo.yaml")
    assert finding.find("mine") == Path("scenarios/mine.yml")
    assert finding.names()[:2] == ["demo", "mine"]
    assert finding.names().count("demo") == 1


def test_paths_are_taken_as_they_are(here: Path) -> None:
    """Whether one is there, its reader says."""
    (here / "plain").write_text("name: x\n")
    for path in ("plain", "none.yaml", "some/where"):
        assert finding.find(path) == Path(path)


def test_an_unknown_name(here: Path) -> None:
    """It is said which there are, and which was meant."""
    with pytest.raises(ScenarioError, match=r"'demmo': no such file.*\(did you mean 'demo'\?\)"):
        finding.find("demmo")


@pytest.mark.parametrize("name", ["", "..", "../demo", "/etc/passwd", "scenarios/demo"])
def test_names_are_no_paths(name: str, here: Path) -> None:
    """What a form sends leads nowhere else."""
    assert finding.listed(name) is None
