"""A coordinator that is stopped while all are getting ready, by scripted agents."""

import re
import threading

import pytest

from eiload.control.messages import Forget, Go, Order, Prepare, Stop
from eiload.record.stopping import RUN_TIME
from tests.control.script import Script, a_scenario


@pytest.mark.parametrize("reason", ["SIGINT", "Stop in the web UI"])
def test_stopped_while_getting_ready(reason: str) -> None:
    """Who does not want to wait any longer is told why there is no run."""
    script = Script(a_scenario())
    script.answers[Prepare] = lambda *_: script.coordinator.stop(reason)
    assert str(script.play().error) == f"stopped before the load began ({reason})"
    assert script.coordinator.run is None
    assert {name for name, _ in script.heard(Forget)} == set(script.names)


def test_stopped_once_all_were_ready() -> None:
    """A stop that comes with the last word of readiness is not too late."""
    script = Script(a_scenario())

    def ready(name: str, order: Order) -> None:
        script.ready(name, order)
        script.coordinator.stop("SIGTERM")

    script.answers[Prepare] = ready
    assert str(script.play().error) == "stopped before the load began (SIGTERM)"
    assert not script.heard(Go)


def test_the_run_time_is_over_before_the_load() -> None:
    """It is still waited for all to be ready, so that the next run's time can be chosen."""
    script = Script(a_scenario())

    def slow(name: str, order: Order) -> None:
        script.coordinator.stop(RUN_TIME)
        threading.Timer(0.5, script.ready, (name, order)).start()

    script.answers[Prepare] = slow
    error = script.play().error
    assert re.fullmatch(
        r"--run-time was over before the load began \(getting ready took [\d.]+ s\)", str(error)
    )
    assert error is not None
    assert error.exit_status == 5
    assert not script.heard(Stop)


def test_the_run_time_is_over_and_a_target_fails() -> None:
    """Who can never be ready is not waited for."""
    script = Script(a_scenario(), workers=1)

    def fail(name: str, order: Order) -> None:
        script.coordinator.stop(RUN_TIME)
        script.fail(name, order, "gone", 4)

    script.answers[Prepare] = fail
    assert "is not done" in str(script.play().error)
