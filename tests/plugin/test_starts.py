"""Which forms start a run, which edit the one that is on, and which are refused in words."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from locust.runners import STATE_INIT, STATE_RUNNING, STATE_STOPPED

from eiload.base.errors import EiloadError
from eiload.plugin.starts import Starts

SERVER = "localhost:8500"


class Choosing:
    """What forms choose."""

    def __init__(self) -> None:
        self.name = ""
        self.taken: list[Mapping[str, str]] = []

    def take(self, form: Mapping[str, str], _host: str | None, _picked: object) -> None:
        """Take a form."""
        self.taken.append(form)
        self.name = "" if form.get("scenario", "") in {"", "(none)"} else form["scenario"]


class Eye:
    """A user class."""


class Steps:
    """A shape."""


class Office:
    """A process whose web UI takes forms: what of it `Starts` looks at."""

    def __init__(self) -> None:
        self.coordinator: Any = None
        self.outcome: Any = None
        self.complaints: list[str] = []
        self.chosen = 0
        self.choice = Choosing()
        choice: Any = self.choice
        environment = SimpleNamespace(host=None, shape_class=None, user_classes=[Eye])
        self.runner = SimpleNamespace(state=STATE_INIT, environment=environment)
        self.starts = Starts(self, choice, self.runner)

    def workers(self) -> list[str]:
        """Return who can take part."""
        return ["local"]

    def choose(self) -> None:
        """Take note."""
        self.chosen += 1

    def complain(self, error: EiloadError | None) -> None:
        """Take note."""
        self.complaints.append(str(error))

    def run(self, phase: str = "users", scenario: str = "", *, ours: bool = True) -> None:
        """Have a run that is on."""
        self.choice.name = scenario
        self.runner.state = STATE_RUNNING
        self.starts.over()
        flag = SimpleNamespace(is_set=lambda: False)
        begun = SimpleNamespace(is_set=lambda: True)
        target = SimpleNamespace(server=SERVER)
        self.coordinator = (ours and SimpleNamespace(
            done=flag, started=begun, position=lambda: (phase, 0),
            scenario=SimpleNamespace(targets={"ssd": target}),
        )) or None  # fmt: skip


@pytest.fixture
def office() -> Office:
    """Return one."""
    return Office()


def refused(office: Office, form: Mapping[str, str], picked: list[str] | None = None) -> str:
    """Return the sentence that a form is refused with."""
    before = len(office.choice.taken)
    with pytest.raises(EiloadError) as error:
        office.starts.take(form, picked)
    assert office.complaints[-1] == str(error.value)
    assert len(office.choice.taken) == before
    return str(error.value)


def test_a_start(office: Office) -> None:
    """Nothing is on: the form is taken; a second one must wait until that has begun."""
    office.starts.take({"scenario": "quick"})
    assert office.chosen == 1
    assert refused(office, {"scenario": "quick"}) == "no second run: one is just starting"
    office.starts.over()  # as it was stopped at once, or has come to nothing
    office.starts.take({"scenario": "quick"})


def test_more_users(office: Office) -> None:
    """The form for editing a run says no host, another browser's says the same one."""
    office.run()
    for form in ({}, {"scenario": "(none)"}, {"host": SERVER}, {"host": ""}):
        office.starts.take(form)
    office.starts.take({}, ["Eye"])
    assert office.choice.taken == []
    assert office.chosen == 0


@pytest.mark.parametrize(
    ("form", "picked", "words"),
    [
        ({"scenario": "quick"}, None, "no second run: one is on; stop it first"),
        ({"host": "other:1"}, None, "no second run: one is on; stop it first"),
        ({}, ["Eye", "Ear"], "no other users while a run is on"),
    ],
)
def test_something_else(
    office: Office, form: dict[str, str], picked: list[str] | None, words: str
) -> None:
    """What cannot be changed while users are on is refused."""
    office.run()
    assert words in refused(office, form, picked)


def test_a_scenario_is_not_edited(office: Office) -> None:
    """Its file says what is sent."""
    office.run("steady", "quick")
    assert "no second run: one is on" in refused(office, {})


def test_while_draining(office: Office) -> None:
    """Nobody is to come to a run that ends."""
    office.run("drain")
    assert "no second run: one is draining" in refused(office, {})


def test_a_shape_is_not_edited(office: Office) -> None:
    """Locust would say that it is, and do nothing."""
    office.run()
    office.runner.environment.shape_class = Steps()
    assert refused(office, {}) == (
        "the shape Steps says how many users there are; nothing to edit while it is on"
    )


def test_others_are_edited(office: Office) -> None:
    """A run of users of other kinds is Locust's own matter; a scenario must wait for its end."""
    office.run(ours=False)
    office.starts.take({"host": "http://other"})
    assert "Locust is still running" in refused(office, {"scenario": "quick"})
    office.runner.state = STATE_STOPPED
    office.starts.take({"scenario": "quick"})
