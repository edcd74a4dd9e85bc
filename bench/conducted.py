"""One run in this process: a coordinator and one agent, which has a sender of its own.

What it knows: how the two talk without Locust between them. What it must not know: what is loaded,
and what becomes of the run.
"""

from collections.abc import Callable

from eiload.base.clock import SystemClock
from eiload.control.agent import Agent
from eiload.control.coordinator import Coordinator
from eiload.control.messages import Word
from eiload.control.session import Hooks
from eiload.record.intervals import Intervals
from eiload.record.journal import Journal
from eiload.record.run import Run
from eiload.scenario import Scenario

__all__ = ["conducted"]

REPORT_S = 1.0


def conducted(
    scenario: Scenario,
    report_s: float = REPORT_S,
    meanwhile: Callable[[Coordinator], None] | None = None,
    journal: Journal | None = None,
    on_intervals: Callable[[Intervals], None] = lambda _counts: None,
) -> Run:
    """Make one run.

    Args:
        scenario: whose servers are there.
        report_s: how often the agent reports.
        meanwhile: called once, when the first report has come while the load is on; the run waits.
        journal: kept while the load is on.
        on_intervals: told of counts as they arrive.

    Raises:
        EiloadError: it could not begin.
    """
    clock, todo = SystemClock(), [meanwhile] if meanwhile is not None else []

    def counted(counts: Intervals) -> None:
        on_intervals(counts)
        if todo and coordinator.started.is_set():
            todo.pop()(coordinator)

    coordinator = Coordinator(
        scenario,
        ["local"],
        send=lambda _name, order: agent.post(order),
        clock=clock,
        say=lambda _text: None,
        on_intervals=counted,
        journal=journal,
    )

    def up(word: Word) -> None:
        coordinator.post("local", word)

    def report() -> None:
        if (word := agent.report()) is not None:
            up(word)

    agent = Agent(
        send=up,
        final=report,
        clock=clock,
        hooks=Hooks(lambda _results, _detail: None, lambda _text: None),
        requests_of=lambda _scenario, _name: (),
    )
    try:
        coordinator.start()
        while not coordinator.done.wait(report_s):
            report()
        if coordinator.run is None:
            assert coordinator.error is not None
            raise coordinator.error
        return coordinator.run
    finally:
        agent.close()
