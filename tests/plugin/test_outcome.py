"""What a run leaves behind: exit status, files, words."""

import json
from pathlib import Path
from typing import Any

import pytest

from eiload.base.errors import OutputError, ScenarioError, TargetError
from eiload.plugin.delivery import Way
from eiload.plugin.others import Others
from eiload.plugin.outcome import BELOW_LOCUSTS, Outcome
from eiload.record.run import Run, load
from eiload.report import TABLES
from tests.golden import TWO, golden_run, steady


def outcome(run: Run, *signals: str, **options: Any) -> Outcome:
    """Return the outcome of a run with these options."""
    plain: dict[str, Any] = {"reports": {}, "undecided_ok": False, "status_on_errors": 1}
    return Outcome.of(run, signals, **{**plain, **options})


@pytest.fixture(scope="module")
def good() -> Run:
    """Return a run of two equal, quick targets."""
    return golden_run(TWO, {"gpu": steady(100, 1), "ei": steady(100, 1)})


def test_reports_are_written(good: Run, tmp_path: Path) -> None:
    """Each form that was asked for is in its file; the run file can be read again."""
    paths = {form: tmp_path / form for form in ("json", "markdown", "junit")}
    assert outcome(good, reports=paths).written == ("json", "markdown", "junit")
    assert load(paths["json"]).intervals == good.intervals
    assert "golden" in paths["markdown"].read_text()
    assert paths["junit"].read_text().startswith("<?xml")
    assert "judgement" in json.loads(paths["json"].read_text())


def test_tables_are_written(good: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """CSV is a folder of files; one that cannot be made is said."""
    assert outcome(good, reports={"csv": tmp_path / "a" / "tables"}).written == ("csv",)
    names = sorted(path.name for path in (tmp_path / "a" / "tables").iterdir())
    assert names == sorted(TABLES)
    (tmp_path / "file").write_text("")
    assert outcome(good, reports={"csv": tmp_path / "file" / "x"}).exit_status == 6
    assert "cannot be made a folder" in capsys.readouterr().err


def test_unwritten_report(good: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A report that cannot be written is said, and is the exit status of a good run."""
    (tmp_path / "file").write_text("")
    found = outcome(good, reports={"json": tmp_path / "file" / "run.json"})
    assert "cannot be written" in capsys.readouterr().err
    assert found.exit_status == 6
    assert found.written == ()


def test_delivered_elsewhere(good: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is not taken there makes status 6, and a case of the JUnit file; files are written."""

    def refuse(*_: str) -> None:
        raise OutputError("--report-to http://there/: not delivered: why")

    taken: dict[str, str] = {}
    ways = [
        Way("there", "json", taken.__setitem__),
        Way("there", "csv", taken.__setitem__),
        Way("there", "html", refuse),
    ]
    paths = {"junit": tmp_path / "junit.xml", "json": tmp_path / "run.json"}
    found = outcome(good, reports=paths, ways=ways)
    assert found.exit_status == 6
    assert sorted(found.written) == ["json", "junit"]
    assert json.loads(taken.pop(""))["schema"] == "eiload-run/1"
    assert "seconds.csv" in taken
    assert "eiload: --report-to http://there/: not delivered: why" in capsys.readouterr().err
    assert "a result could not be written" in paths["junit"].read_text()


def test_step_summary(good: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where CI offers a summary page, the Markdown is appended to it."""
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    outcome(good)
    assert summary.read_text().startswith("before\n")
    assert "golden" in summary.read_text()


def test_signals_come_first(good: Run) -> None:
    """A run ended by a signal says so in its exit status."""
    assert outcome(good, "SIGINT").exit_status == 130
    assert outcome(good, "SIGTERM").exit_status == 143


def test_errors() -> None:
    """A run that did not come to be has its error's status; a signal counts less than a mistake."""
    assert Outcome.of_error(TargetError("gone"), []).exit_status == 4
    assert Outcome.of_error(ScenarioError("wrong"), ["SIGINT"]).exit_status == 2
    assert Outcome.of_error(None, ["SIGINT"]).exit_status == 130
    assert Outcome.of_error(None, []).exit_status == 5
    assert Outcome.of_error(TargetError("gone"), []).error == "gone"


def test_locusts_own_rule() -> None:
    """Failures in a run without objectives give the status that Locust was told to give."""
    text = "\n".join(
        line for line in TWO.splitlines() if not line.startswith(("objectives", "compare"))
    )
    run = golden_run(text, {"gpu": steady(float("inf"), 1), "ei": steady(100, 1)})
    assert outcome(run, status_on_errors=7).exit_status == 7
    assert outcome(run, status_on_errors=0).exit_status == 0


def test_shown(good: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """The report is printed; of a run that did not come to be, nothing is."""
    outcome(good).show()
    alone = capsys.readouterr().out
    assert "golden" in alone
    outcome(good).show(below_locusts=True)
    said = capsys.readouterr()
    assert (said.out, said.err) == (alone, f"{BELOW_LOCUSTS}\n")
    Outcome.of_error(None, []).show()
    assert capsys.readouterr().out == ""


def test_junit_tells_of_other_files(
    good: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that could not be written makes the exit status 6, and a case of the JUnit file."""
    (tmp_path / "file").write_text("")
    junit = tmp_path / "junit.xml"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "file" / "summary.md"))
    assert outcome(good, reports={"junit": junit}).exit_status == 6
    assert "a result could not be written" in junit.read_text()


def test_a_form_that_fails_takes_no_other(
    good: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A defect in one form of report is a line and exit status 5; the others are written."""

    def broken(*_: object) -> str:
        raise ValueError("a defect")

    monkeypatch.setattr("eiload.report.markdown.render", broken)
    paths = {form: tmp_path / form for form in ("json", "markdown", "junit")}
    found = outcome(good, reports=paths)
    assert found.exit_status == 5
    assert found.written == ("json", "junit")
    assert "internal error: ValueError: a defect" in capsys.readouterr().err


def test_others_beside_ours(good: Run, tmp_path: Path) -> None:
    """Failures of other users make Locust's status, the last line says so, and CI sees it."""
    junit = tmp_path / "junit.xml"
    found = outcome(good, others=Others(failures=9, on_errors=7), reports={"junit": junit})
    own = outcome(good).exit_status
    assert found.own_status == own
    assert found.exit_status == (own or 7)
    assert found.judgement is not None
    assert found.judgement.summary.endswith("; 9 failures of other users: see Locust's tables")
    assert "9 failures of other users" in junit.read_text()
    later = found.beside(Others(exceptions=1))
    assert later.judgement is not None
    assert later.judgement.summary.endswith("; 1 exception in tasks: see Locust's tables")
    assert Outcome.of_error(ScenarioError("wrong"), []).beside(Others(failures=1)).exit_status == 2
