"""Locust's own page, with what eiload adds to it: the form in scenario mode, targets, a tab.

What it knows: Locust's template, scenarios that the form offers. What it must not know: HTTP, runs.
The tab is Locust's own extension; what stands in it, and what the form says of a scenario, is put
beside Locust's elements by `form.js`. Without that script Locust's page is what it was.
"""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from eiload.base.errors import ScenarioError
from eiload.plugin.choice import Choice
from eiload.plugin.options import NO_SCENARIO
from eiload.scenario import Scenario
from eiload.scenario.arrivals import OpenPhase

__all__ = ["SCRIPT", "TAB", "Plans", "description", "keep_choice", "with_script"]

SCRIPT = files(__package__).joinpath("form.js").read_text("utf-8")

TAB = {"title": "eiload", "key": "eiload"}
"""As Locust's `extended_tabs` have it."""

TAG = '<script src="./eiload/form.js" defer></script>'

PICTURES = 8
"""Of how many pictures the requests' bytes are looked at, while somebody waits."""

REQUESTS_AT_MOST = 20_000_000
"""Counting more takes seconds; `eiload plan` does."""

DESCRIPTION_AT_MOST = 2000

MODELINES = ("# yaml-language-server:", "# $schema:")
"""What lines for editors begin with; they describe nothing."""


def with_script(page: str) -> str:
    """Return Locust's page with our script; as it is where it has no head."""
    return page.replace("</head>", f"{TAG}</head>", 1)


def keep_choice(web: Any, choice: Choice) -> None:
    """Have Locust's form offer what was chosen last, not what the command line said.

    Args:
        web: Locust's `WebUI`, which asks its options anew for every page.
        choice: what was chosen.
    """
    update: Callable[[], None] = web.update_template_args

    def updates() -> None:
        update()
        if (field := web.template_args["extra_options"].get("scenario")) is not None:
            field["default_value"] = choice.shown or NO_SCENARIO

    web.update_template_args = updates


def description(scenario: Scenario) -> str:
    """Return what a scenario's file says at its top, in comments; empty if nothing."""
    try:
        with Path(scenario.source or "").open(encoding="utf-8") as file:
            text = file.read(DESCRIPTION_AT_MOST)
    except (OSError, ValueError):
        return ""
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        if line.startswith(MODELINES):
            continue
        lines.append(line.lstrip("#").strip())
    # Lines of one paragraph are one line; an empty one ends it.
    return "\n".join(" ".join(part.split()) for part in "\n".join(lines).split("\n\n"))


class Plans:
    """Pages of the plans of those scenarios that the form offers; each made once.

    Args:
        choice: knows what the form offers.
    """

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self._made: dict[str, str] = {}

    def page(self, name: str) -> str:
        """Return the plan of a scenario.

        Args:
            name: as the form's dropdown has it.

        Raises:
            ScenarioError: it has no such, or there is something wrong with it or its images.
        """
        scenario = self._choice.offered(name)
        key = scenario.to_json()
        if key not in self._made:
            if len(self._made) >= 8:
                self._made.clear()
            self._made[key] = _page(scenario)
        return self._made[key]


def _page(scenario: Scenario) -> str:
    from eiload.report.html import planned  # noqa: PLC0415  # nobody may ask for a plan
    from eiload.report.planning import planned as put_together  # noqa: PLC0415
    from eiload.serving import payload  # noqa: PLC0415

    expected = sum(each.expected() for each in scenario.traffic if isinstance(each, OpenPhase))
    if expected > REQUESTS_AT_MOST:
        source = scenario.source or scenario.name
        raise ScenarioError(f"too many requests to count here; `eiload plan {source}` does")
    sizes = payload.sizes(scenario.payload, scenario.targets, PICTURES)
    return planned.page(put_together(scenario, sizes), description(scenario))
