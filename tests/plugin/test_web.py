"""Locust's web UI with eiload in it: Locust's own Flask application, asked without a socket."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from locust import LoadTestShape, User
from locust.env import Environment

from eiload.base.clock import SystemClock
from eiload.base.errors import EngineError, ScenarioError
from eiload.plugin.live import Live
from eiload.plugin.outcome import Outcome
from eiload.plugin.searches import Searches
from eiload.plugin.web import serve
from eiload.scenario import Scenario
from tests.golden import TWO, golden_run, scenario, steady


@pytest.fixture(autouse=True)
def no_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Locust read no command line: its page does, each time."""
    monkeypatch.setattr(sys, "argv", ["locust"])


class Shop(User):
    """A user class."""


class Steps(LoadTestShape):
    """A shape."""

    def tick(self) -> None:
        """End at once."""


class Starts:
    """What takes or refuses forms, as told."""

    def __init__(self) -> None:
        self.refusal: Exception | None = None
        self.taken: list[tuple[dict[str, str], Any]] = []
        self.overs = 0
        self.choice = SimpleNamespace(
            refused=lambda settings, classes: self.why, shown="", offered=self.offered
        )
        self.why: str | None = None

    def take(self, form: Any, picked: Any) -> None:
        """Take a form."""
        if self.refusal is not None:
            raise self.refusal
        self.taken.append((dict(form), picked))

    def offered(self, name: str) -> Scenario:
        """Return the one scenario that there is."""
        if name != "golden":
            raise ScenarioError("scenario: not one of those in scenarios/")
        return scenario(TWO)

    def over(self) -> None:
        """Take note."""
        self.overs += 1


class Site:
    """A web UI."""

    def __init__(self, *, picker: bool = False, base_path: str = "") -> None:
        available: Any = {"Shop": Shop}
        shapes: Any = {"Steps": Steps.__new__(Steps)}
        self.environment = Environment(
            user_classes=[Shop], available_user_classes=available,
            available_shape_classes=shapes, available_user_tasks={"Shop": []},
        )  # fmt: skip
        self.started: list[tuple[int, float]] = []
        runner: Any = self.environment.create_local_runner()
        runner.start = lambda *numbers: self.started.append(numbers)
        runner.start_shape = lambda: self.started.append((0, 0.0))
        web: Any = self.environment.create_web_ui(
            delayed_start=True, userclass_picker_is_active=picker, web_base_path=base_path or None
        )
        self.starts = Starts()
        starts: Any = self.starts
        self.picks = 0
        self.outcome: Outcome | None = None
        given = SimpleNamespace(web_host="", web_host_display_name="", web_base_path=base_path)
        self.live = Live(SystemClock(), str)
        self.searches = Searches(print)
        serve(
            web, given, starts,
            picked=self._picked, outcome=lambda: self.outcome, live=self.live,
            searches=self.searches,
        )  # fmt: skip
        web.app.debug = False
        self.client = web.app.test_client()

    def _picked(self) -> None:
        self.picks += 1

    def post(self, path: str, form: Any = None, **more: Any) -> Any:
        """Send a form."""
        return self.client.post(path, data=form, **more)


FORM = {"user_count": "2", "spawn_rate": "1", "host": ""}


def test_a_start() -> None:
    """The form is looked at, then it is Locust's."""
    site = Site()
    answer = site.post("/swarm", FORM).get_json()
    assert answer["success"]
    assert site.starts.taken == [(FORM, None)]
    assert site.starts.overs == 0


def test_a_start_that_is_refused() -> None:
    """The reason is the answer, and Locust does not hear of it."""
    site = Site()
    site.starts.refusal = EngineError("no second run: one is on")
    answer = site.post("/swarm", FORM)
    assert answer.status_code == 200  # the page shows no message of another status
    assert answer.get_json()["message"] == "no second run: one is on"
    assert not answer.get_json()["success"]
    assert site.started == []


def test_a_start_that_locust_refuses() -> None:
    """Then it comes to nothing, and another may come at once."""
    site = Site()
    assert not site.post("/swarm", {**FORM, "user_count": "many"}).get_json()["success"]
    assert site.starts.overs == 1


def test_stop_ends_a_start() -> None:
    """It may come before the start does."""
    site = Site()
    assert site.post("/stop").get_json()["success"]
    assert site.starts.overs == 1


def test_the_picker() -> None:
    """Its choice goes with the form, and what it sets is told."""
    site = Site(picker=True)
    form = {**FORM, "user_classes": "Shop", "shape_class": "Default"}
    assert site.post("/swarm", form).get_json()["success"]
    ((_, picked),) = site.starts.taken
    assert picked == ["Shop"]
    assert site.picks == 2  # users, then their shape


def test_changes_of_users() -> None:
    """What may not be changed is refused with its reason."""
    site = Site()
    settings = {"user_class_name": "Shop", "weight": 2}
    assert site.client.post("/user", json=settings).status_code == 201
    assert Shop.weight == 2
    site.starts.why = "'images': only the locustfile says it, no form"
    answer = site.client.post("/user", json=settings)
    assert answer.status_code == 400
    assert "only the locustfile" in answer.get_json()["message"]


@pytest.mark.parametrize("path", ["/swarm", "/stop", "/user", "/stats/reset"])
def test_other_sites(path: str) -> None:
    """Pages of others change nothing."""
    site = Site()
    answer = site.post(path, FORM, headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403
    assert site.starts.taken == []


def test_report() -> None:
    """The report of the last run has a page, as on a terminal."""
    site = Site()
    assert site.client.get("/eiload/report").status_code == 404
    site.outcome = Outcome.of_error(ScenarioError("wrong"), [])
    assert site.client.get("/eiload/report").status_code == 404
    run = golden_run(TWO, {"gpu": steady(100, 1), "ei": steady(100, 1)})
    plain: dict[str, Any] = {"reports": {}, "undecided_ok": False, "status_on_errors": 1}
    site.outcome = Outcome.of(run, [], **plain)
    answer = site.client.get("/eiload/report")
    assert answer.content_type.startswith("text/plain")
    assert "golden" in answer.get_data(as_text=True)
