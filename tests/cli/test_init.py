"""`eiload init`: what it writes is right, and nothing is written over."""

import ast
from pathlib import Path

import pytest
import yaml

from eiload.cli.init import MODELINE, PLACES, files
from eiload.cli.main import main


def test_what_it_writes_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The scenario is good, by its name; the locustfile is Python, the job is YAML."""
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    out = capsys.readouterr().out
    for place in PLACES.values():
        assert (tmp_path / place).is_file()
        assert f"{place}\n" in out
    assert main(["validate", "first"]) == 0
    ast.parse((tmp_path / "locustfile.py").read_text())
    job = yaml.safe_load((tmp_path / ".github/workflows/load-test.yml").read_text())
    assert [step["run"] for step in job["jobs"]["first"]["steps"] if "run" in step][1] == (
        "eiload validate first"
    )


def test_editors_find_the_schema(tmp_path: Path) -> None:
    """The modeline names a file that is beside the scenario."""
    texts = files()
    name = MODELINE.partition("$schema=")[2].strip()
    assert texts["scenarios/first.yaml"].startswith(MODELINE)
    assert f"scenarios/{name}" in texts


def test_nothing_is_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that is there keeps all from being written, unless --force says so."""
    (tmp_path / "locustfile.py").write_text("mine\n")
    assert main(["init", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith(
        f"eiload: {tmp_path}: locustfile.py is there already; nothing is written"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["locustfile.py"]
    assert main(["init", str(tmp_path), "--force"]) == 0
    assert "SSDUser" in (tmp_path / "locustfile.py").read_text()


def test_below_a_repositorys_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """GitHub would not see the job there, which is said; and where to go on."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    assert main(["init", "load tests"]) == 0
    said = capsys.readouterr()
    assert "next:\n  cd 'load tests'\n  eiload validate first" in said.out
    assert f"GitHub reads workflows in {tmp_path}/.github/workflows alone" in said.err
    assert "working-directory: load tests}" in said.err
    assert main(["init"]) == 0
    said = capsys.readouterr()
    assert "next:\n  eiload validate first" in said.out
    assert said.err == ""


def test_where_nothing_can_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """That is one line and status 6."""
    (tmp_path / "file").write_text("")
    assert main(["init", str(tmp_path / "file")]) == 6
    assert "cannot be made a folder" in capsys.readouterr().err
