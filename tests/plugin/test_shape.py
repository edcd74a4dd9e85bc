"""What keeps Locust going while a scenario makes the load."""

from types import SimpleNamespace
from typing import Any

import gevent
from gevent.pool import Group
from locust.env import Environment

from eiload.plugin.shape import ScenarioShape, ScenarioUser


class Run:
    """A run, as told."""

    def __init__(self, *workers: str) -> None:
        self.names = list(workers)
        self.over = False

    def is_over(self) -> bool:
        """Tell whether it is."""
        return self.over

    def workers(self) -> list[str]:
        """Return their names."""
        return self.names


def test_one_user_for_each_worker() -> None:
    """As many as there are now, at least one, until the run is over."""
    run = Run("a", "b", "c")
    shape = ScenarioShape(run, object())
    assert shape.tick() == (3, 3.0, [ScenarioUser])
    run.names = []
    assert shape.tick() == (1, 1.0, [ScenarioUser])
    run.over = True
    assert shape.tick() is None
    assert shape.use_common_options  # the form keeps its fields


def test_a_user_without_tasks() -> None:
    """Nothing of Locust's about tasks has a hold on it, and it ends at once when it is stopped."""
    users = Group()
    parsed: Any = SimpleNamespace(tags=["http"], exclude_tags=None)
    user = ScenarioUser(Environment(parsed_options=parsed))
    user.start(users)
    gevent.sleep(0.01)
    assert len(users) == 1
    assert user.stop(force=False)  # as with --stop-timeout
    assert users.join(timeout=5)
