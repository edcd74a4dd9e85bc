"""What is added to Locust's own page, and the plans of the scenarios that its form offers."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from eiload.base.errors import ScenarioError
from eiload.plugin import form
from eiload.plugin.form import Plans, description, keep_choice, with_script
from eiload.scenario import Scenario, load

SCENARIO = """\
# Two lines that are
# one paragraph.
#
# Another <b>paragraph</b>.
name: described
# not of the top
targets: {gpu: {server: "127.0.0.1:1", model: ssd}}
payload: {synthetic: 8x8}
traffic: [{phase: steady, rate: 20/s, for: 5 min}]
objectives: [p95 < 300 ms]
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    """Return a scenario with a description."""
    path = tmp_path / "described.yaml"
    path.write_text(SCENARIO)
    return load(path, {})


def plans(of: Scenario) -> Plans:
    """Return the plans of a form that offers one scenario."""
    choice: Any = SimpleNamespace(offered=lambda _name: of)
    return Plans(choice)


def test_the_script_is_in_the_head() -> None:
    """Once; a page without a head stays as it is."""
    assert with_script("<head></head></head>").count(form.TAG) == 1
    assert with_script("Error") == "Error"


def test_the_form_keeps_the_choice() -> None:
    """What was chosen last is what the form offers first, page after page."""
    choice: Any = SimpleNamespace(shown="demo")
    fresh = {"scenario": {"default_value": "other"}}
    web: Any = SimpleNamespace(template_args={})
    web.update_template_args = lambda: web.template_args.update(extra_options=dict(fresh))
    keep_choice(web, choice)
    web.update_template_args()
    assert web.template_args["extra_options"]["scenario"]["default_value"] == "demo"
    choice.shown = ""
    web.update_template_args()
    assert web.template_args["extra_options"]["scenario"]["default_value"] == "(none)"
    fresh.clear()  # a locustfile that has taken the option away
    web.update_template_args()


def test_description(scenario: Scenario) -> None:
    """It is the comment at the file's top, by paragraphs; a file that is gone has none."""
    assert description(scenario) == "Two lines that are one paragraph.\nAnother <b>paragraph</b>."
    for_editors = "# yaml-language-server: $schema=x.json\n"
    Path(scenario.source or "").write_text(for_editors + SCENARIO)
    assert description(scenario).startswith("Two lines")
    Path(scenario.source or "").write_text(for_editors + "name: x\n")
    assert description(scenario) == ""
    Path(scenario.source or "").unlink()
    assert description(scenario) == ""


def test_plan(scenario: Scenario) -> None:
    """The page has the description, escaped, and what `eiload plan` says; it is made once."""
    pages = plans(scenario)
    page = pages.page("described")
    assert "<p>Another &lt;b&gt;paragraph&lt;/b&gt;.</p>" in page
    assert "p95 &lt; 300 ms" in page
    assert "may be decided" in page
    assert pages.page("described") is page


def test_too_many_to_count(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for minutes: the command is named instead."""
    monkeypatch.setattr(form, "REQUESTS_AT_MOST", 1000)
    with pytest.raises(ScenarioError, match=r"`eiload plan .*described\.yaml` does"):
        plans(scenario).page("described")
