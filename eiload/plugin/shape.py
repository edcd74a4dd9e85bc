"""What keeps Locust going while a scenario makes the load."""

from typing import Any, Protocol

from locust import LoadTestShape

from eiload.plugin import users

__all__ = ["Run", "ScenarioShape"]


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
        return workers, float(workers), [users.ScenarioUser]
