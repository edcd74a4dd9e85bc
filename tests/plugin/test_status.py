"""Whose exit status it is."""

import pytest
from locust.env import Environment

from eiload.plugin.status import ExitStatus


@pytest.fixture
def environment() -> Environment:
    """Return Locust's, with no status set."""
    return Environment()


def test_invalid_until_a_run_says_otherwise(environment: Environment) -> None:
    """No path ends in success by itself."""
    status = ExitStatus(environment)
    assert not status.expected
    status.expect()
    assert status.expected
    assert environment.process_exit_code == 5
    status.set(0)
    assert environment.process_exit_code == 0


@pytest.mark.parametrize(("theirs", "ours", "then"), [(9, 0, 9), (9, 3, 9), (0, 3, 3), (0, 0, 0)])
def test_not_made_better(environment: Environment, theirs: int, ours: int, then: int) -> None:
    """A status of the user's that says that something is wrong stays, however often ours is set."""
    status = ExitStatus(environment)
    status.expect()
    environment.process_exit_code = theirs
    for _ in range(2):
        status.set(ours)
        assert environment.process_exit_code == then


def test_set_before_ours(environment: Environment) -> None:
    """It may have been set in `init`."""
    environment.process_exit_code = 9
    status = ExitStatus(environment)
    status.expect()
    status.set(0)
    assert environment.process_exit_code == 9


def test_zero_whatever_comes(environment: Environment) -> None:
    """Of a run; before there is one it stays "invalid", and the user's own is not made better."""
    status = ExitStatus(environment, zero=True)
    status.expect()
    assert environment.process_exit_code == 5
    status.set(1)
    assert environment.process_exit_code == 0
    environment.process_exit_code = 9
    status.set(1)
    assert environment.process_exit_code == 9


def test_left_to_locust(environment: Environment) -> None:
    """A run that is all Locust's has Locust's status, or the user's."""
    status = ExitStatus(environment)
    status.expect()
    status.leave()
    assert environment.process_exit_code is None
    assert not status.expected
    status.expect()
    environment.process_exit_code = 9
    status.leave()
    assert environment.process_exit_code == 9
