"""The live page's data, from a real coordinator with scripted agents."""

import json
from typing import Any

from eiload.base.clock import NS_PER_S, SystemClock
from eiload.base.errors import TargetError
from eiload.plugin import live as module
from eiload.plugin.live import Live
from eiload.plugin.outcome import Outcome
from eiload.report.live.watch import Watch
from tests.control.script import Script, a_scenario
from tests.golden import TWO, golden_run
from tests.plugin.test_kept import PLAIN


class Page:
    """Whoever looks: it knows what it was told."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.knows = {"run": 0, "generation": 0, "after": 0}
        self.items: list[Any] = []

    def ask(self, view: str = "whole") -> dict[str, Any]:
        """Ask once."""
        self.live._made_s = -1.0  # a second later
        knows = self.knows
        text = self.live.told(knows["run"], view, knows["generation"], knows["after"])
        told: dict[str, Any] = json.loads(text)
        if told.get("reset"):
            self.items = []
        self.items += told.get("items", [])
        self.knows = {
            "run": told["run"], "generation": told.get("generation", 0),
            "after": told.get("next", 0),
        }  # fmt: skip
        return told


def test_from_nothing_to_the_next_run() -> None:
    """Idle, getting ready, on, over with a verdict, the next one: a start that fails."""
    live = Live(SystemClock(), lambda: "waits for\nthe model")
    page = Page(live)
    told = page.ask()
    assert (told["head"]["stage"], told["run"]) == ("idle", 0)
    assert "items" not in told

    script = Script(a_scenario())
    scenario = script.coordinator.scenario
    live.begin(script.coordinator, Watch(scenario), driven=False)
    told = page.ask()
    assert (told["head"]["stage"], told["head"]["said"]) == ("ready", "waits for; the model")
    assert told["fixed"]["name"] == scenario.name

    run = script.run()
    live.add(run.intervals)
    live.tick()
    told = page.ask()
    assert told["head"]["stage"] in {"load", "drain"}
    assert [row["name"] for row in told["head"]["targets"]] == list(scenario.targets)
    assert "fixed" not in told  # it knows that
    assert "verdict" not in told["head"]

    live.end("golden", Outcome.of(golden_run(TWO), [], **PLAIN))
    told = page.ask()
    head = told["head"]
    assert (head["stage"], head["number"]) == ("over", 1)
    assert head["verdict"]["summary"].startswith("golden: ")
    assert {row["word"] for row in head["objectives"]} == {"pass"}

    live.end("next", Outcome.of_error(TargetError("gpu: nobody listens"), []))
    told = page.ask()
    assert (told["head"]["stage"], told["head"]["error"]) == ("failed", "gpu: nobody listens")
    assert "items" not in told
    assert [row["number"] for row in told["head"]["runs"]] == [2, 1]


def test_each_is_told_what_it_does_not_know() -> None:
    """A second page gets all, the first only what is new; both the same head, made once."""
    live = Live(SystemClock(), str)
    script = Script(a_scenario())
    watch = Watch(script.coordinator.scenario)
    live.begin(script.coordinator, watch, driven=False)
    one, other = Page(live), Page(live)
    one.ask()
    watch.look(9.0, [9.0])
    assert len(one.ask()["items"]) == 4
    watch.look(11.0, [11.0])
    assert len(one.ask()["items"]) == 1
    assert one.ask()["items"] == []
    assert other.ask()["reset"]
    assert other.items == one.items
    assert other.ask("recent")["items"] == []  # of another view, which the page starts anew
    made: list[None] = []
    heading = live._heading
    live._heading = lambda: made.append(None) or heading()  # type: ignore[method-assign, func-returns-value]
    live._made_s = -module.FRESH_S
    for _ in range(50):
        live.told(0, "whole", 0, 0)
    assert len(made) == 1


def test_small() -> None:
    """A few kB a second, with many targets and objectives too."""
    live = Live(SystemClock(), str)
    script = Script(a_scenario())
    run = golden_run(TWO)
    watch = Watch(run.scenario)
    live.begin(script.coordinator, watch, driven=False)
    watch.add(run.intervals, 310.0)
    live._now = watch.look(310.0, [310.0])
    first = live.told(0, "whole", 0, 0)
    known = json.loads(first)
    again = live.told(known["run"], "whole", known["generation"], known["next"])
    assert len(again) < 4_000
    assert len(first) < 30_000


def test_a_refused_start() -> None:
    """It is told until a run begins."""
    live = Live(SystemClock(), str)
    live.refused = "no second run:\none is on"
    assert Page(live).ask()["head"]["refused"] == "no second run:; one is on"
    script = Script(a_scenario())
    live.begin(script.coordinator, Watch(script.coordinator.scenario), driven=False)
    assert Page(live).ask()["head"]["refused"] == ""


def test_a_stop_is_the_end_of_what_is_due() -> None:
    """Nothing is offered after it."""
    live = Live(SystemClock(), str)
    script = Script(a_scenario())
    watch = Watch(script.coordinator.scenario)
    live.begin(script.coordinator, watch, driven=False)
    coordinator = script.coordinator
    coordinator.started.set()
    coordinator._stopping = True
    coordinator._stop_ns = coordinator._origin_ns + NS_PER_S // 20
    live.tick()
    assert watch.due.stopped_s == 0.05
