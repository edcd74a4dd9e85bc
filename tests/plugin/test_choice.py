"""What a form may say of the next run."""

import os
from collections.abc import Collection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from eiload.base.errors import ScenarioError
from eiload.plugin import options, users
from eiload.plugin.choice import ALONE, Choice
from eiload.scenario import Scenario

SCENARIO = """
name: {name}
targets: {{gpu: {{server: "localhost:8500", model: ssd}}}}
payload: {{synthetic: 8x8}}
traffic: [{{phase: steady, rate: 1/s, for: 1 s}}]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working directory with two scenarios in scenarios/ and one elsewhere."""
    (tmp_path / "scenarios").mkdir()
    for path in ("scenarios/quick.yaml", "scenarios/v1.2.yml", "elsewhere.yaml"):
        (tmp_path / path).write_text(SCENARIO.format(name=Path(path).stem.replace(".", "-")))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def parsed(**changes: Any) -> Any:
    """Return options as Locust parses them, with its own that matter."""
    own = dict.fromkeys((f"report_{form}" for form in options.REPORTS), "")
    plain = {"scenario": "(none)", "image": None, "model": "", "encoding": "uint8"}
    locust = {
        "num_users": None,
        "html_file": None,
        "undecided": "fail",
        "exit_code_on_error": 1,
        "run_time": None,
    }
    return SimpleNamespace(**{**plain, **own, **locust, **changes})


UNTIL = """
name: slow
targets: {gpu: {server: "localhost:8500", model: ssd}}
payload: {synthetic: 8x8}
traffic: [{phase: steady, rate: 1/s, for: 10 min}]
objectives: [p99 < 1 s]
"""


def anything(scenario: Scenario) -> None:
    """Find nothing wrong with a scenario."""


class Troupe:
    """Locust's users that would take part."""

    def __init__(self, *classes: type[Any], shape: object | None = None) -> None:
        self.predicting = classes
        self.shape = shape

    def predicting_of(self, names: Collection[str]) -> list[type[Any]]:
        """Return those of these names, all if there are none."""
        return [cls for cls in self.predicting if not names or cls.__name__ in names]


class Own(users.SSDUser):
    """A class that knows its server."""

    host = "localhost:8500"


def choosing(options_of_locust: Any, *classes: type[Any], **more: Any) -> Choice:
    """Return a choice between scenarios and these classes."""
    named = {"host": None, "check": anything} | more
    shape = named.pop("shape", None)
    return Choice(options_of_locust, Troupe(*classes, shape=shape), classes, **named)


def a_choice(**changes: Any) -> Choice:
    """Return a choice between scenarios and a user class that has its host."""
    return choosing(parsed(**changes), users.SSDUser)


def chosen(choice: Choice, host: str | None = None) -> Scenario:
    """Return what is chosen, which is something of ours."""
    scenario = choice.scenario(host)
    assert scenario is not None
    return scenario


@pytest.mark.usefixtures("folder")
def test_names_of_the_dropdown() -> None:
    """A form chooses one of the names in scenarios/, or the command line's path, or none."""
    choice = a_choice(scenario="elsewhere.yaml")
    for name, of in (("quick", "quick"), ("v1.2", "v1-2"), ("elsewhere.yaml", "elsewhere")):
        choice.take({"scenario": name}, None)
        assert chosen(choice).name == of
    for none in ("", "(none)"):
        choice.take({"scenario": none}, "localhost")
        assert chosen(choice, "localhost").name == "locust"


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "elsewhere.yaml", "elsewhere", "scenarios/quick.yaml", "quick.yaml",
     "../scenarios/quick", "./quick", "pipe", "scenarios/pipe", "\0", "quick\n", "a" * 5000],
)  # fmt: skip
def test_a_form_names_no_path(folder: Path, name: str) -> None:
    """Anything else is refused in one line, unread: a pipe would keep its reader for ever."""
    os.mkfifo(folder / "pipe")
    os.mkfifo(folder / "scenarios" / "pipe.yaml")
    choice = a_choice()
    with pytest.raises(ScenarioError, match=r"expected one of 'quick', 'v1\.2'") as refused:
        choice.take({"scenario": name}, None)
    assert "\n" not in str(refused.value)
    assert "root:" not in str(refused.value)
    assert choice.name == ""


