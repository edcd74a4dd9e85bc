"""What may end a run before its plan does, from counts as workers report them."""

import threading

import numpy as np
import pytest

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.status import Status
from eiload.control.ending import Cause, Looks
from eiload.control.messages import Go, Order, Prepare, Report, Stop
from eiload.record.facts import Answers
from eiload.record.intervals import Intervals
from eiload.record.recorder import Recorder
from eiload.record.run import Run
from eiload.record.stopping import UNDECIDABLE, decided, is_abort
from eiload.record.taken import LookFacts
from eiload.scenario.schedule import Schedule
from eiload.sending.arrays import RESULT_DTYPE
from tests.control.script import Script, a_scenario

UNTIL = {"at_most": "1 min", "looks": ["1 s", "5 s"], "until": "decided"}
STEADY = {"phase": "steady", "rate": "40/s", "arrivals": "constant"}
ASKED = ["errors < 1 %"]


def ended(first_s: float, seconds: float, rate: int, failed: float = 0.0) -> Intervals:
    """Return the counts of requests of which a share failed, due evenly."""
    results = np.zeros(round(seconds * rate), RESULT_DTYPE)
    results["intended_ns"] = ((first_s + (np.arange(len(results)) + 0.5) / rate) * NS_PER_S).astype(
        np.int64
    )
    results["sent_ns"], results["done_ns"] = results["intended_ns"], results["intended_ns"] + 1
    results["status"][: round(failed * len(results))] = Status.UNAVAILABLE
    recorder = Recorder(0)
    recorder.record(results)
    return recorder.take()


def test_a_look_waits_for_what_was_due() -> None:
    """It is told once, when its time has come and all until then has ended and been reported."""
    scenario = a_scenario(traffic=[{**STEADY, "for": UNTIL}], objectives=ASKED)
    looks = Looks(scenario, Schedule(scenario.traffic, scenario.seed))
    assert looks.due(6 * NS_PER_S) is None
    looks.add(ended(0, 0.5, 40))
    assert looks.due(6 * NS_PER_S) is None
    looks.add(ended(0.5, 4, 40))
    assert looks.due(6 * NS_PER_S) == 1  # the later one not yet
    assert looks.due(6 * NS_PER_S) is None
    looks.add(ended(4.5, 2, 40))
    assert looks.due(4 * NS_PER_S) is None  # too early by the clock
    assert looks.due(6 * NS_PER_S) == 5
    assert looks.due(7 * NS_PER_S) is None


def test_a_run_that_just_ends_has_no_look() -> None:
    """And counts nothing for one."""
    scenario = a_scenario()
    looks = Looks(scenario, Schedule(scenario.traffic, scenario.seed))
    looks.add(ended(0, 1, 40))
    assert looks.due(NS_PER_S) is None


def test_too_much_fails_for_too_long() -> None:
    """By what was reported in the last so many seconds, after the grace."""
    scenario = a_scenario(abort={"errors": "50 % for 10 s", "grace": "5 s"})
    cause = Cause(scenario)
    cause.add(ended(0, 2, 10, failed=1.0), 2 * NS_PER_S, {})
    assert cause.reason(14 * NS_PER_S) == ""  # within the grace, or before it
    for second in range(10, 30, 2):
        cause.add(ended(second, 2, 10, failed=0.4), (second + 2) * NS_PER_S, {})
    assert cause.reason(30 * NS_PER_S) == ""
    for second in range(30, 42, 2):
        cause.add(ended(second, 2, 10, failed=0.8), (second + 2) * NS_PER_S, {})
    why = cause.reason(42 * NS_PER_S)
    assert is_abort(why)
    assert why == "aborted: 80 % of 100 requests to gpu failed within 10 s, 50 % ends the run"
    assert cause.reason(80 * NS_PER_S) == ""  # nothing has ended for long
    few = Cause(scenario)
    few.add(ended(0, 0.4, 10, failed=1.0), 20 * NS_PER_S, {})
    assert few.reason(20 * NS_PER_S) == ""  # four


def test_too_many_fail_in_a_row() -> None:
    """As one worker sees them; nothing else is a cause then."""
    cause = Cause(a_scenario(abort={"failures": "20 in a row"}))
    cause.add(ended(0, 60, 10, failed=1.0), 60 * NS_PER_S, {"gpu": 19})
    assert cause.reason(60 * NS_PER_S) == ""
    cause.add(ended(60, 1, 10), 61 * NS_PER_S, {"gpu": 24})
    cause.add(ended(60, 1, 10), 61 * NS_PER_S, {"gpu": 3})  # of another worker
    why = cause.reason(61 * NS_PER_S)
    assert is_abort(why)
    assert why == "aborted: 24 requests to gpu failed in a row; 20 end the run"


def test_nothing_to_abort_for() -> None:
    """Without `abort:` everything may fail."""
    cause = Cause(a_scenario())
    cause.add(ended(0, 60, 10, failed=1.0), 60 * NS_PER_S, {})
    assert cause.reason(60 * NS_PER_S) == ""


