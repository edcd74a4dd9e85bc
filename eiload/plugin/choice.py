"""What the next run is, as the command line and the web UI's form say.

What it knows: the options as they were given, what a form may say beside. What it must not know:
HTTP, runs. Locust copies every field of a form into its parsed options, whoever sent it; so what a
form has no say in is taken from a copy that is made before there is any form.
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol

from locust.util.timespan import parse_timespan

from eiload.base.errors import ScenarioError
from eiload.base.quantity import shown
from eiload.plugin import options, targets
from eiload.scenario import Scenario, finding
from eiload.scenario.prolonged import prolonged

if TYPE_CHECKING:
    from eiload.judging.capacity.wanted import Wanted

__all__ = ["NOT_BY_WORKERS", "Choice"]

ALONE = frozenset(
    {"image", "undecided", "until_decided", "eiload_token", "eiload_send_secrets_unproven"}
    | {"report_to", "exit_status"}
    | {*(f"report_{form}" for form in options.REPORTS)}
    # Locust's own that name files, or decide about the exit status.
    | {"html_file", "csv_prefix", "json_file", "logfile", "build_path", "exit_code_on_error"}
)
"""Options that are the command line's alone."""

BESIDE = {
    "num_users": "--users",
    "spawn_rate": "--spawn-rate",
    "host": "--host",
    "model": "--model",
    "image": "--image",
    "tags": "--tags",
    "exclude_tags": "--exclude-tags",
    "user_classes": "user classes",
    "config_users": "--config-users",
    "equal_weights": "--equal-weights",
    "iterations": "--iterations",  # of locust-plugins
}
"""Options about users, and how they are called: a scenario says all that itself."""

NOT_BY_WORKERS = (
    "capacity search: its trials make their load by themselves, not by this master's workers; "
    "expected Locust without --master and --processes, or 'eiload capacity' with --processes"
)
"""Why a master begins none."""

LOCAL = ("unix:", "unix-abstract:")
"""What addresses begin with that name a file."""


class Cast(Protocol):
    """Who takes part in runs of Locust's users."""

    @property
    def shape(self) -> object | None:
        """Return the users' own shape, if they have one."""

    @property
    def predicting(self) -> Sequence[type[Any]]:
        """Return the chosen user classes that make requests."""

    def predicting_of(self, names: Collection[str]) -> Sequence[type[Any]]:
        """Return those among the available classes of these names; of all if there are none."""


