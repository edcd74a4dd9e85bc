"""`eiload report RUN --csv FOLDER`."""

from pathlib import Path

import pytest

from eiload.base.files import write_whole
from eiload.cli.main import main
from eiload.judging.judgement import judge
from eiload.report import render
from tests.report import runs


def test_tables_are_written_beside_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder is made; a second time its files are replaced."""
    run = runs.golden()
    path = tmp_path / "run.json"
    write_whole(path, render("json", run, judge(run)))
    status = judge(run).exit_status
    for _ in range(2):
        assert main(["report", str(path), "--csv", str(tmp_path / "a" / "b")]) == status
    names = sorted(each.name for each in (tmp_path / "a" / "b").iterdir())
    assert names == ["objectives.csv", "parts.csv", "percentiles.csv", "seconds.csv"]
    assert judge(run).summary in capsys.readouterr().out
    assert main(["report", str(path), "--csv", str(path)]) == 6
    assert f"{path}: cannot be made a folder" in capsys.readouterr().err
