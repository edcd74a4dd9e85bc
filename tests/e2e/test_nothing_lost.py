"""What was measured is in its place when a run has ended, however it was ended."""

import contextlib
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from eiload.base.status import Status
from eiload.scenario.standin import StandIn
from eiload.server.launch import StandInProcess
from eiload.serving.tfserving import PREDICT
from tests.e2e.holding import Holding
from tests.e2e.locust_runs import PATIENCE_S, Finished, headless, report, started, until_valid
from tests.e2e.stand_ins import shared
from tests.e2e.test_web import WebUI
from tests.grpc_servers import grpc_server
from tests.ports import free_port
from tests.stand_in import WarmStandIn

RUN_FILE = ("--report-json", "run.json")
TWO = ("--processes", "2")
ENOUGH = {"ssd Predict": 30}

EYE = """
from locust import constant
from eiload import SSDUser

class Eye(SSDUser):
    wait_time = constant(0.05)
    synthetic = "64x48"
    deadline = "1 h"
"""

HASTY = """
from locust import constant, task
from eiload import SSDUser

KEPT = []

class Hasty(SSDUser):
    wait_time = constant(0.05)
    synthetic = "64x48"

    @task
    def look(self):
        answer = self.client.predict(catch_response=True)

class Hoarder(SSDUser):
    wait_time = constant(0.05)
    synthetic = "64x48"

    @task
    def look(self):
        KEPT.append(self.client.predict(catch_response=True))
"""


@pytest.fixture
def eye(tmp_path: Path) -> Path:
    """Return a locustfile with a user that waits for its answers for as long as it takes."""
    path = tmp_path / "eye.py"
    path.write_text(EYE)
    return path


@pytest.fixture
def holding(server: StandInProcess) -> Iterator[tuple[Holding, str]]:
    """Return such a server and its address."""
    of = Holding(server.address)
    with grpc_server({PREDICT: of.answer}) as port, contextlib.closing(of):
        yield of, f"127.0.0.1:{port}"


@pytest.fixture
def server() -> StandInProcess:
    """Return a stand-in."""
    return shared()


def alone(of: Finished) -> list[str]:
    """Return what eiload said, but for the share of the run time that getting ready took."""
    return [line for line in of.complaints() if "went into getting ready" not in line]


# -- outputs -------------------------------------------------------------------------------------


def test_our_report_on_stdout(tmp_path: Path, eye: Path, server: StandInProcess) -> None:
    """A report that is sent to stdout is all that is there, and reads back."""
    options = ("--host", server.address, "-u", "2", "--report-json", "/dev/stdout")
    finished = headless(*options, folder=tmp_path, locustfile=eye, enough=ENOUGH)
    (tmp_path / "run.json").write_text(finished.out)
    assert report(tmp_path).statuses(0).keys() == {Status.OK}
    assert "every request" in finished.err
    assert sorted(path.suffix for path in tmp_path.glob("run*")) == [".json"]


def test_json_on_stdout_and_what_cannot_be_replaced(
    tmp_path: Path, eye: Path, server: StandInProcess
) -> None:
    """Locust's --json is all that is on stdout; a device, a pipe and a link stay what they are."""
    pipe, link = tmp_path / "pipe", tmp_path / "link.json"
    os.mkfifo(pipe)
    link.symlink_to("run.json")
    load = ("--host", server.address, "-u", "2", "--json")
    reports = ("--report-json", "link.json", "--report-markdown", "pipe")

    def run_it() -> Finished:
        with (
            (tmp_path / "read.md").open("w") as read,
            subprocess.Popen(["cat", str(pipe)], stdout=read) as reader,
        ):
            finished = headless(
                *(*load, *reports, "--report-junit", "/dev/null"),
                folder=tmp_path,
                locustfile=eye,
                enough=ENOUGH,
            )
            assert reader.wait(60) == 0
        return finished

    finished = until_valid(run_it, tmp_path)
    (entry,) = json.loads(finished.out)
    assert entry["num_requests"] == report(tmp_path).statuses(0)[Status.OK]
    assert "no objectives to judge" in finished.err
    assert finished.status == 0
    assert not alone(finished)
    assert "### " in (tmp_path / "read.md").read_text()
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert report(tmp_path).statuses(0).keys() == {Status.OK}
    assert Path("/dev/null").is_char_device()
    assert not list(tmp_path.glob("*.journal"))