@pytest.mark.usefixtures("folder")
def test_what_the_dropdown_offers() -> None:
    """A scenario by its name in scenarios/, the command line's by its path, no other file."""
    choice = choosing(parsed(scenario="elsewhere.yaml"))
    assert choice.offered("quick").name == "quick"
    assert choice.offered("elsewhere.yaml").name == "elsewhere"
    for name in ("../elsewhere.yaml", "/etc/passwd", "(none)", ""):
        with pytest.raises(ScenarioError, match=r"^scenario: "):
            choice.offered(name)


@pytest.mark.usefixtures("folder")
def test_the_choice_is_kept() -> None:
    """The form's name of it, not the file's; and that none is chosen."""
    choice = choosing(parsed(scenario="elsewhere.yaml"), Own)
    assert choice.shown == "elsewhere.yaml"
    choice.take({"scenario": "quick"}, None)
    assert (choice.shown, choice.name) == ("quick", "scenarios/quick.yaml")
    choice.take({"scenario": "(none)"}, None)
    assert choice.shown == ""


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("field", sorted(ALONE))
def test_what_the_command_line_alone_says(field: str) -> None:
    """A form has no say in files and exit statuses; empty and unchanged fields are no matter."""
    choice = a_choice()
    choice.take({"scenario": "quick", field: ""}, None)
    choice.take({"scenario": "quick", field: str(getattr(choice.given, field, ""))}, None)
    with pytest.raises(ScenarioError, match=f"{field}: only the command line says it"):
        choice.take({"scenario": "quick", field: "/some/file"}, None)


def test_a_form_names_no_socket() -> None:
    """A host is no path either, unless it is the command line's."""
    with pytest.raises(ScenarioError, match="host: a path"):
        a_choice().take({"host": "unix:/run/some.sock"}, None)
    given = choosing(parsed(), users.SSDUser, host="unix:/run/own.sock")
    given.take({"host": "unix:/run/own.sock"}, None)


def test_what_forms_have_changed_is_not_used(tmp_path: Path) -> None:
    """Locust copies whole forms into its options; what was given is kept apart."""
    options_of_locust = parsed(report_json="mine.json")
    choice = choosing(options_of_locust, users.SSDUser)
    options_of_locust.report_json = options_of_locust.image = str(tmp_path / "other.json")
    assert choice.given.report_json == "mine.json"
    assert chosen(choice, "localhost").payload.images == ()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"user_class_name": "SSDUser", "host": "localhost:1", "weight": 2, "tasks": []}, None),
        ({"user_class_name": "SSDUser", "images": ["/etc/passwd"]}, "'images': only the locust"),
        ({"user_class_name": "SSDUser", "host": "unix:/run/some.sock"}, "host: a path"),
        ({"user_class_name": "object", "host": "localhost:1"}, "no user class"),
        ({"user_class_name": None}, "no user class"),
        ({"user_class_name": ["SSDUser"]}, "no user class"),
        ([], "no user class"),
        (None, "no user class"),
    ],
)
def test_what_a_form_changes_of_users(settings: object, words: str | None) -> None:
    """Fields that Locust shows may be changed; others could name files, and a host a socket."""
    why = a_choice().refused(settings, {"SSDUser": users.SSDUser})
    assert (why is None) if words is None else (words in (why or ""))


@pytest.mark.usefixtures("folder")
def test_what_speaks_against_a_scenario() -> None:
    """Every scenario is shown to who may object, before it is chosen and before it runs."""
    objection = ScenarioError("not with these workers")

    def object_to(scenario: Scenario) -> None:
        assert scenario.name == "quick"
        raise objection

    choice = choosing(parsed(scenario="quick"), users.SSDUser, check=object_to)
    with pytest.raises(ScenarioError, match="not with these workers"):
        choice.scenario(None)
    with pytest.raises(ScenarioError, match="not with these workers"):
        choice.take({"scenario": "quick"}, None)


