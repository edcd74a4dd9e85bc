"""What Locust's users may do with any user class works with ours: shapes, other users, options."""

import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from eiload.base.status import Status
from eiload.server.launch import StandInProcess
from tests.e2e.locust_runs import (
    Finished,
    headless,
    report,
    scenario,
    started,
    until_valid,
    was_late,
)
from tests.e2e.stand_ins import shared
from tests.ports import free_port

RUN_FILE = ("--report-json", "run.json")
TWO = ("--processes", "2")

SHAPE = """
from locust import LoadTestShape, constant
from eiload import SSDUser

class Eye(SSDUser):
    wait_time = constant(0.1)
    synthetic = "64x48"

class Steps(LoadTestShape):
    def tick(self):
        t = self.get_run_time()
        if t < 3:
            return 2, 2
        return (4, 4) if t < 6 else None
"""

MIXED = """
from locust import HttpUser, User, constant, tag, task
from eiload import SSDUser

class Shop(HttpUser):
    host = "http://127.0.0.1:PORT"
    wait_time = constant(0.1)

    @tag("http")
    @task
    def page(self):
        self.client.get("/", name="page")

class Broken(HttpUser):
    host = "http://127.0.0.1:PORT"
    wait_time = constant(0.1)

    @task
    def gone(self):
        self.client.get("/gone", name="gone")

class Buggy(User):
    wait_time = constant(0.1)

    @task
    def bad(self):
        raise ValueError("a bug of the user's")

class Eye(SSDUser):
    host = "SERVER"
    wait_time = constant(0.1)
    synthetic = "64x48"
"""

IMPORTED = MIXED[: MIXED.index("class Eye")]
"""A locustfile that imports our user class and makes nothing of it."""


class Pages(http.server.BaseHTTPRequestHandler):
    """Serves one page."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200 if self.path == "/" else 404)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def pages() -> Iterator[int]:
    """Serve HTTP and return the port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def server() -> StandInProcess:
    """Return a stand-in that is slow enough for runs beside others to be sound."""
    return shared()


@pytest.fixture
def mixed(tmp_path: Path, pages: int, server: StandInProcess) -> Path:
    """Return a locustfile with users of all kinds."""
    path = tmp_path / "mixed.py"
    path.write_text(MIXED.replace("PORT", str(pages)).replace("SERVER", server.address))
    return path


def last_line(finished: Finished) -> str:
    """Return the report's last line."""
    return finished.out.strip().splitlines()[-1]


# -- shapes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("processes", [(), TWO], ids=["alone", "two workers"])
def test_own_shape(tmp_path: Path, server: StandInProcess, processes: tuple[str, ...]) -> None:
    """A shape of the user's own drives our users, and its end is the run's."""
    path = tmp_path / "shape.py"
    path.write_text(SHAPE)
    options = ("--host", server.address, *RUN_FILE, *processes)
    finished = until_valid(lambda: headless(*options, folder=tmp_path, locustfile=path), tmp_path)
    assert finished.status == 0
    assert re.findall(r"Shape test updating to (\d) users", finished.err) == ["2", "4"]
    run = report(tmp_path)
    assert run.statuses(0).keys() == {Status.OK}
    # Its clock stands still until the load is on: the load is as long as the shape says.
    assert 5 < run.ended_ns / 1e9 < 30


# -- users of other kinds ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("classes", "processes", "said"),
    [
        (("Eye", "Broken"), (), r"; \d+ failures of other users: see Locust's tables"),
        (("Eye", "Buggy"), TWO, r"; \d+ exceptions in tasks: see Locust's tables"),
    ],
    ids=["failures", "exceptions, two workers"],
)
def test_others_decide_as_well(
    tmp_path: Path, mixed: Path, classes: tuple[str, ...], processes: tuple[str, ...], said: str
) -> None:
    """What goes wrong with other users makes the exit status that Locust gives it, and is said."""
    options = ("-u", "4", "-r", "4", *processes, *RUN_FILE, "--report-junit", "j.xml")
    more = ("--exit-code-on-error", "7", *classes)
    enough = {"ssd Predict": 30}
    finished = until_valid(
        lambda: headless(*options, *more, folder=tmp_path, locustfile=mixed, enough=enough),
        tmp_path,
    )
    assert finished.status == 7
    assert re.search(said, last_line(finished))
    assert report(tmp_path).statuses(0).keys() == {Status.OK}
    assert 'failures="1"' in (tmp_path / "j.xml").read_text()


def test_others_decide_with_autostart(tmp_path: Path, mixed: Path) -> None:
    """So they do when the web UI is there."""
    options = (
        *("--autostart", "--autoquit", "0", "--web-port", str(free_port())),
        *("-u", "4", "-r", "4", "-t", "15s", *RUN_FILE, "Eye", "Broken"),
    )

    def run() -> Finished:
        with started(*options, folder=tmp_path, locustfile=mixed) as locust:
            return locust.finish()

    finished = until_valid(run, tmp_path)
    assert finished.status == 1
    assert "failures of other users" in finished.out