@pytest.mark.parametrize(
    ("option", "other"),
    [
        (("--report-markdown", "./run.json"), "--report-markdown"),
        (("--html", "run.json"), "--html"),
        (("--json-file", "run"), "--json-file"),
    ],
)
def test_two_outputs_in_one_file(
    tmp_path: Path, eye: Path, option: tuple[str, str], other: str
) -> None:
    """They are refused before anything is sent."""
    finished = headless("--host", "x:1", *RUN_FILE, *option, folder=tmp_path, locustfile=eye)
    assert finished.status == 2
    path = option[1] + (".json" if option[0] == "--json-file" else "")
    said = f"--report-json and {other} both write {Path(path)}; give each a file of its own"
    assert finished.complaints() == [said]


def test_logfile(tmp_path: Path, eye: Path, server: StandInProcess) -> None:
    """Locust's --logfile has what is said while the run goes on, and what came of it."""
    options = ("--host", server.address, "-u", "2", "-t", "15s", "--logfile", "locust.log")
    finished = headless(*options, folder=tmp_path, locustfile=eye)
    log = (tmp_path / "locust.log").read_text()
    assert re.search(r"INFO/eiload: 00:[01]\d/.* users \| ssd \d+ ok", log)
    verdict = finished.out.strip().splitlines()[-1]
    assert f"INFO/eiload: {verdict}" in log
    progress = [line for line in finished.err.splitlines() if " | ssd " in line]
    assert progress  # and it still is on the terminal, once
    assert len(progress) == log.count(" | ssd ")


def test_a_mistake_in_the_logfile(tmp_path: Path, eye: Path) -> None:
    """An error is one there, too."""
    options = ("--host", "x:1", "--image", "gone.jpg", "--logfile", "locust.log")
    assert headless(*options, folder=tmp_path, locustfile=eye).status == 2
    assert re.search(r"ERROR/eiload: .*gone\.jpg", (tmp_path / "locust.log").read_text())


# -- answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("processes", [(), TWO], ids=["alone", "two workers"])
def test_answers_that_nobody_counts(
    tmp_path: Path, server: StandInProcess, processes: tuple[str, ...]
) -> None:
    """predict(catch_response=True) without a with block: each request is counted all the same."""
    path = tmp_path / "hasty.py"
    path.write_text(HASTY)
    options = ("--host", server.address, "-u", "4", "-r", "4", *processes, *RUN_FILE)
    enough = {"Hasty Predict": 30}  # what hoarders keep is counted at the end
    finished = until_valid(
        lambda: headless(*options, folder=tmp_path, locustfile=path, enough=enough), tmp_path
    )
    run = report(tmp_path)
    counts = [run.statuses(target) for target in range(2)]
    assert [each.keys() for each in counts] == [{Status.OK}, {Status.OK}]
    assert min(each[Status.OK] for each in counts) > 10
    total = re.findall(r"^\s+Aggregated\s+(\d+)\s", finished.err, re.MULTILINE)
    assert int(total[0]) == sum(each[Status.OK] for each in counts)
    told = [line for line in finished.complaints() if "without `with`" in line]
    assert len(told) == (2 if processes else 1)  # once in a process
    assert not run.problems
    assert finished.status == 0


# -- before the load -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cold() -> Iterator[StandInProcess]:
    """Serve a stand-in whose every answer takes long."""
    with WarmStandIn(StandIn.of(compute="3 s", concurrency=8), "ssd") as process:
        yield process


