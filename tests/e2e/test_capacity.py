"""A real capacity search on a stand-in of known capacity: killed, interrupted, resumed."""

import contextlib
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from eiload.report.capacity_journal import NAME
from eiload.scenario.standin import StandIn
from tests.cli.command import EILOAD
from tests.stand_in import WarmStandIn

PATIENCE_S = 300
"""Far more than a trial takes on a busy machine."""

CAPACITY = 10.0
"""Of four slots of 400 ms. So slow an answer may be sent 40 ms late: other tests run beside."""

SEARCHED = """
name: known
targets:
  gpu: {{server: "{server}", model: ssd, deadline: 10 s, price: 0.90 USD/h}}
payload: {{synthetic: 64x48}}
traffic: [{{phase: steady, rate: 10/s, arrivals: constant, for: 1 min}}]
objectives: [max < 900 ms]
find: {{from: 7/s, to: 14/s, budget: 60 s}}
"""


class Search:
    """The command as a process, in a folder."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._err = folder / "err.txt"
        command = [*EILOAD, "capacity", "known.yaml", "--trial", "4 s", "--warm-up", "0 s"]
        with self._err.open("ab") as err, (folder / "out.txt").open("ab") as out:
            self.process = subprocess.Popen(
                [*command, "--out", "kept", *options], cwd=folder, stdout=out, stderr=err
            )
        self._me = psutil.Process(self.process.pid)

    def journal(self) -> list[str]:
        """Return the lines of its journal so far."""
        path = self._folder / "kept" / NAME
        return path.read_text("utf-8").splitlines() if path.exists() else []

    def loading(self, trials: int) -> list[psutil.Process]:
        """Wait until one more than so many trials goes on; return its processes."""
        give_up_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up_s:
            assert self.process.poll() is None, self._err.read_text()
            if len(self.journal()) == 1 + trials and (below := self._me.children(recursive=True)):
                return below
            time.sleep(0.05)
        raise AssertionError(f"never came to trial {trials + 1}:\n{self._err.read_text()}")

    def under_load(self, trial: int) -> list[psutil.Process]:
        """Wait until a trial has measured something, or is over; return the processes."""
        run_file = self._folder / "kept" / f"trial-{trial:03}.json"
        give_up_s = time.monotonic() + PATIENCE_S
        while not run_file.exists() and _lines(run_file.with_name(f"{run_file.name}.journal")) < 2:
            assert self.process.poll() is None, self._err.read_text()
            assert time.monotonic() < give_up_s, self._err.read_text()
            time.sleep(0.02)
        return self._me.children(recursive=True)

    def end(self, how: signal.Signals) -> int:
        """Send it a signal and return its status."""
        self.process.send_signal(how)
        return self.process.wait(PATIENCE_S)


@pytest.fixture
def server() -> Iterator[str]:
    """Return the address of a stand-in whose capacity is known."""
    with WarmStandIn(StandIn.of(compute="400 ms", concurrency=4), "ssd") as process:
        yield process.address


def gone(processes: list[psutil.Process]) -> None:
    """Wait until none of these is there any more."""
    _, alive = psutil.wait_procs(processes, timeout=PATIENCE_S)
    assert not alive


def test_killed_and_resumed(tmp_path: Path, server: str) -> None:
    """A killed search leaves no process and goes on from its journal; so does one after Ctrl-C.

    What it finds at its end holds the stand-in's capacity.
    """
    (tmp_path / "known.yaml").write_text(SEARCHED.format(server=server))
    search = Search(tmp_path)
    try:
        search.loading(0)
        below = search.loading(1)
        assert search.end(signal.SIGKILL) == -signal.SIGKILL
        gone(below)
        kept = search.journal()
        assert len(kept) == 2
        search = Search(tmp_path, "--resume")
        search.loading(1)
        below = search.under_load(2)
        assert search.end(signal.SIGINT) == 130
        gone(below)
        assert (tmp_path / "kept" / "trial-002.json").exists()  # what was measured until then
        assert "known (emulated), stopped (SIGINT): gpu's capacity" in _text(tmp_path, "out.txt")
        assert "--resume goes on from the trial that was not" in _text(tmp_path, "err.txt")
        assert search.journal()[:2] == kept
        forms = ("--report-json", "c.json", "--report-html", "c.html", "--report-csv", "csv")
        search = Search(tmp_path, "--resume", *forms, "--report-junit", "c.xml")
        status = search.process.wait(2 * PATIENCE_S)
    finally:
        with contextlib.suppress(ProcessLookupError):
            search.process.terminate()
        search.process.wait()
    assert search.journal()[:2] == kept
    document = json.loads(_text(tmp_path, "c.json"))
    assert document["exit_status"] == status
    (found,) = document["capacities"]
    said = json.dumps(document["capacities"]) + _text(tmp_path, "err.txt")
    proved = found["low_open"] is None and found["high_open"] is None
    assert (status == 0) is proved, said  # a machine that is too busy has no time to prove it
    # Within a trial of some seconds a queue of 900 ms takes a little more than the capacity.
    # What is open has no rate: on a machine that cannot even offer these, it is all of it.
    assert (found["low_per_s"] or 0) <= CAPACITY * 1.2, said
    assert (found["high_per_s"] or CAPACITY) >= CAPACITY * 0.9, said
    names = {each.name for each in (tmp_path / "kept").iterdir()}
    for trial in document["trials"]:
        assert trial["run_file"] in names
    assert "<circle" in _text(tmp_path, "c.html")
    assert (tmp_path / "csv" / "trials.csv").exists()


def _lines(path: Path) -> int:
    try:
        return path.read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


def _text(folder: Path, name: str) -> str:
    return (folder / name).read_text("utf-8")
