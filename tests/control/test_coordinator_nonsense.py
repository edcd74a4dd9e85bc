"""The coordinator against what is damaged, foreign or hostile, by scripted agents."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from eiload.base.status import Status
from eiload.control.messages import Failed, Go, Order, Prepare, Report, encode
from eiload.record.facts import Answers
from eiload.record.intervals import Intervals
from tests.control.script import Script, a_scenario


def test_damaged_report() -> None:
    """A report that cannot be read is a problem, not a crash, and its requests are LOST."""
    script = Script(a_scenario(), workers=1)

    def garble(name: str, order: Order) -> None:
        counted = Report(
            run=order.run,
            intervals=Intervals.empty(),
            failures={"gpu": ({},)},
            answers={"gpu": (Answers(),)},
        )
        script.say(name, {**encode(counted), "intervals": b"no zlib"})
        script.final(name, order, Intervals.empty())

    script.answers[Go] = garble
    run = script.run()
    (problem,) = (problem for problem in run.problems if "is damaged" in problem)
    assert problem.startswith("a report of worker w0 is damaged: intervals: not interval data")
    assert run.statuses(0).keys() == {Status.LOST}


def test_a_stranger_is_not_heard() -> None:
    """Messages of unknown workers and of other runs change nothing."""
    script = Script(a_scenario(), workers=1)

    def disturb(name: str, order: Order) -> None:
        failed = Failed(run=order.run, why="a stranger says so", exit_status=5)
        for other, word in (("stranger", failed), (name, replace(failed, run="another"))):
            script.coordinator.post(other, word)
            script.say(other, encode(word))
        script.ready(name, order)

    script.answers[Prepare] = disturb
    assert script.run().problems == ()


HOSTILE: tuple[Any, ...] = (
    None, [], [1], "report", 7, b"", {}, {"type": "report"}, {"type": None}, {"type": ["report"]},
    {"type": "stop", "why": "a stranger says so"}, {"type": "lost", "why": "not at all"},
    {"type": "ready"}, {"type": "ready", "digest": 7, "targets": "[]"},
    {"type": "ready", "digest": "same", "targets": "[[["}, {"type": "failed", "why": 3},
    {"type": "failed", "why": "x", "exit_status": float("nan")}, {"type": "no such"},
    {"type": "report", "intervals": "text", "final": True},
    {"type": "report", "intervals": b"", "failures": [], "answers": {}, "in_flight": -1},
)  # fmt: skip
"""What somebody says who means no good, or whose memory is broken."""


def test_hostile_messages_end_no_run() -> None:
    """Whatever comes, from whomever, all requests are counted; a worker's nonsense is a problem."""
    for sender, amiss in (("stranger", False), ("", False), ("w0", True)):
        script = Script(a_scenario(), workers=2)

        def disturb(order: Order, sender: str = sender, script: Script = script) -> None:
            for content in HOSTILE:
                script.say(sender, content)
                if isinstance(content, dict):
                    script.say(sender, {"run": order.run, **content})

        def ready(
            name: str,
            order: Order,
            script: Script = script,
            disturb: Callable[[Order], None] = disturb,
        ) -> None:
            disturb(order)
            script.ready(name, order)

        def go(
            name: str,
            order: Order,
            script: Script = script,
            disturb: Callable[[Order], None] = disturb,
        ) -> None:
            disturb(order)
            script.everything(name, order)
            disturb(order)
            script.everything(name, order)  # once more: it counts no second time

        script.answers |= {Prepare: ready, Go: go}
        run = script.run()
        due = sum(script.schedule.due([script.schedule.duration_ns] * 2).values())
        assert run.statuses(0) == {Status.OK: due}
        assert not run.stopped
        assert bool(run.problems) == amiss
        assert all("a report of worker w0 is damaged: " in problem for problem in run.problems)
