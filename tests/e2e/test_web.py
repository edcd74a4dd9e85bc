"""Locust's web UI: scenarios in its form; start, stop and start again in one process."""

import contextlib
import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.locust_runs import PATIENCE_S, Locust, scenario, started
from tests.e2e.stand_ins import quick
from tests.ports import free_port


class WebUI:
    """What a browser does, without the browser."""

    def __init__(self, locust: Locust, port: int) -> None:
        self.locust = locust
        self.url = f"http://127.0.0.1:{port}"

    def page(self) -> str:
        """Return the front page, once it is served."""
        give_up = time.monotonic() + PATIENCE_S
        while True:
            with contextlib.suppress(requests.ConnectionError):
                return requests.get(self.url, timeout=60).text
            assert time.monotonic() < give_up
            time.sleep(0.1)

    def swarm(self, **form: object) -> dict[str, Any]:
        """Press start: all fields are sent, empty ones too."""
        answer: dict[str, Any] = self.post("/swarm", None, **form).json()
        return answer

    def post(
        self, path: str, headers: dict[str, str] | None = None, **form: object
    ) -> requests.Response:
        """Send the form to a path, as the page at hand or another one does."""
        empty = {"host": "", "model": "", "encoding": "uint8", "profile": ""}
        data = {"user_count": 2, "spawn_rate": 2, "run_time": "", **empty, **form}
        url = f"{self.url}{path}"
        return requests.post(url, data, headers=headers, timeout=60, allow_redirects=False)

    def report(self) -> str:
        """Return the report page's text; empty before there is one."""
        answer = requests.get(f"{self.url}/eiload/report", timeout=60)
        assert answer.headers["Content-Type"].startswith("text/plain")
        return answer.text if answer.ok else ""

    def numbers(self) -> dict[str, dict[str, float]]:
        """Return what Prometheus is given: each metric's samples, summed up by target and run."""
        (url,) = re.findall(r"metrics for Prometheus: (\S+)", self.locust.err())
        found: dict[str, dict[str, float]] = {}
        for family in text_string_to_metric_families(requests.get(url, timeout=60).text):
            for sample in family.samples:
                whose = sample.labels.get("eiload_target", sample.labels.get("eiload_run", ""))
                sums = found.setdefault(sample.name, {})
                sums[whose] = sums.get(whose, 0.0) + sample.value
        return found

    def stop(self) -> None:
        """Press stop."""
        assert requests.post(f"{self.url}/stop", timeout=60).json()["success"]

    def wait_until(self, state: str, requests_at_least: int = 0) -> dict[str, Any]:
        """Wait for a state and a number of requests and return the statistics."""
        give_up = time.monotonic() + PATIENCE_S
        while True:
            stats: dict[str, Any] = requests.get(f"{self.url}/stats/requests", timeout=60).json()
            total = next((s for s in stats["stats"] if s["name"] == "Aggregated"), None)
            count = total["num_requests"] if total else 0
            if stats["state"] == state and count >= requests_at_least:
                return stats
            assert time.monotonic() < give_up, (stats["state"], count, self.locust.err())
            time.sleep(0.2)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebUI]:
    """Locust with its web UI, in a folder with a scenario."""
    (tmp_path / "scenarios").mkdir()
    scenario(tmp_path).rename(tmp_path / "scenarios" / "quick.yaml")
    traffic = [{"phase": "steady", "rate": "40/s", "for": "10 min"}]
    scenario(tmp_path, traffic=traffic).rename(tmp_path / "scenarios" / "long.yaml")
    port = free_port()
    options = ("--web-host", "127.0.0.1", "--web-port", str(port), "--prometheus", "0")
    with started(*options, folder=tmp_path) as locust:
        yield WebUI(locust, port)


def test_scenarios_are_a_dropdown(web: WebUI) -> None:
    """The form offers the names found in scenarios/, and none to begin with."""
    page = web.page()
    assert "scenario" in page
    assert "quick" in page
    assert "long" in page


