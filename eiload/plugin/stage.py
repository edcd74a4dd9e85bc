"""Who is on Locust's stage: its users and their shape, or who stands there for a scenario.

What it knows: which classes and which shape Locust would run, which of them predict, tags. What it
must not know: what is sent, when a run begins and ends.
"""

from collections.abc import Collection
from typing import Any

from locust import LoadTestShape
from locust.env import Environment

from eiload.base.errors import ScenarioError
from eiload.plugin.shape import Run, ScenarioShape, ScenarioUser
from eiload.plugin.users import PredictUser

__all__ = ["Stage", "all_predicting", "predicting"]


def predicting(classes: Collection[type[Any]]) -> list[type[PredictUser]]:
    """Return those user classes whose requests eiload sends."""
    return [cls for cls in classes if issubclass(cls, PredictUser)]


def all_predicting(environment: Environment) -> list[type[PredictUser]]:
    """Return the predicting classes of the locustfile, chosen or not: the same on all machines."""
    available: dict[str, Any] = environment.available_user_classes or {}
    return list(dict.fromkeys(predicting([*available.values(), *environment.user_classes])))


class Stage:
    """Sets the user classes and the shape of Locust's environment.

    Args:
        environment: Locust's, with what the locustfile and the command line have chosen.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment: Any = environment
        self._users = list(environment.user_classes)
        self._shape = environment.shape_class
        self._scenario: ScenarioShape | None = None
        self._are_filtered = False
        self._last: tuple[list[type[Any]], LoadTestShape | None] = self._users, self._shape
        """What was set last: whatever else is there was set by the locustfile or the picker."""

    @property
    def shape(self) -> LoadTestShape | None:
        """Return the users' own shape, if they have one."""
        self._look()
        return self._shape

    @property
    def predicting(self) -> list[type[PredictUser]]:
        """Return the chosen user classes whose requests eiload sends."""
        self._look()
        return predicting(self._left())

    def predicting_of(self, names: Collection[str]) -> list[type[PredictUser]]:
        """Return those among the available classes of these names; of all if there are none."""
        available: dict[str, Any] = self._environment.available_user_classes or {}
        return predicting([cls for name, cls in available.items() if name in names or not names])

    def for_scenario(self, run: Run) -> None:
        """Have one user for each worker until a run is over."""
        self._look()
        self._scenario = ScenarioShape(run, self._environment.runner)
        self._set()

    def for_users(self) -> None:
        """Have Locust's users, as many as Locust or their own shape says.

        Raises:
            ScenarioError: tags leave them no task.
        """
        self._look()
        self._scenario = None
        self._filter()
        self._set()

    def picked(self) -> None:
        """Take note of what the web UI's class picker has set; a scenario keeps the stage."""
        self._look()
        self._set()

    def _look(self) -> None:
        """Take note of what others have set since."""
        classes, shape = self._last
        if self._environment.user_classes != classes:
            self._users = list(self._environment.user_classes)
        if self._environment.shape_class is not shape:
            self._shape = self._environment.shape_class
        self._last = list(self._environment.user_classes), self._environment.shape_class

    def _set(self) -> None:
        environment = self._environment
        on = self._scenario
        environment.shape_class = on if on is not None else self._shape
        environment.user_classes = [ScenarioUser] if on is not None else self._left()
        self._last = environment.user_classes, environment.shape_class
        # Locust filters the tasks of whoever is there at its first start, and never again.
        environment._tasks_filtered = on is not None or self._are_filtered  # noqa: SLF001

    def _filter(self) -> None:
        """Leave those of our classes out that tags leave no task: each would fail all the time."""
        environment = self._environment
        parsed = environment.parsed_options
        tags = environment.tags or getattr(parsed, "tags", None)
        if self._are_filtered or not (
            tags or environment.exclude_tags or getattr(parsed, "exclude_tags", None)
        ):
            return
        self._are_filtered = True
        environment.user_classes = self._users
        environment._tasks_filtered = False  # noqa: SLF001
        environment._filter_tasks_by_tags()  # noqa: SLF001
        if not self._left():
            names = ", ".join(cls.__name__ for cls in self._users)
            raise ScenarioError(f"no task of {names} is left by --tags and --exclude-tags")

    def _left(self) -> list[type[Any]]:
        """Return the chosen classes without those of ours that tags have left no task."""
        if not self._are_filtered:
            return list(self._users)
        return [cls for cls in self._users if cls.tasks or not issubclass(cls, PredictUser)]