@pytest.mark.parametrize("processes", [(), TWO], ids=["alone", "two workers"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_getting_ready(
    tmp_path: Path, eye: Path, processes: tuple[str, ...], how: signal.Signals
) -> None:
    """One line tells there was no run and why, the status says the signal; nobody is left."""
    nobody = f"127.0.0.1:{free_port()}"  # is waited for, as a scenario may ask
    target = {"server": nobody, "model": "ssd", "ready_within": "1 min"}
    (tmp_path / "wait.yaml").write_text(
        json.dumps(
            {
                "name": "wait",
                "targets": {"gpu": target},
                "payload": {"synthetic": "64x48"},
                "traffic": [{"phase": "steady", "rate": "20/s", "for": "4 s"}],
            }
        )
    )
    options = ("--headless", "--scenario", "wait.yaml", *processes)
    with started(*options, folder=tmp_path, locustfile=eye) as locust:
        locust.wait_for("(waited ")
        children = locust.children()
        if how is signal.SIGINT:
            locust.interrupt()
        else:
            locust.process.send_signal(how)
        finished = locust.finish()
        assert not psutil.wait_procs(children, PATIENCE_S)[1]
    assert finished.status == 128 + how
    said = [line for line in finished.complaints() if "(waited " not in line]
    assert said == [f"stopped before the load began ({how.name})"]
    assert "Traceback" not in finished.err


def test_run_time_over_before_the_load(tmp_path: Path, eye: Path, cold: StandInProcess) -> None:
    """It is said how long getting ready takes; nothing was measured."""
    options = ("--host", cold.address, "-u", "4", "-r", "4", "-t", "1s", *RUN_FILE)
    finished = headless(*options, folder=tmp_path, locustfile=eye)
    assert finished.status == 5
    (said,) = finished.complaints()
    took = re.fullmatch(
        r"--run-time was over before the load began \(getting ready took ([\d.]+) s\)", said
    )
    assert took is not None
    assert float(took[1]) >= 1.5
    assert not (tmp_path / "run.json").exists()


def test_the_share_of_getting_ready(tmp_path: Path, eye: Path, cold: StandInProcess) -> None:
    """What getting ready takes of --run-time is said when the load begins, and in the report.

    From a twentieth on, which one answer of this server takes already.
    """
    options = ("--host", cold.address, "-u", "2", "-r", "2", "-t", "60s", "-s", "1", *RUN_FILE)
    enough = {"ssd Predict": 1}
    finished = headless(*options, folder=tmp_path, locustfile=eye, enough=enough)
    pattern = r"[\d.]+ of 60 s of --run-time went into getting ready"
    assert any(re.fullmatch(pattern, line) for line in finished.complaints())
    assert re.search(pattern, finished.out)


# -- the drain -----------------------------------------------------------------------------------


@pytest.mark.parametrize("processes", [(), TWO], ids=["alone", "two workers"])
def test_stop_timeout_bounds_the_drain(
    tmp_path: Path, eye: Path, holding: tuple[Holding, str], processes: tuple[str, ...]
) -> None:
    """Answers are waited for no longer than Locust's -s says; the rest is unfinished."""
    server, address = holding
    options = ("--host", address, "-u", "4", "-r", "4", "-s", "1", *processes, *RUN_FILE)
    with started("--headless", *options, folder=tmp_path, locustfile=eye) as locust:
        locust.wait_for(" ok, p50")
        server.hold(4)
        locust.process.send_signal(signal.SIGTERM)
        finished = locust.finish()
    assert finished.status == 143
    statuses = report(tmp_path).statuses(0)
    assert statuses.keys() == {Status.OK, Status.UNFINISHED}
    assert statuses[Status.UNFINISHED] == 4


def test_second_sigterm(tmp_path: Path, eye: Path, holding: tuple[Holding, str]) -> None:
    """Who cannot wait for the drain still gets the report, and one farewell."""
    server, address = holding
    options = ("--host", address, "-u", "4", "-r", "4", *RUN_FILE)
    with started("--headless", *options, folder=tmp_path, locustfile=eye) as locust:
        locust.wait_for(" ok, p50")
        server.hold(4)
        locust.process.send_signal(signal.SIGTERM)
        locust.wait_for(" drain | ")
        locust.process.send_signal(signal.SIGTERM)
        finished = locust.finish()
    assert finished.status == 143
    assert "Traceback" not in finished.err
    assert report(tmp_path).statuses(0)[Status.UNFINISHED] == 4
    assert "4 unfinished" in finished.out


# -- one run after the other ---------------------------------------------------------------------


def test_runs_of_one_session(tmp_path: Path, eye: Path, server: StandInProcess) -> None:
    """Each run of a web session has files of its own; one that never began has none."""
    port = free_port()
    options = ("--web-host", "127.0.0.1", "--web-port", str(port), "--host", server.address)
    files = (*RUN_FILE, "--report-markdown", "notes.md", "-s", "1")
    with started(*options, *files, folder=tmp_path, locustfile=eye) as locust:
        web = WebUI(locust, port)
        web.page()
        server.signal(signal.SIGSTOP)
        try:
            assert web.swarm(host=server.address)["success"]
            locust.wait_for("Ramping to")
            web.stop()
        finally:
            server.signal(signal.SIGCONT)
        locust.wait_for("stopped before the load began (Stop in the web UI)")
        for _ in range(2):
            assert web.swarm(host=server.address)["success"]
            web.wait_until("running", requests_at_least=10)
            web.stop()
            web.wait_until("stopped")
        locust.interrupt()
        assert "Traceback" not in locust.finish().err
    names = {path.name for path in tmp_path.iterdir() if path.suffix in {".json", ".md"}}
    assert names == {"run.json", "notes.md", "run-2.json", "notes-2.md"}
    assert not list(tmp_path.glob("*.journal"))