@pytest.mark.parametrize(
    ("text", "options", "status"),
    [
        (MIXED, ("Shop",), 0),
        (MIXED, ("Shop", "--processes", "2"), 0),
        (MIXED, ("Shop", "Broken"), 1),
        (MIXED, ("Shop", "Eye", "--tags", "http"), 0),
        (IMPORTED, ("Shop",), 0),
    ],
    ids=["by name", "by name, two workers", "failing", "by tag", "imported"],
)
def test_only_others(
    tmp_path: Path, pages: int, text: str, options: tuple[str, ...], status: int
) -> None:
    """With only users of other kinds Locust runs as if eiload were not there."""
    path = tmp_path / "others.py"
    path.write_text(text.replace("PORT", str(pages)))
    arguments = ("-u", "4", "-r", "4", *options)
    enough = {"page": 5, **({"gone": 5} if status else {})}
    finished = headless(*arguments, folder=tmp_path, locustfile=path, enough=enough)
    assert finished.status == status, finished.err
    assert finished.complaints() == []
    assert "Traceback" not in finished.err
    names = set(re.findall(r"^GET\s+(\w+)", finished.err, re.MULTILINE))
    assert names == ({"page", "gone"} if status else {"page"})


def test_tags_that_leave_nothing(tmp_path: Path, mixed: Path) -> None:
    """If tags leave our users no task, and there are no others, that is one sentence."""
    finished = headless("Eye", "--tags", "http", folder=tmp_path, locustfile=mixed)
    assert finished.status == 2
    assert finished.complaints() == ["no task of Eye is left by --tags and --exclude-tags"]


OWN_STATUS = """
from locust import constant, events
from eiload import SSDUser

class Eye(SSDUser):
    wait_time = constant(0.1)
    synthetic = "64x48"

@events.WHEN.add_listener
def decide(environment, **_):
    environment.process_exit_code = STATUS
"""


@pytest.mark.parametrize("when", ["test_stop", "quitting"])
def test_own_status(tmp_path: Path, server: StandInProcess, when: str) -> None:
    """A status that the user's listener sets is not made better, and it is said which counts."""
    path = tmp_path / "status.py"
    path.write_text(OWN_STATUS.replace("WHEN", when).replace("STATUS", "9"))
    options = ("--host", server.address, "-u", "2", "-r", "2", *RUN_FILE)
    enough = {"ssd Predict": 30}
    finished = headless(*options, folder=tmp_path, locustfile=path, enough=enough)
    assert finished.status == 9
    ours = 5 if was_late(tmp_path) else 0
    said = f"the exit status is 9, as the locustfile has set it, not {ours}"
    assert said in finished.complaints()


# -- beside a scenario ---------------------------------------------------------------------------

PLAIN = """
from eiload import SSDUser

class SSD(SSDUser):
    pass
"""


def test_options_beside_a_scenario(tmp_path: Path, mixed: Path) -> None:
    """What has no meaning there is named in one line; tags and an iteration limit do no harm."""
    path = scenario(tmp_path)
    locustfile = tmp_path / "limited.py"
    locustfile.write_text(PLAIN + ITERATIONS)
    options = (
        *("--scenario", str(path), *RUN_FILE, "-u", "50", "-r", "10", "--host", "127.0.0.1:1"),
        *("--image", "nope.jpg", "--model", "zzz", "--tags", "http", "-i", "5"),
    )
    finished = until_valid(
        lambda: headless(*options, folder=tmp_path, locustfile=locustfile), tmp_path
    )
    assert finished.status == 0
    assert len(finished.err) < 20_000
    (line,) = (each for each in finished.complaints() if "not used" in each)
    assert line.endswith(": --users, --spawn-rate, --host, --model, --image, --tags, --iterations")
    run = report(tmp_path)
    assert run.ended_ns == run.scenario.duration_ns
    assert {target.name for target in run.targets} == {"gpu", "ei"}


ITERATIONS = """
from functools import wraps
from locust import events
from locust.exception import StopUser
from locust.user.task import DefaultTaskSet, TaskSet

@events.init_command_line_parser.add_listener
def add(parser):
    parser.add_argument("-i", "--iterations", type=int, default=0)

@events.test_start.add_listener
def limit(environment, **_):  # as locust-plugins does it
    left = [environment.parsed_options.iterations]

    def limited(method):
        @wraps(method)
        def execute_task(self, task):
            if left[0] <= 0:
                environment.runner.quit()
                raise StopUser
            left[0] -= 1
            method(self, task)
        return execute_task

    TaskSet.execute_task = limited(TaskSet.execute_task)
    DefaultTaskSet.execute_task = limited(DefaultTaskSet.execute_task)
"""


@pytest.mark.parametrize("processes", [(), TWO], ids=["alone", "two workers"])
def test_run_time_bounds_a_scenario(tmp_path: Path, processes: tuple[str, ...]) -> None:
    """--run-time ends it, counted from the load's start, and Locust does not say something else."""
    path = scenario(tmp_path, traffic=[{"phase": "steady", "rate": "20/s", "for": "10 min"}])
    options = ("--scenario", str(path), *RUN_FILE, "-t", "3s", *processes)
    finished = headless(*options, folder=tmp_path)
    run = report(tmp_path)
    assert 3 <= run.ended_ns / 1e9 < 60
    assert run.stopped == "--run-time"
    assert "Run time limit" not in finished.err
    assert "stopped (--run-time)" in last_line(finished)


def test_all_of_it_from_the_environment(tmp_path: Path) -> None:
    """A scenario and a report that variables name, with a host beside: the scenario runs."""
    path = scenario(tmp_path)
    environ = {
        "LOCUST_SCENARIO": str(path),
        "LOCUST_REPORT_JSON": "run.json",
        "LOCUST_HOST": "127.0.0.1:1",
        "LOCUST_HEADLESS": "true",
    }

    def run() -> Finished:
        with started("--only-summary", folder=tmp_path, environ=environ) as locust:
            return locust.finish()

    finished = until_valid(run, tmp_path)
    assert finished.status == 0
    (line,) = (each for each in finished.complaints() if "not used" in each)
    assert line.endswith(": --host")
    assert report(tmp_path).ended_ns == report(tmp_path).scenario.duration_ns