class Choice:
    """Chooses between the scenarios and Locust's users.

    Args:
        parsed: Locust's parsed options, which forms will change.
        stage: knows which users take part.
        everybody: all user classes of the locustfile that make requests.
        host: ``--host``.
        check: raises what speaks against a scenario.
    """

    def __init__(
        self,
        parsed: Any,
        stage: Cast,
        everybody: Sequence[type[Any]],
        host: str | None,
        check: Callable[[Scenario], None],
    ) -> None:
        self.given: Any = SimpleNamespace(**vars(parsed))
        """The options as the command line gave them."""
        self.name = options.chosen(self.given.scenario)
        """Name or path of the scenario; empty if Locust's users make the load."""
        self.shown = self.name
        """The same, as the form's dropdown has it."""
        self.run_time_s = float(self.given.run_time) if self.given.run_time else None
        """How long a scenario's load is to last at most; None if nothing bounds it."""
        self.wanted: Wanted | None = None
        """What is wanted of a capacity search; None if the next run is none."""
        self._parsed = parsed
        self._stage = stage
        self._everybody = everybody
        self._host = host
        self._check = check

    def scenario(self, host: str | None) -> Scenario | None:
        """Return the scenario that is chosen, or that of Locust's users on a host.

        None if neither: no user that predicts takes part, and the run is all Locust's.

        Raises:
            ScenarioError: there is something wrong with it.
        """
        return self._scenario_of(self.name, self._stage.predicting, host)

    def unused(self) -> list[str]:
        """Return what the command line says beside a scenario that has no meaning there."""
        given = vars(self.given)
        found = [
            option
            for name, option in BESIDE.items()
            if given.get(name) not in (None, "", [], False)
        ]
        if given.get("encoding") != options.DEFAULT_ENCODING:
            found.append("--encoding")
        if self._stage.shape is not None:
            found.append(f"the shape {type(self._stage.shape).__name__}")
        return found

    def take(
        self, form: Mapping[str, str], host: str | None, picked: Collection[str] | None = None
    ) -> None:
        """Choose what a form says.

        Args:
            form: its fields.
            host: Locust's present one, for a form without.
            picked: names of the user classes that it picks, all if empty; None without such a
                choice.

        Raises:
            ScenarioError: it says what it has no say in, or there is something wrong with it.
        """
        for field in sorted(form.keys() & ALONE):
            if form[field] not in {"", str(getattr(self.given, field, ""))}:
                option = "html" if field == "html_file" else field.replace("_", "-")
                raise ScenarioError(f"{field}: only the command line says it (--{option}), no form")
        host = form.get("host", host)
        if host and host != self._host and host.lower().startswith(LOCAL):
            raise ScenarioError("host: a path; only the command line names one (--host), no form")
        name = self._offered(form["scenario"]) if "scenario" in form else self.name
        classes = self._stage.predicting
        if picked is not None:
            classes = self._stage.predicting_of(picked)
        self._scenario_of(name, classes, host)
        self.wanted = self._wanted(form, name)
        self.name = name
        if "scenario" in form:
            self.shown = options.chosen(form["scenario"])
        self.run_time_s = _seconds(form.get("run_time", ""))

    def _wanted(self, form: Mapping[str, str], name: str) -> "Wanted | None":
        """Return what a form wants of a capacity search; None if it asks for none.

        Raises:
            ScenarioError: there is something wrong with it.
        """
        from eiload.plugin import sought  # noqa: PLC0415  # judging is not needed before

        if (wanted := sought.of_form(form)) is None:
            return None
        if not name:
            raise ScenarioError("capacity search: of no scenario; expected one to be chosen")
        sought.bounds(options.find(name, os.environ), wanted)
        return wanted

    def searched(self) -> tuple[Path, Scenario]:
        """Return the chosen scenario's file and what it says, as a search has it.

        Raises:
            ScenarioError: there is something wrong with it by now.
        """
        return finding.find(self.name), options.find(self.name, os.environ)

    def offered(self, name: str) -> Scenario:
        """Return a scenario that the form's dropdown has.

        Raises:
            ScenarioError: it has no such, or there is something wrong with it.
        """
        if not (found := self._offered(name)):
            raise ScenarioError("scenario: none; expected the name of one")
        return self._read(found)

    def refused(self, settings: object, classes: Mapping[str, Any]) -> str | None:
        """Return why a form's changes to a user class are not made; None if they may be.

        Args:
            settings: what Locust will set: names and values.
            classes: the user classes that there are, by name.
        """
        name = settings.get("user_class_name") if isinstance(settings, Mapping) else None
        if not isinstance(settings, Mapping) or not isinstance(name, str) or name not in classes:
            return "user_class_name: no user class of this locustfile"
        cls = classes[name]
        for field in settings.keys() - {"user_class_name", *cls.json()}:
            return f"{shown(field)}: only the locustfile says it, no form"
        host = settings.get("host")
        if isinstance(host, str) and host != cls.host and host.lower().startswith(LOCAL):
            return "host: a path; only the locustfile names one, no form"
        return None

    @property
    def _until_decided(self) -> str:
        return getattr(self.given, "until_decided", "")

    def _read(self, name: str) -> Scenario:
        """Read a scenario by its name or path, as the command line has it go on.

        Raises:
            ScenarioError: there is none, or something is wrong with it.
        """
        scenario = options.find(name, os.environ)
        return prolonged(scenario, self._until_decided) if self._until_decided else scenario

    def _offered(self, name: str) -> str:
        """Return the name or path of a scenario that the form's dropdown has.

        Raises:
            ScenarioError: it has no such; nothing is looked for under that name.
        """
        name, given = options.chosen(name), options.chosen(self.given.scenario)
        if name in {"", given}:
            return name
        names = finding.names()
        if name not in names:
            offered = ", ".join(map(shown, names)) or "none"
            raise ScenarioError(
                f"scenario: not one of those in {finding.FOLDER}/ or with eiload, "
                f"got {shown(name)}; expected one of {offered}"
            )
        return str(finding.listed(name))

    def _scenario_of(
        self, name: str, classes: Sequence[type[Any]], host: str | None
    ) -> Scenario | None:
        if name:
            scenario = self._read(name)
            if scenario.payload.users is not None:
                targets.giving(scenario, self._everybody)
            from eiload.judging import cost  # noqa: PLC0415  # judging is not needed before a scenario is

            cost.check(scenario)  # prices are found wrong before the load, not after it
        elif self._until_decided:
            raise ScenarioError(
                "--until-decided: Locust's users ask for nothing that could be decided; expected "
                "'--scenario' of one with objectives or a comparison"
            )
        elif not classes:
            return None
        else:
            said = SimpleNamespace(**{**vars(self._parsed), "image": self.given.image})
            scenario = targets.plain(said, classes, host, self._everybody)
        self._check(scenario)
        return scenario


def _seconds(text: str) -> float | None:
    """Return what Locust makes of a form's run time; None of none, and of what it will refuse."""
    try:
        return float(parse_timespan(text)) if text else None
    except ValueError:
        return None
