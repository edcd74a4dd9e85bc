"""Why Locust stops a run, and when it will."""

from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from eiload.plugin.why import Why
from eiload.record import stopping


def options(**changes: Any) -> Any:
    """Return Locust's options."""
    return SimpleNamespace(**{"headless": False, "autostart": False, "run_time": None} | changes)


def of(given: Any, *, shape: object = None, web: Any = None, parsed: Any = None) -> Any:
    """Return Locust's environment, as far as it is looked at."""
    return SimpleNamespace(
        shape_class=shape, web_ui=web, parsed_options=parsed or given, runner=object()
    )


@pytest.mark.parametrize(
    ("changes", "first", "seconds"),
    [
        ({"headless": True, "run_time": 5}, True, 5.0),
        ({"headless": True}, True, None),
        ({"autostart": True, "run_time": 5}, True, 5.0),
        ({"autostart": True, "run_time": 5}, False, None),  # a later run of the web UI
        ({"run_time": 5}, True, None),  # of a form long ago
    ],
)
def test_run_time(changes: dict[str, Any], first: bool, seconds: float | None) -> None:
    """Locust has a timer for what the command line starts."""
    given = options(**changes)
    assert Why(of(given), given, first=first).run_time_s == seconds


def test_run_time_with_a_shape() -> None:
    """A shape of the users' own says itself when it ends."""
    given = options(headless=True, run_time=5)
    assert Why(of(given, shape=object()), given).run_time_s is None


def test_run_time_of_a_form() -> None:
    """Locust's timer is there when a form has said so."""
    web = SimpleNamespace(_run_time_greenlet=gevent.Greenlet(lambda: None))
    assert Why(of(options(), web=web, parsed=options(run_time=7)), options()).run_time_s == 7.0


def test_reasons() -> None:
    """A signal, a timer that is over, or whoever called."""
    given = options(headless=True, run_time=5)
    assert Why(of(given), given).reason(["SIGTERM", "SIGINT"]) == "SIGTERM"
    assert Why(of(given), given).reason([]) == stopping.BY_LOCUST
    over = options(headless=True, run_time=0.1)  # the timer began a little before
    assert Why(of(over), over).reason([]) == stopping.RUN_TIME
