"""Who is on Locust's stage: users, their shape, or who stands there for a scenario."""

from types import SimpleNamespace
from typing import Any

import pytest
from locust import LoadTestShape, User, tag, task
from locust.env import Environment

from eiload.base.errors import ScenarioError
from eiload.plugin.shape import ScenarioShape, ScenarioUser
from eiload.plugin.stage import Stage, all_predicting
from eiload.plugin.users import SSDUser


class Eye(SSDUser):
    """Predicts, with the task that it inherits."""


class Tagged(SSDUser):
    """Predicts, with a task of its own."""

    @tag("grpc")
    @task
    def look(self) -> None:
        """Do nothing."""


class Shop(User):
    """Does something else."""

    @tag("http")
    @task
    def page(self) -> None:
        """Do nothing."""


class Steps(LoadTestShape):
    """A shape of the users' own."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def tick(self) -> tuple[int, float]:
        """Return one user."""
        return 1, 1.0


class Run:
    """A run, as the shape sees it."""

    over = False

    def is_over(self) -> bool:
        """Tell whether it is."""
        return self.over

    def workers(self) -> list[str]:
        """Return two."""
        return ["a", "b"]


@pytest.fixture(autouse=True)
def keep_tasks() -> Any:
    """Have each test find the classes' tasks as they are: filtering by tags changes them."""
    tasks = {cls: list(cls.tasks) for cls in (Eye, Tagged, Shop)}
    yield
    for cls, kept in tasks.items():
        cls.tasks = kept


def an_environment(*classes: type[User], shape: Any = None, **options: Any) -> Any:
    """Return an environment with these classes available and chosen."""
    parsed: Any = SimpleNamespace(**{"tags": None, "exclude_tags": None} | options)
    available: Any = {cls.__name__: cls for cls in classes}
    return Environment(
        user_classes=list(classes), shape_class=shape, parsed_options=parsed,
        available_user_classes=available,
    )  # fmt: skip


def test_users_and_their_shape_stay() -> None:
    """Without a scenario nothing of the user's is changed."""
    shape = Steps()
    environment = an_environment(Eye, Shop, shape=shape)
    stage = Stage(environment)
    stage.for_users()
    assert environment.user_classes == [Eye, Shop]
    assert environment.shape_class is stage.shape is shape
    assert stage.predicting == [Eye]


def test_a_scenario_takes_the_stage_and_leaves_it() -> None:
    """One user a worker until it is over; then the users are back."""
    environment = an_environment(Eye, shape=Steps())
    stage, run = Stage(environment), Run()
    stage.for_scenario(run)
    assert environment.user_classes == [ScenarioUser]
    shape = environment.shape_class
    assert isinstance(shape, ScenarioShape)
    assert shape.tick() == (2, 2.0, [ScenarioUser])
    run.over = True
    assert shape.tick() is None
    stage.for_users()
    assert environment.user_classes == [Eye]
    assert isinstance(environment.shape_class, Steps)


def test_the_picker_does_not_undo_a_scenario() -> None:
    """What the web UI's class picker sets is for the users, whenever they are on."""
    environment = an_environment(Eye, Shop)
    stage, steps = Stage(environment), Steps()
    stage.for_scenario(Run())
    environment.user_classes = [Shop]
    stage.picked()
    environment.shape_class = steps
    stage.picked()
    assert environment.user_classes == [ScenarioUser]
    assert isinstance(environment.shape_class, ScenarioShape)
    stage.for_users()
    assert environment.user_classes == [Shop]
    assert stage.shape is steps
    assert vars(environment)["shape_class"] is steps
    assert stage.predicting_of(["Eye"]) == [Eye]
    assert stage.predicting_of([]) == [Eye]


def test_tags() -> None:
    """A class of ours that tags leave no task takes no part; the others are Locust's matter."""
    environment = an_environment(Eye, Tagged, Shop, tags=["http"])
    stage = Stage(environment)
    stage.for_users()
    assert environment.user_classes == [Shop]
    assert stage.predicting == []


def test_tags_that_leave_nobody() -> None:
    """If there is nobody else, that is a mistake."""
    stage = Stage(an_environment(Eye, tags=["http"]))
    with pytest.raises(ScenarioError, match="no task of Eye is left by --tags and --exclude-tags"):
        stage.for_users()


def test_tags_beside_a_scenario() -> None:
    """A scenario does not depend on tags; later runs of the users do."""
    environment = an_environment(Eye, Tagged, tags=["grpc"])
    stage = Stage(environment)
    stage.for_scenario(Run())
    environment._filter_tasks_by_tags()  # as Locust does at a start
    assert environment.user_classes == [ScenarioUser]
    stage.for_users()
    assert environment.user_classes == [Tagged]


def test_a_worker_has_all_classes(caplog: pytest.LogCaptureFixture) -> None:
    """On a worker the one that stands for a scenario is filtered as well, without a word."""
    environment = an_environment(Tagged, ScenarioUser, tags=["grpc"])
    environment._filter_tasks_by_tags()
    assert "had no tasks left" not in caplog.text


def test_all_predicting() -> None:
    """Chosen or not: targets have the same names on master and workers."""
    environment = an_environment(Eye, Tagged, Shop)
    environment.user_classes = [Tagged]
    assert all_predicting(environment) == [Eye, Tagged]


def test_what_a_listener_sets() -> None:
    """Who is set by the locustfile's own code, in `init` or later, is who takes part."""
    environment = an_environment(Eye, Shop)
    stage = Stage(environment)
    stage.for_users()
    environment.user_classes = [Shop]
    environment.shape_class = Steps()
    assert stage.predicting == []
    assert stage.shape is environment.shape_class
    stage.for_users()
    assert environment.user_classes == [Shop]
    stage.for_scenario(Run())
    stage.for_users()
    assert environment.user_classes == [Shop]