def test_start_stop_start(web: WebUI) -> None:
    """A run is stopped, another scenario runs to its end, then Locust's users load a host."""
    web.page()
    assert web.report() == ""
    assert web.swarm(scenario="long")["success"]
    web.wait_until("running", requests_at_least=20)
    web.stop()
    stopped = web.wait_until("stopped")
    assert {s["name"] for s in stopped["stats"]} == {"gpu Predict", "ei Predict", "Aggregated"}
    first = web.numbers()
    assert first["eiload_run_info"] == {"1": 1}
    assert first["eiload_requests_total"]["gpu"] >= 10
    assert web.swarm(scenario="quick")["success"]
    web.wait_until("running")
    finished = web.wait_until("stopped", requests_at_least=100)
    assert finished["total_fail_per_sec"] == 0
    assert "emulated run e2e\n5 s of load" in web.report()
    second = web.numbers()
    assert second["eiload_run_info"] == {"2": 1}
    (total,) = (s for s in finished["stats"] if s["name"] == "Aggregated")
    assert sum(second["eiload_requests_total"].values()) == total["num_requests"]
    assert second["eiload_target_info"] == {"gpu": 1, "ei": 1}
    assert web.swarm(scenario="", host=quick().address)["success"]
    plain = web.wait_until("running", requests_at_least=20)
    assert "ssd Predict" in {s["name"] for s in plain["stats"]}
    web.stop()
    stopped = web.wait_until("stopped")
    third = web.numbers()
    assert third["eiload_run_info"] == {"3": 1}
    (total,) = (s for s in stopped["stats"] if s["name"] == "Aggregated")
    assert third["eiload_requests_total"] == {"ssd": total["num_requests"]}
    assert third["eiload_response_duration_seconds_count"] == {"ssd": total["num_requests"]}
    web.locust.interrupt()
    assert "Traceback" not in web.locust.finish().err


def test_wrong_scenario(web: WebUI) -> None:
    """A start that cannot work is refused with the reason, and the next one works."""
    web.page()
    refused = web.swarm(scenario="missing.yaml")
    assert not refused["success"]
    assert "missing.yaml" in refused["message"]
    refused = web.swarm(scenario="quick", user_count="many")  # what Locust itself refuses
    assert "user_count" in refused["message"]
    assert not web.swarm(scenario="")["success"]  # no host either
    assert web.swarm(scenario="quick")["success"]
    web.wait_until("stopped", requests_at_least=100)


def test_a_form_names_no_file(web: WebUI, tmp_path: Path) -> None:
    """What a form says is read from no path and written to none, and the next start works."""
    web.page()
    os.mkfifo(tmp_path / "pipe")
    for name in ("/etc/passwd", str(tmp_path / "pipe"), "pipe", "../scenarios/quick.yaml"):
        refused = web.swarm(scenario=name)
        assert not refused["success"]
        assert "expected one of 'long', 'quick'" in refused["message"]
        assert "root:" not in refused["message"]
    victim = tmp_path / "victim"
    victim.write_text("precious")
    for field in ("report_json", "report_markdown", "report_junit", "html_file", "image"):
        refused = web.swarm(scenario="quick", **{field: victim})
        assert not refused["success"]
        assert f"{field}: only the command line says it" in refused["message"]
    images: dict[str, Any] = {"user_class_name": "SSD", "images": ["/etc/passwd"]}
    answer = requests.post(f"{web.url}/user", json=images, timeout=60)
    assert answer.status_code == 400
    editable: dict[str, Any] = {"user_class_name": "SSD", "weight": 2}
    assert requests.post(f"{web.url}/user", json=editable, timeout=60).status_code == 201
    assert web.swarm(scenario="quick")["success"]
    web.wait_until("stopped", requests_at_least=100)
    assert victim.read_text() == "precious"


def test_other_sites_start_nothing(web: WebUI) -> None:
    """A page of another site, or under another name of this machine, is refused in words."""
    web.page()
    port = web.url.rpartition(":")[2]
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Referer": "http://evil.example/"},
        {"Host": f"evil.example:{port}", "Origin": f"http://evil.example:{port}"},
    ):
        for path in ("/swarm", "/stop"):
            answer = web.post(path, headers, scenario="quick")
            assert answer.status_code == 403
            assert answer.json()["message"].startswith("refused: ")
    assert (
        requests.get(
            f"{web.url}/eiload/report", headers={"Host": "x.example"}, timeout=60
        ).status_code
        == 403
    )
    own = {"Origin": f"http://localhost:{port}", "Host": f"localhost:{port}"}
    assert web.post("/swarm", own, scenario="quick").json()["success"]
    web.wait_until("stopped", requests_at_least=100)


