"""Locust's web UI and our users: the class picker, EDIT, RESET, two browsers, reload."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from eiload.server.launch import StandInProcess
from tests.e2e.locust_runs import scenario, started
from tests.e2e.stand_ins import quick
from tests.e2e.test_web import WebUI
from tests.ports import free_port

SHAPE = """
from locust import LoadTestShape, constant, task
from eiload import SSDUser

class Eye(SSDUser):
    wait_time = constant(0.1)
    synthetic = "64x48"

    @task
    def look(self):
        self.client.predict(name="mine")

class Other(SSDUser):
    model = "never"

class Steps(LoadTestShape):
    def tick(self):
        return (2, 2) if self.get_run_time() < 4 else None
"""


@pytest.fixture
def server() -> StandInProcess:
    """Return a quick stand-in."""
    return quick()


@contextlib.contextmanager
def serving(folder: Path, text: str, *options: str) -> Iterator[WebUI]:
    """Start Locust's web UI with a locustfile and a scenario."""
    (folder / "scenarios").mkdir()
    scenario(folder).rename(folder / "scenarios" / "quick.yaml")
    path = folder / "locustfile.py"
    path.write_text(text)
    port = free_port()
    arguments = ("--web-host", "127.0.0.1", "--web-port", str(port), *options)
    with started(*arguments, folder=folder, locustfile=path) as locust:
        web = WebUI(locust, port)
        web.page()
        yield web
        locust.interrupt()
        assert "Traceback" not in locust.finish().err


def names(web: WebUI) -> dict[str, int]:
    """Return how many requests there are by name."""
    stats = requests.get(f"{web.url}/stats/requests", timeout=60).json()["stats"]
    return {each["name"]: each["num_requests"] for each in stats if each["name"] != "Aggregated"}


def test_class_picker(tmp_path: Path, server: StandInProcess) -> None:
    """What is picked takes part, and nothing else; a scenario runs whatever is picked."""
    with serving(tmp_path, SHAPE, "--class-picker", "--host", server.address) as web:
        shaped = {"user_classes": "Eye", "shape_class": "Steps", "host": server.address}
        assert web.swarm(**shaped)["success"]
        web.wait_until("running", requests_at_least=10)
        web.wait_until("stopped")  # as its shape says
        assert names(web).keys() == {"mine"}
        assert "target" in web.report()
        assert "never" not in web.report()
        assert web.swarm(**shaped, scenario="quick")["success"]
        web.wait_until("stopped", requests_at_least=100)
        assert names(web).keys() == {"gpu Predict", "ei Predict"}
        again = web.swarm(user_classes="Eye", scenario="(none)", host=server.address)
        assert again["success"]
        web.wait_until("running", requests_at_least=5)
        assert names(web).keys() == {"mine"}
        web.stop()
        web.wait_until("stopped")


def test_edit_reset_and_another_browser(tmp_path: Path, server: StandInProcess) -> None:
    """More users come into the run that is on; what would be another run is refused."""
    plain = "from eiload import SSDUser\n\nclass SSD(SSDUser):\n    pass\n"
    with serving(tmp_path, plain) as web:
        assert web.swarm(host=server.address)["success"]
        assert web.wait_until("running", requests_at_least=5)["user_count"] == 2
        # EDIT sends no host, and the options that the page knows.
        url = f"{web.url}/swarm"
        edit = {"user_count": 4, "spawn_rate": 4, "scenario": "(none)", "encoding": "uint8"}
        assert requests.post(url, edit, timeout=60).json()["success"]
        while web.wait_until("running", requests_at_least=10)["user_count"] != 4:
            pass
        # Another browser's page still offers a start.
        assert "no second run: one is on" in web.swarm(scenario="quick")["message"]
        assert "no second run: one is on" in web.swarm(host="127.0.0.1:1")["message"]
        assert web.swarm(host=server.address, user_count=3, spawn_rate=4)["success"]
        assert "SSD" in web.page()  # reloaded
        # RESET empties Locust's tables; the report is of the whole run.
        assert requests.post(f"{web.url}/stats/reset", timeout=60).text == "ok"
        web.wait_until("running", requests_at_least=1)
        web.stop()
        web.stop()  # of the other browser
        web.wait_until("stopped")
        assert "run locust" in web.report()
        assert web.swarm(scenario="quick")["success"]
        web.wait_until("stopped", requests_at_least=100)
