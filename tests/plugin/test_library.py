"""Locust without its command: options that nobody has given, environments without the plugin."""

from types import SimpleNamespace
from typing import Any

import pytest
from locust.env import Environment

from eiload.base.errors import EngineError
from eiload.plugin import library


def test_who_made_an_environment() -> None:
    """Locust's command says which locustfiles it has read."""
    assert library.is_library(Environment())
    assert not library.is_library(Environment(parsed_locustfiles=["locustfile.py"]))


def test_options_that_nobody_has_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """They have their defaults, whatever the process's environment says."""
    monkeypatch.setenv("LOCUST_SCENARIO", "quick")
    monkeypatch.setenv("LOCUST_HEADLESS", "true")
    found = library.options_of(Environment(host="localhost:8500"))
    assert found.scenario == "(none)"
    assert not found.headless
    assert found.host == "localhost:8500"
    assert found.exit_code_on_error == 1


def test_options_of_the_users_own() -> None:
    """Those that code has made keep what they say, and get ours that they lack."""
    parsed: Any = SimpleNamespace(headless=True, exit_code_on_error=7)
    found = library.options_of(Environment(parsed_options=parsed))
    assert found.exit_code_on_error == 7
    assert not found.headless  # nobody starts or ends anything for them
    assert found.undecided == "fail"


def test_options_of_the_command() -> None:
    """They are left alone."""
    parsed: Any = SimpleNamespace(headless=True)
    environment = Environment(parsed_options=parsed, parsed_locustfiles=["locustfile.py"])
    assert library.options_of(environment) is parsed


def test_brought_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Users bring the plugin to an environment without it, and to no other."""
    monkeypatch.setattr(library, "_ways", [])
    library.bring(Environment())  # nobody to bring it
    brought: list[Environment] = []
    library.bring_by(brought.append)
    library.bring_by(brought.append)
    environment = Environment()
    library.bring(environment)
    assert brought == [environment]
    vars(environment)["eiload"] = object()
    library.bring(environment)
    assert brought == [environment]


def test_master_and_workers() -> None:
    """They must have the plugin before they meet."""
    environment = Environment()
    library.check(environment)
    environment.create_local_runner()
    library.check(environment)
    environment.runner = None
    master = environment.create_master_runner("127.0.0.1", 0)
    with pytest.raises(EngineError, match=r"fire environment\.events\.init"):
        library.check(environment)
    master.greenlet.kill(block=False)
