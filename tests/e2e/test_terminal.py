"""A run whose terminal goes away, or whose reader does, keeps what it measured."""

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from eiload.base.status import Status
from eiload.report import TABLES
from tests.e2e.locust_runs import PATIENCE_S, Finished, report, scenario, started, until_valid
from tests.e2e.stand_ins import own_targets

RUN_FILE = ("--headless", "--only-summary", "--report-json", "run.json", "--scenario")
FOOTNOTE = "* Locust's tables above have other numbers than eiload's report"
ENDLESS = [{"phase": "steady", "rate": "40/s", "for": "10 min"}]

IN_A_TERMINAL = """\
import os, pty, sys
def read(fd):
    data = os.read(fd, 4096)
    os.write(2, data)  # what is said there can be waited for
    return data
pty.spawn(sys.argv[1:], read)
"""
TERMINAL = (sys.executable, "-c", IN_A_TERMINAL)
"""A terminal of its own, which goes away when this process is killed."""


@pytest.mark.usefixtures("hangups")
@pytest.mark.parametrize("processes", [[], ["--processes", "2"]], ids=["alone", "two workers"])
def test_terminal_goes_away(tmp_path: Path, processes: list[str]) -> None:
    """The run is drained and written, though nobody can read what it says, and nothing is left."""
    path = scenario(tmp_path, traffic=ENDLESS, targets=own_targets())
    with started(*RUN_FILE, str(path), *processes, folder=tmp_path, below=TERMINAL) as locust:
        locust.wait_for(" answered, ")  # in the line that a terminal's run writes over and over
        children = locust.children()
        try:
            locust.process.kill()
            _, left = psutil.wait_procs(children, PATIENCE_S)
            assert not left
        finally:
            for child in children:
                if child.is_running():
                    child.kill()
    run = report(tmp_path)
    assert run.stopped == "SIGHUP"
    assert not run.problems
    for target in range(2):
        assert run.statuses(target).keys() == {Status.OK}


def test_nohup(tmp_path: Path) -> None:
    """Who starts a run with SIGHUP ignored wants it to go on."""
    path = scenario(tmp_path)

    def run_it() -> Finished:
        options = (*RUN_FILE, str(path), "--report-csv", "tables", "--report-hlog", "run.hlog")
        with started(*options, folder=tmp_path, below=("nohup",)) as locust:
            locust.wait_for(" ok, p50")
            os.killpg(locust.process.pid, signal.SIGHUP)
            return locust.finish()

    finished = until_valid(run_it, tmp_path)
    run = report(tmp_path)
    assert run.stopped == ""
    assert run.ended_ns == run.scenario.duration_ns
    assert finished.status == 0
    # Beside Locust's own tables it says why their numbers differ; all that was asked for is there.
    assert finished.err.rindex("Aggregated") < finished.err.index(FOOTNOTE)
    assert {each.name for each in (tmp_path / "tables").iterdir()} == {*TABLES}
    assert (tmp_path / "run.hlog").read_text().startswith("#[Histogram log format version 1.3]")


def below(folder: Path, path: Path, command: str) -> Finished:
    """Run a scenario by a command of bash that gets the rest as its arguments."""
    with started(*RUN_FILE, str(path), folder=folder, below=("bash", "-c", command)) as locust:
        return locust.finish()


@pytest.mark.parametrize("streams", ["", "2>&1"], ids=["stdout", "both"])
def test_reader_goes_away(tmp_path: Path, streams: str) -> None:
    """`| head -1` ends neither the run nor its report files, and there is no traceback."""
    path = scenario(tmp_path)
    pipe = f'"$0" "$@" {streams} | head -1; exit "${{PIPESTATUS[0]}}"'
    finished = until_valid(lambda: below(tmp_path, path, pipe), tmp_path)
    assert finished.status == 0
    assert "Traceback" not in finished.out + finished.err
    assert "BrokenPipe" not in finished.out + finished.err
    run = report(tmp_path)
    assert run.ended_ns == run.scenario.duration_ns
    assert not run.problems


def test_full_standard_output(tmp_path: Path) -> None:
    """A report that cannot be printed is said in one line and is the exit status."""
    path = scenario(tmp_path)
    full = '"$0" "$@" > /dev/full'
    finished = until_valid(lambda: below(tmp_path, path, full), tmp_path)
    assert "standard output: cannot be written: No space left on device" in finished.complaints()
    assert "Traceback" not in finished.err
    assert finished.status == 6