@pytest.mark.usefixtures("folder")
def test_nothing_of_ours() -> None:
    """Without users that predict and without a scenario the run is all Locust's."""
    choice = choosing(parsed())
    assert choice.scenario("localhost") is None
    choice.take({"scenario": "(none)"}, None)
    assert choice.scenario(None) is None
    choice.take({"scenario": "quick"}, None)
    assert chosen(choice).name == "quick"


def test_what_the_picker_picks() -> None:
    """The classes that a form picks must have servers, the others need none."""
    choice = choosing(parsed(), Own, users.SSDUser)
    choice.take({"scenario": "(none)"}, None, ["Own"])
    choice.take({"scenario": "(none)"}, None, ["Shop"])  # nobody of ours
    with pytest.raises(ScenarioError, match="no server to load for SSDUser"):
        choice.take({"scenario": "(none)"}, None, [])  # all


def test_names_do_not_depend_on_who_takes_part() -> None:
    """A worker, which does not know who is picked, calls the targets as its master does."""
    choice = Choice(parsed(), Troupe(Own), [Own, users.SSDUser], None, anything)
    assert list(chosen(choice).targets) == ["Own"]


class Steps:
    """A shape."""


@pytest.mark.usefixtures("folder")
def test_what_a_scenario_does_not_use() -> None:
    """Options about users, and the users' shape, are named; a run time is used."""
    assert a_choice(scenario="quick", run_time=3).unused() == []
    beside = parsed(
        num_users=5, spawn_rate=2.0, model="zzz", image=["nope.jpg"], tags=["a"], iterations=5,
        encoding="jpeg", user_classes=["Own"],
    )  # fmt: skip
    beside.host = "127.0.0.1:1"
    assert choosing(beside, Own, shape=Steps()).unused() == [
        *("--users", "--spawn-rate", "--host", "--model", "--image", "--tags", "user classes"),
        *("--iterations", "--encoding", "the shape Steps"),
    ]


@pytest.mark.usefixtures("folder")
def test_the_run_time_of_a_form() -> None:
    """It is the form's own; what Locust will refuse is left to it."""
    choice = a_choice(scenario="quick", run_time=3)
    assert choice.run_time_s == 3
    for text, seconds in (("1m", 60), ("", None), ("soon", None)):
        choice.take({"scenario": "quick", "run_time": text}, None)
        assert choice.run_time_s == seconds


@pytest.mark.usefixtures("folder")
def test_secrets_of_user_classes() -> None:
    """A run of Locust's users is looked at as a scenario is: its metadata may be secret, too."""

    class Secret(Own):
        metadata = {"authorization": "hush"}  # noqa: RUF012  # as users write it

    seen: list[Scenario] = []
    choosing(parsed(), Secret, check=seen.append).scenario(None)
    assert [one.targets["ssd"].metadata for one in seen] == [{"authorization": "hush"}]


def test_until_decided(folder: Path) -> None:
    """The command line lets a scenario go on; nobody's users, no form, and no scenario without."""
    (folder / "slow.yaml").write_text(UNTIL)
    scenario = a_choice(scenario="slow.yaml", until_decided="1h").scenario(None)
    assert scenario is not None
    assert scenario.duration_ns == 3600 * 10**9
    with pytest.raises(ScenarioError, match="--until-decided: Locust's users ask for nothing"):
        a_choice(until_decided="1h").scenario(None)
    with pytest.raises(ScenarioError, match="--until-decided 1h: phase steady: until decided, and"):
        a_choice(scenario="elsewhere.yaml", until_decided="1h").scenario(None)
    with pytest.raises(ScenarioError, match="only the command line says it"):
        a_choice().take({"scenario": "", "until_decided": "1h"}, None)