def test_one_run_at_a_time(web: WebUI, tmp_path: Path) -> None:
    """A second start is refused while a run starts, is on and drains; the run goes on as it was."""
    stand_in = {"compute": "200 ms", "concurrency": 64}
    slow = {"model": "ssd", "deadline": "1 h", "stand_in": stand_in}
    path = scenario(
        tmp_path,
        targets={"gpu": slow},
        traffic=[{"phase": "steady", "rate": "2/s", "for": "10 min"}],
    )
    path.rename(tmp_path / "scenarios" / "slow.yaml")
    web.page()

    def refuse(words: str) -> None:
        for form in ({"scenario": "quick"}, {"scenario": "", "host": "127.0.0.1:1"}):
            answer = web.swarm(**form)
            assert not answer["success"]
            assert "no second run: " in answer["message"]
            assert words in answer["message"]

    assert web.swarm(scenario="slow")["success"]
    refuse("")  # it is starting or getting ready
    web.wait_until("running", requests_at_least=2)
    refuse("one is on; stop it first")
    (server,) = web.locust.running("eiload.server")
    server.suspend()  # the last answers take as long as it likes
    stopping = threading.Thread(target=web.stop)
    stopping.start()
    give_up = time.monotonic() + PATIENCE_S
    while "one is draining" not in web.swarm(scenario="quick")["message"]:
        assert time.monotonic() < give_up, "it never drained"
        time.sleep(0.1)
    refuse("one is draining")
    server.resume()
    stopping.join()
    web.wait_until("stopped")
    assert "run e2e" in web.report()
    assert web.swarm(scenario="quick")["success"]
    web.wait_until("stopped", requests_at_least=100)


LOGIN = """
from flask import redirect, session
from flask_login import UserMixin, login_user
from locust import events

import eiload


class SSDUser(eiload.SSDUser):
    pass


class Somebody(UserMixin):
    def get_id(self):
        return "somebody"


@events.init.add_listener
def on_init(environment, **_):
    if environment.web_ui is not None:
        app = environment.web_ui.app
        app.config["SECRET_KEY"] = "for the test"
        environment.web_ui.login_manager.user_loader(lambda _: Somebody())

        @app.route("/let-me-in", methods=["POST"])
        def let_me_in():
            login_user(Somebody())
            return "come in"
"""


def test_web_login_protects_all_of_it(tmp_path: Path) -> None:
    """With --web-login a stranger is sent to the login by every page and form, and read by none."""
    (tmp_path / "scenarios").mkdir()
    scenario(tmp_path).rename(tmp_path / "scenarios" / "quick.yaml")
    os.mkfifo(tmp_path / "pipe")
    locustfile = tmp_path / "locustfile.py"
    locustfile.write_text(LOGIN)
    port = free_port()
    arguments = ("--web-host", "127.0.0.1", "--web-port", str(port), "--web-login")
    with started(*arguments, folder=tmp_path, locustfile=locustfile) as locust:
        web = WebUI(locust, port)
        web.page()
        for name in ("/etc/passwd", str(tmp_path / "pipe"), "quick", ""):
            answer = web.post("/swarm", scenario=name)
            assert answer.status_code == 302
            assert "/login" in answer.headers["Location"]
            assert "root:" not in answer.text
        for path in ("/stop", "/user", "/stats/reset"):
            assert web.post(path).status_code == 302
        answer = requests.get(f"{web.url}/eiload/report", timeout=60, allow_redirects=False)
        assert answer.status_code == 302
        with requests.Session() as session:
            assert session.post(f"{web.url}/let-me-in", timeout=60).text == "come in"
            none_yet = session.get(f"{web.url}/eiload/report", timeout=60)
            assert none_yet.status_code == 404
            form = {"scenario": "quick", "user_count": 1, "spawn_rate": 1}
            assert session.post(f"{web.url}/swarm", form, timeout=60).json()["success"]
