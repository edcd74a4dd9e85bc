"""Requests: between the present run and Locust."""

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from gevent import GreenletExit

from eiload.base.clock import SystemClock
from eiload.base.errors import ScenarioError
from eiload.control.agent import Agent
from eiload.control.session import Hooks
from eiload.plugin.requests import Requests, request_names
from eiload.scenario import Scenario, Target, build
from eiload.serving.payload import Made
from tests.plugin.load import PATIENCE_S, Half, half, in_time, load
from tests.plugin.test_users import HalfUser


class Other(HalfUser):
    """Another class, of a model of its own."""

    model = "other"


@pytest.fixture
def server() -> Iterator[Half]:
    """Serve half_plus_two."""
    with half() as one:
        yield one


def requests(*classes: Any, is_over: bool = False) -> Requests:
    """Return the requests of some classes, without a run."""
    return Requests(lambda **_: None, SystemClock(), classes, lambda: is_over, print)


def test_each_class_has_its_target(server: Half) -> None:
    """A class's calls, names and requests are those of its own target."""
    with load(server, HalfUser, Other) as one:
        session, target = one.requests.session_for(Other)
        assert session is one.agent.session
        assert target == 1
        assert one.requests.target_of(Other).model == "other"
        assert [one.requests.request_name(n) for n in (0, 1)] == [
            "half_plus_two Predict", "other Predict",
        ]  # fmt: skip
        made = list(one.requests.bytes_for(one.scenario, "other"))
        assert [each.tensors["x"].tolist() for each in made] == [[1], [5]]
        assert all(b"other" in each.request for each in made)


def test_a_worker_with_another_locustfile() -> None:
    """A target that no class here belongs to is named."""
    scenario = build(
        {
            "name": "elsewhere", "targets": {"ssd": {"server": "h:1", "model": "ssd"}},
            "payload": {"synthetic": "8x8"},
            "traffic": [{"phase": "users", "users": 1, "for": "1 s"}],
        },
        "test",
        __file__,  # type: ignore[arg-type]
    )  # fmt: skip
    with pytest.raises(ScenarioError, match="no user class for the target 'ssd' in this worker's"):
        list(requests(HalfUser).bytes_for(scenario, "ssd"))


class Failing(HalfUser):
    """A class whose own way to make requests has a mistake in it."""

    @classmethod
    def requests(cls, scenario: Scenario, target: Target) -> Iterator[Made]:
        """Make one, and fail at the second."""
        yield Made({"x": np.ones(1)}, b"")
        raise FileNotFoundError(2, "No such file or directory", "gone.npy")


def test_a_mistake_in_the_users_code(server: Half) -> None:
    """It is told with class and line; it is no internal error."""
    with load(server, HalfUser) as one, pytest.raises(ScenarioError) as caught:
        list(requests(Failing).bytes_for(one.scenario, "half_plus_two"))
    said = str(caught.value)
    assert said.startswith("Failing: requests() raises FileNotFoundError: [Errno 2] No such file")
    assert "'gone.npy' (test_requests.py:" in said


def test_waiting_for_the_run() -> None:
    """Users wait until the load is on, and stop if it cannot begin or is over."""
    one = requests(HalfUser)
    agent = one.agent = Agent(
        send=lambda _message: None,
        final=lambda: None,
        clock=SystemClock(),
        hooks=Hooks(lambda *_: None, print),
        requests_of=one.bytes_for,
    )
    stopped = threading.Event()

    def ask() -> None:
        with pytest.raises(GreenletExit):
            one.session_for(HalfUser)
        stopped.set()

    waiting = threading.Thread(target=ask)
    waiting.start()
    assert not stopped.wait(0.5)
    agent.ended = True
    in_time(stopped)
    waiting.join(PATIENCE_S)
    agent.ended = False
    over = requests(HalfUser, is_over=True)
    over.agent = agent
    with pytest.raises(GreenletExit):
        over.session_for(HalfUser)
    agent.close()


def riding(users: str | None) -> Scenario:
    """Return a scenario whose requests a user class gives."""
    payload = {} if users is None else {"payload": {"users": users}}
    return build(
        {
            "name": "riding",
            "targets": {"a": {"server": "h:1", "model": "m"}, "b": {"server": "h:2", "model": "n"}},
            **payload,
            "traffic": [{"phase": "p", "rate": "1/s", "for": "1 s"}],
        },
        "riding.yaml",
        __file__,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("users", ["Other", "", None])
def test_a_classs_samples_ride_a_scenario(users: str | None) -> None:
    """By name, or as the only one with samples; each target gets them under its model's name."""
    classes = (Other, HalfUser) if users else (Other,)
    ours = requests(*classes)
    for name, model in (("a", b"m"), ("b", b"n")):
        made = list(ours.bytes_for(riding(users), name))
        assert [each.tensors["x"].tolist() for each in made] == [[1], [5]]
        assert all(model in each.request for each in made)
    if not users:
        assert ours.maker("a") == "Other"


@pytest.mark.parametrize(
    ("users", "classes", "said"),
    [
        ("Othr", (Other,), "payload.users: no user class of that name with sample_inputs() in the"),
        (
            "",
            (Other, HalfUser),
            "there is Other, HalfUser; choose one by 'payload: {users: CLASS}'",
        ),
        (None, (), "that has sample_inputs(), there is none"),
    ],
)
def test_no_class_whose_samples_ride(
    users: str | None, classes: tuple[type, ...], said: str
) -> None:
    """It is said what there is, with the scenario's file."""
    with pytest.raises(ScenarioError) as refused:
        list(requests(*classes).bytes_for(riding(users), "a"))
    assert str(refused.value).startswith("riding.yaml: ")
    assert said in str(refused.value)


def test_no_name_is_a_formula_in_locusts_csv() -> None:
    """Locust writes names as they are; a spreadsheet computes what begins like a formula."""
    scenario = build(
        {
            "name": "hostile",
            "targets": {"=1+cmd|' /C calc'!A0": {"server": "h:1", "model": "m"}},
            "payload": {"synthetic": "8x8"},
            "traffic": [{"phase": "p", "rate": "1/s", "for": "1 s"}],
        },
        "hostile.yaml",
        __file__,  # type: ignore[arg-type]
    )
    assert request_names(scenario) == ["'=1+cmd|' /C calc'!A0 Predict"]
