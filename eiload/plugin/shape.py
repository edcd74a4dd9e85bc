"""What keeps Locust going while a scenario makes the load: one user for each worker, and a shape.

What it knows: Locust's users, tags and shapes. What it must not know: how the load is made.
"""

from typing import Any, Protocol

import gevent
from locust import LoadTestShape, User

__all__ = ["Run", "ScenarioShape", "ScenarioUser"]


class ScenarioUser(User):
    """Stands for one worker's share of a scenario's traffic, which its sender process carries.

    It has no task, so that nothing of Locust's about tasks (tags, weights, a plugin's limit of
    iterations) has a hold on it.
    """

    functions = True  # what keeps Locust from warning that tags have left no task
    tasks: list[Any] = []  # noqa: RUF012  # Locust sets it

    def run(self) -> None:  # type: ignore[misc]  # Locust's runs tasks
        """Wait: the load is on the schedule's clock, not on this user's."""
        while True:
            gevent.sleep(60)


class Run(Protocol):
    """What the shape asks of the present run."""

    def is_over(self) -> bool:
        """Tell whether it has ended; False before it began."""

    def workers(self) -> list[str]:
        """Return the names of those who take part."""


class ScenarioShape(LoadTestShape):
    """Keeps one user on each worker while a scenario runs; the load itself is the sender's."""

    use_common_options = True  # the form keeps its fields for runs without a scenario
    abstract = True

    def __init__(self, run: Run, runner: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._run = run
        self.runner = runner

    def tick(self) -> tuple[int, float, list[type[Any]]] | None:
        """Return as many users as workers until the run is done."""
        if self._run.is_over():
            return None
        workers = max(1, len(self._run.workers()))
        return workers, float(workers), [ScenarioUser]
