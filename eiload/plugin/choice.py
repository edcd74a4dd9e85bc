"""What the next run is, as the command line and the web UI's form say.

What it knows: the options as they were given, what a form may say beside. What it must not know:
HTTP, runs. Locust copies every field of a form into its parsed options, whoever sent it; so what a
form has no say in is taken from a copy that is made before there is any form.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from eiload.base.errors import ScenarioError
from eiload.base.quantity import shown
from eiload.plugin import options, targets, users
from eiload.scenario import Scenario

__all__ = ["Choice"]

ALONE = frozenset(
    {"image", "undecided", "eiload_token", "eiload_send_secrets_unproven"}
    | {*(f"report_{form}" for form in options.REPORTS)}
    # Locust's own that name files, or decide about the exit status.
    | {"html_file", "csv_prefix", "json_file", "logfile", "build_path", "exit_code_on_error"}
)
"""Options that are the command line's alone."""

LOCAL = ("unix:", "unix-abstract:")
"""What addresses begin with that name a file."""


class Choice:
    """Chooses between the scenarios and Locust's users.

    Args:
        parsed: Locust's parsed options, which forms will change.
        classes: the user classes that make requests.
        host: ``--host``.
        check: raises what speaks against a scenario.
    """

    def __init__(
        self,
        parsed: Any,
        classes: Sequence[type[users.PredictUser]],
        host: str | None,
        check: Callable[[Scenario], None],
    ) -> None:
        self.given: Any = SimpleNamespace(**vars(parsed))
        """The options as the command line gave them."""
        self.name = options.chosen(self.given.scenario)
        """Name or path of the scenario; empty if Locust's users make the load."""
        self.classes = classes
        """The user classes that make requests."""
        self._parsed = parsed
        self._host = host
        self._check = check

    def scenario(self, host: str | None) -> Scenario:
        """Return the scenario that is chosen, or that of Locust's users on a host.

        Raises:
            ScenarioError: there is something wrong with it.
        """
        return self._scenario_of(self.name, host)

    def take(self, form: Mapping[str, str], host: str | None) -> None:
        """Choose what a form says.

        Args:
            form: its fields.
            host: Locust's present one, for a form without.

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
        self._scenario_of(name, host)
        self.name = name

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

    def _offered(self, name: str) -> str:
        """Return the name or path of a scenario that the form's dropdown has.

        Raises:
            ScenarioError: it has no such; nothing is looked for under that name.
        """
        name, given = options.chosen(name), options.chosen(self.given.scenario)
        if name in {"", given}:
            return name
        names = options.scenario_names()
        if name not in names:
            offered = ", ".join(map(shown, names)) or "none"
            raise ScenarioError(
                f"scenario: not one of those in {options.FOLDER}/, got {shown(name)}; "
                f"expected one of {offered}"
            )
        return str(options.listed(name))

    def _scenario_of(self, name: str, host: str | None) -> Scenario:
        if name:
            scenario = options.find(name, os.environ)
            from eiload.judging import cost  # noqa: PLC0415  # judging is not needed before a scenario is

            cost.check(scenario)  # prices are found wrong before the load, not after it
        else:
            said = SimpleNamespace(**{**vars(self._parsed), "image": self.given.image})
            scenario = targets.plain(said, self.classes, host)
        self._check(scenario)
        return scenario
