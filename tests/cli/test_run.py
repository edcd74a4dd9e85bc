"""`eiload run` and `eiload demo`: Locust in this process's place."""

import sys
from pathlib import Path

import pytest

from eiload.base.errors import ScenarioError
from eiload.cli.main import main
from eiload.cli.run import command
from eiload.scenario import finding
from tests.cli.command import eiload


def test_the_command_line_is_locusts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package's locustfile, headless, the scenario's path, then what else was said."""
    monkeypatch.chdir(tmp_path)
    line = command("demo", ["--processes", "2"])
    assert line[:4] == [sys.executable, "-m", "eiload.plugin.command", "-f"]
    assert Path(line[4]).read_text("utf-8").startswith('"""The locustfile')
    assert line[5:] == [
        "--headless", "--only-summary", "--scenario", str(finding.shipped() / "demo.yaml"),
        "--processes", "2",
    ]  # fmt: skip
    assert command("mine.yaml", [])[-1] == "mine.yaml"


def test_an_unknown_name_is_no_run() -> None:
    """It is refused before Locust starts."""
    with pytest.raises(ScenarioError, match="did you mean 'demo'"):
        command("dem", [])


@pytest.mark.parametrize("words", [[], ["--processes", "2", "demo"]])
def test_the_scenario_comes_first(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An option's value must not be taken for it."""
    assert main(["run", *words]) == 2
    assert "expected 'eiload run SCENARIO ...'" in capsys.readouterr().err


def test_locust_says_what_is_wrong(tmp_path: Path) -> None:
    """A real one: what follows the scenario is Locust's, and its status is the command's."""
    path = tmp_path / "bad.yaml"
    path.write_text("name: x\n")
    done = eiload("run", str(path), "--loglevel", "WARNING")
    assert done.returncode == 2
    assert f"eiload: {path}:1:1: 'targets' is missing" in done.stderr


def test_the_demo_takes_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locust's, though no argument comes before them; help is eiload's own."""
    monkeypatch.chdir(tmp_path)
    done = eiload("demo", "--version")
    assert done.returncode == 0
    assert done.stdout.startswith("locust ")
    assert eiload("demo", "--help").stdout.startswith("usage: eiload demo [OPTION ...]")
