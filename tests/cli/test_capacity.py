"""`eiload capacity`: what is refused before any load (`tests/e2e/test_capacity.py` searches)."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from eiload.cli.main import main
from eiload.report import capacity_journal
from tests.report import searches


@pytest.fixture
def refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Return what runs the command with a scenario and returns the one line that refuses it."""
    monkeypatch.chdir(tmp_path)

    def run(*options: str, text: str = searches.SCENARIO) -> str:
        Path("two.yaml").write_text(text, encoding="utf-8")
        assert main(["capacity", "two.yaml", *options]) == 2
        out, err = capsys.readouterr()
        assert not out
        (line,) = err.splitlines()
        return line.removeprefix("eiload: ")

    return run


RANGE = ("--from", "2/s", "--to", "200/s")


def test_no_range(refused: Callable[..., str]) -> None:
    """A range is needed, and goes up from above nothing; times are times."""
    assert refused().startswith("no range of rates; expected --from 2/s --to 200/s, or 'find:")
    assert "expected --from" in refused("--from", "2/s")
    assert refused("--from", "5/s", "--to", "2/s").startswith("--to: not above 'from' (5/s), got 2")
    assert "nothing is sent at that" in refused("--from", "0/s", "--to", "2/s")
    assert "nothing is measured" in refused(*RANGE, "--trial", "0 s")
    assert refused(*RANGE, "--trial", "10 ms").startswith("--trial 10 ms: nothing is measured in")
    find = f"{searches.SCENARIO}find: {{from: 2/s, to: 200/s}}\n"
    assert refused("--to", "1/s", text=find).startswith("--to: not above 'from' (2/s)")


@pytest.mark.parametrize("number", ["0", "-2", "many"])
def test_no_processes(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Locust would say so after a trial has begun."""
    with pytest.raises(SystemExit, match="2"):
        main(["capacity", "two.yaml", "--processes", number])
    assert "expected 1 or more, or -1" in capsys.readouterr().err


def test_no_search(refused: Callable[..., str]) -> None:
    """Nothing asked, nothing to set, no price of that name: all before any load."""
    text = searches.SCENARIO
    nothing = text.replace("objectives: [p95 < 300 ms, errors < 5 %]\n", "")
    assert "two.yaml: a capacity under no objective" in refused(*RANGE, text=nothing)
    users = text.replace("rate: 10/s", "users: 3")
    assert "two.yaml: no phase with a rate: users of a closed" in refused(*RANGE, text=users)
    price = text.replace("0.90 USD/h", "p9.xlarge")
    assert "targets.gpu.price: no published price" in refused(*RANGE, text=price)


def test_too_small_a_budget(refused: Callable[..., str]) -> None:
    """For one trial: nothing is left, so the folder can be used again."""
    line = refused(*RANGE, "--budget", "30 s", "--out", "one")
    assert line.startswith("--budget 30 s: too small for one trial; expected 100 s or more")
    assert not Path("one").exists()
    assert "no such journal" in refused(*RANGE, "--resume")
    assert "no such journal" in refused("--resume")  # whose range would be there


def test_reports_that_cannot_be_written(refused: Callable[..., str]) -> None:
    """Are known before an hour is spent on them."""
    line = refused(*RANGE, "--report-html", "none/page.html")
    assert line.startswith("--report-html none/page.html: cannot be written")
    line = refused(*RANGE, "--report-csv", "two.yaml/csv")
    assert line.startswith("--report-csv two.yaml/csv: cannot be written: ")
    line = refused(*RANGE, "--report-html", "one", "--report-json", "one")
    assert line.startswith("--report-html and --report-json both write one")


def test_what_is_read_from_stdout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A report that goes there is alone there, and the page for people is beside it."""
    monkeypatch.chdir(tmp_path)
    Path("two.yaml").write_text(searches.SCENARIO, encoding="utf-8")
    whole = searches.found()
    ended = replace(whole, bounds=replace(whole.bounds, budget_s=1990.0))  # that is used up
    lines = [capacity_journal.head(ended), *map(capacity_journal.trial, ended.seen)]
    Path("kept").mkdir()
    Path("kept", capacity_journal.NAME).write_bytes(b"".join(lines))
    again = ["capacity", "two.yaml", "--resume", "--out", "kept"]
    assert main([*again, "--report-json", "/dev/stdout"]) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)["summary"].startswith("two: gpu's capacity is 24/s to 33/s")
    assert "gpu's capacity is 24/s to 33/s" in err
    assert main(again) == 0
    out, err = capfd.readouterr()
    assert out.startswith("two: gpu's capacity is 24/s to 33/s")
    assert not err