def due_between(script: Script, index: int, from_ns: int, until_ns: int) -> Intervals:
    """Return the records of what was due in one slice from an offset to another."""
    recorder = Recorder(0)
    for chunk in script.schedule.chunks():
        numbers = chunk.first + np.arange(len(chunk.offsets_ns))
        mine = numbers % len(script.names) == index
        offsets = chunk.offsets_ns
        offsets = offsets[mine & (offsets >= from_ns) & (offsets < until_ns)]
        results = np.zeros(len(offsets), RESULT_DTYPE)
        results["intended_ns"], results["phase"] = offsets, chunk.phase
        results["sent_ns"], results["done_ns"] = offsets + 1, offsets + NS_PER_MS
        recorder.record(results)
    return recorder.take()


def test_a_look_ends_a_run() -> None:
    """All workers are cut at one instant, the ledger is exact, and the run holds its look."""
    phase = {**STEADY, "for": UNTIL}
    taken: list[Run] = []

    def look(run: Run) -> None:
        taken.append(run)
        facts = LookFacts(run.ended_ns // NS_PER_S, script.coordinator.elapsed_ns, ())
        script.coordinator.looked(facts, decided("1 s"))

    script = Script(a_scenario(traffic=[phase], objectives=ASKED), on_look=look)

    def begin(name: str, order: Order) -> None:
        counted = Report(
            run=order.run,
            intervals=due_between(script, script.names.index(name), 0, NS_PER_S),
            failures={"gpu": ({},)},
            answers={"gpu": (Answers(),)},
        )
        script.coordinator.post(name, counted)

    def end(name: str, order: Order) -> None:
        assert isinstance(order, Stop)
        rest = due_between(script, script.names.index(name), NS_PER_S, order.at_ns)
        script.final(name, order, rest, ended_ns=order.at_ns)

    script.answers = {Prepare: script.ready, Go: begin, Stop: end}
    run = script.run()
    (at_look,) = taken
    assert at_look.ended_ns == NS_PER_S
    assert at_look.statuses(0) == {Status.OK: 40}
    assert len({order.at_ns for _, order in script.heard(Stop)}) == 1
    assert run.stopped == "everything is decided by the look after 1 s"
    assert [look.second for look in run.looks] == [1]
    assert Run.from_json(run.to_json()).looks == run.looks
    due = sum(script.schedule.due([run.ended_ns] * 2).values())
    assert run.statuses(0) == {Status.OK: due}
    assert not run.problems


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_worker_that_is_lost(goes_on: bool) -> None:
    """It ends a run until decided, of which no word can come any more; a fixed one goes on.

    The ledger is exact: what the lost one had to send is LOST.
    """
    phase = {**STEADY, "for": UNTIL if goes_on else "300 ms"}
    script = Script(a_scenario(traffic=[phase], objectives=ASKED))

    def begin(name: str, order: Order) -> None:
        if name == "w1":
            script.coordinator.lose(name, "it left")
        elif not goes_on:
            script.everything(name, order)

    def end(name: str, order: Order) -> None:
        assert isinstance(order, Stop)
        if name == "w0":
            sent = due_between(script, 0, 0, order.at_ns)
            script.final(name, order, sent, ended_ns=order.at_ns)

    script.answers = {Prepare: script.ready, Go: begin, Stop: end}
    run = script.run()
    assert run.problems == ("worker w1 was lost: it left",)
    assert run.stopped == (UNDECIDABLE if goes_on else "")
    assert bool(script.heard(Stop)) is goes_on
    said = "nothing can be decided any more: worker w1 was lost: it left"
    assert script.said.count(said) == goes_on
    due = sum(script.schedule.due([run.ended_ns] * 2).values())
    found = run.statuses(0)
    assert sum(found.values()) == due
    assert found[Status.LOST] == due // 2


def test_an_abort_ends_a_run() -> None:
    """As a stop does, for a reason that says what failed."""
    traffic = [{**STEADY, "for": "1 min"}]
    abort = {"errors": "50 % for 1 s", "grace": "0 s"}
    script = Script(a_scenario(traffic=traffic, abort=abort), workers=1)

    def begin(name: str, order: Order) -> None:
        def report() -> None:
            counted = Report(
                run=order.run,
                intervals=ended(0, 1, 40, failed=1.0),
                failures={"gpu": ({},)},
                answers={"gpu": (Answers(),)},
            )
            script.coordinator.post(name, counted)

        threading.Timer(1.5, report).start()

    def end(name: str, order: Order) -> None:
        assert isinstance(order, Stop)
        rest = due_between(script, 0, NS_PER_S, order.at_ns)
        script.final(name, order, rest, ended_ns=order.at_ns)

    script.answers = {Prepare: script.ready, Go: begin, Stop: end}
    run = script.run()
    assert is_abort(run.stopped)
    assert "100 % of 40 requests to gpu failed" in run.stopped
    assert script.said.count(run.stopped) == 1
    assert sum(run.statuses(0).values()) == sum(script.schedule.due([run.ended_ns]).values())
