"""One trial as a process: what it is told, and why it did not come to be."""

from pathlib import Path

import pytest

from eiload.base.clock import NS_PER_S
from eiload.base.errors import OutputError, TargetError
from eiload.cli import trials
from eiload.cli.trials import Place, run_trial
from eiload.scenario.trial import model
from eiload.scenario.until_field import Length
from tests.ports import free_port
from tests.report import searches


def test_what_is_not_for_trials() -> None:
    """Reports and loads of the search's own environment; what makes the load is for them."""
    environ = {
        "LOCUST_REPORT_JSON": "x", "LOCUST_RUN_TIME": "5s", "GITHUB_STEP_SUMMARY": "page",
        "LOCUST_PROCESSES": "2", "LOCUST_HTML": "", "EILOAD_TOKEN": "t", "PATH": "/bin",
    }  # fmt: skip
    assert trials.unused(environ) == [
        "GITHUB_STEP_SUMMARY", "LOCUST_REPORT_JSON", "LOCUST_RUN_TIME",
    ]  # fmt: skip


def test_its_files(tmp_path: Path) -> None:
    """People count from 1."""
    place = Place(tmp_path)
    assert place.run_file(0) == tmp_path / "trial-001.json"
    assert place.log(11) == tmp_path / "trial-012.log"


def test_nobody_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Locust has said of the target is the error, and the trial's own log is kept."""
    monkeypatch.setenv("LOCUST_REPORT_MARKDOWN", str(tmp_path / "no.md"))
    server = f"127.0.0.1:{free_port()}"
    text = searches.SCENARIO.replace("127.0.0.1:8500", server)
    made = model(searches.scenario(text))
    trial = made.trial(0, "gpu", 5.0, 0, Length(2 * NS_PER_S))
    ended = run_trial(trial, 0, lambda *_: None, Place(tmp_path))
    assert ended.run is None
    assert isinstance(ended.error, TargetError), ended.error
    assert server in str(ended.error)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trial-001.log"]


def test_no_place(tmp_path: Path) -> None:
    """A folder that is not there is named before anything runs."""
    trial = model(searches.scenario()).trial(0, "gpu", 5.0, 0, Length(NS_PER_S))
    with pytest.raises(OutputError, match="none: cannot be written"):
        run_trial(trial, 0, lambda *_: None, Place(tmp_path / "none"))
