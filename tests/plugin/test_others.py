"""What other users did, and what exit status and words that makes."""

from types import SimpleNamespace
from typing import Any

import pytest
from locust import log
from locust.stats import RequestStats

from eiload.plugin.others import NOBODY, Others


@pytest.fixture
def runner() -> Any:
    """Return what Locust's runner knows of failures and exceptions: its own tables."""
    stats = RequestStats()
    return SimpleNamespace(stats=stats, errors=stats.errors, exceptions={})


def test_nothing_wrong(runner: Any) -> None:
    """Our status and last line stay as they are."""
    others = Others.of_users(runner, 0, 1)
    assert others.worse(0) == 0
    assert others.worse(3) == 3
    assert others.after("locust: 5 requests") == "locust: 5 requests"
    assert NOBODY.worse(0) == 0


def test_failures_of_others(runner: Any) -> None:
    """What is in Locust's table and not ours is theirs, whatever they call it."""
    for _ in range(2):
        runner.stats.log_error("grpc", "ssd Predict", "UNAVAILABLE")
    runner.stats.log_error("GET", "/", "404")
    runner.stats.log_error("grpc", "another library's", "x")
    others = Others.of_users(runner, 2, 7)
    assert others.failures == 2
    assert others.worse(0) == 7
    assert others.worse(5) == 5
    assert others.after("locust") == "locust; 2 failures of other users: see Locust's tables"


def test_after_reset(runner: Any) -> None:
    """RESET has emptied the table: what has failed since is known of others at least."""
    runner.stats.log_error("GET", "/", "404")
    assert Others.of_users(runner, 100, 1).failures == 1


def test_exceptions(runner: Any) -> None:
    """Exceptions count as Locust counts them."""
    runner.exceptions = {1: {"count": 2}, 2: {"count": 1}}
    others = Others.of_users(runner, 0, 1)
    assert others.worse(0) == 1
    assert others.after("locust") == "locust; 3 exceptions in tasks: see Locust's tables"


def test_a_listener_that_fails(runner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is status 2 if nothing else is wrong, in a scenario's run as well."""
    monkeypatch.setattr(log, "unhandled_greenlet_exception", True)
    for others in (Others.of_users(runner, 0, 1), Others.of_scenario()):
        assert others.worse(0) == 2
        assert others.worse(1) == 1
        assert others.after("x").endswith(
            "; an exception in a listener or a greenlet: see Locust's log"
        )


def test_failures_in_a_scenario(runner: Any) -> None:
    """Failed requests of a scenario are for its objectives to judge."""
    assert Others.of_scenario().worse(0) == 0
