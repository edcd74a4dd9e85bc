"""Signals at the edges of a run's process: before Locust's `init`, and when all is written."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from tests.e2e.locust_runs import PATIENCE_S, Locust, headless, report, started, until_valid
from tests.e2e.stand_ins import shared
from tests.ports import free_port

STRIKING = """
import atexit, builtins, os, signal
from locust import events

NUMBER, MOMENT = int(os.environ["TESTS_SIGNAL"]), os.environ["TESTS_MOMENT"]

def strike(*_, kill=os.kill, pid=os.getpid(), **__):
    kill(pid, NUMBER)

class Last:
    __del__ = strike

if MOMENT == "forked":
    os.register_at_fork(after_in_child=strike)  # a worker strikes its master
elif MOMENT == "worker":
    os.register_at_fork(after_in_child=lambda: os._exit(7))
elif MOMENT == "end":
    atexit.register(strike)  # called when all has been called that is registered from here on
    builtins.last = Last()  # taken apart when nothing else is left of Python

import eiload
eiload.SSDUser

if MOMENT == "imported":
    strike()
elif MOMENT == "options":
    events.init_command_line_parser.add_listener(strike)
elif MOMENT == "init":
    events.init.add_listener(strike)
elif MOMENT == "end":
    events.quit.add_listener(strike)

class Eye(eiload.SSDUser):
    synthetic = "64x48"
"""

EARLY = [
    ("imported", signal.SIGINT, ()),
    ("options", signal.SIGTERM, ()),
    ("init", signal.SIGINT, ()),
    ("forked", signal.SIGTERM, ("--processes", "2")),
    ("forked", signal.SIGINT, ("--processes", "2")),
]


@pytest.fixture
def striking(tmp_path: Path) -> Path:
    """Return a locustfile that sends a signal to its process at a moment."""
    path = tmp_path / "striking.py"
    path.write_text(STRIKING)
    return path


def of_session(locust: Locust) -> list[psutil.Process]:
    """Return the processes that it has started, orphans too."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == locust.process.pid != process.pid:
                found.append(process)
        except ProcessLookupError:
            pass
    return found


@pytest.mark.parametrize(("moment", "how", "more"), EARLY)
def test_row_35_36_early(
    tmp_path: Path, striking: Path, moment: str, how: signal.Signals, more: tuple[str, ...]
) -> None:
    """It is told in one line, the status is the signal's, and no worker is left."""
    environ = {"TESTS_MOMENT": moment, "TESTS_SIGNAL": str(int(how))}
    options = ("--headless", "--host", "127.0.0.1:1", *more)
    with started(*options, folder=tmp_path, locustfile=striking, environ=environ) as locust:
        finished = locust.finish()
        assert not psutil.wait_procs(of_session(locust), PATIENCE_S)[1]
    assert finished.status == 128 + how
    assert finished.complaints() == [f"stopped before the load began ({how.name})"]
    assert "Traceback" not in finished.err


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_row_35_36_late(
    tmp_path: Path, striking: Path, how: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that has ended keeps its exit status to Python's last instruction."""
    monkeypatch.setenv("TESTS_MOMENT", "end")
    monkeypatch.setenv("TESTS_SIGNAL", str(int(how)))
    options = ("--host", shared().address, "-u", "2", "--report-json", "run.json")
    finished = until_valid(
        lambda: headless(
            *options, folder=tmp_path, locustfile=striking, enough={"ssd Predict": 10}
        ),
        tmp_path,
    )
    assert finished.status == 0
    assert "Traceback" not in finished.err
    assert not report(tmp_path).stopped.startswith("SIG")


def test_row_29_a_worker_that_ends_early(tmp_path: Path, striking: Path) -> None:
    """Its master does not wait for it for ever."""
    environ = {"TESTS_MOMENT": "worker", "TESTS_SIGNAL": "0"}
    options = ("--headless", "--host", "127.0.0.1:1", "--processes", "2")
    with started(*options, folder=tmp_path, locustfile=striking, environ=environ) as locust:
        finished = locust.finish()
    assert finished.status == 5
    (said,) = finished.complaints()
    assert said == "no run: a worker of --processes has ended before there was one"


def test_a_locustfile_that_crashes(tmp_path: Path) -> None:
    """From the import of eiload on it has no status that means a verdict."""
    path = tmp_path / "crash.py"
    path.write_text("import eiload\neiload.SSDUser\nraise KeyError('a defect')\n")
    finished = headless("--host", "127.0.0.1:1", folder=tmp_path, locustfile=path)
    assert finished.status == 5
    assert finished.err.endswith("KeyError: 'a defect'\n")


def test_workers_that_do_not_come(tmp_path: Path) -> None:
    """Locust's own status would mean a bad verdict."""
    port = str(free_port())
    options = ("--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port)
    more = ("--expect-workers", "2", "--expect-workers-max-wait", "1", "--host", "127.0.0.1:1")
    finished = headless(*options, *more, folder=tmp_path)
    assert finished.status == 5
    (said,) = finished.complaints()
    assert said == "no run: 0 of 2 workers came within the 1 s of --expect-workers-max-wait"
