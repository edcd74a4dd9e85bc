"""The journal of a run, kept while it is on."""

import time
from pathlib import Path

from eiload.base.clock import NS_PER_S
from eiload.control.logbook import Logbook
from eiload.control.messages import Go, Order, Report, encode
from eiload.record.facts import Answers
from eiload.record.intervals import Intervals
from eiload.record.journal import Journal, State, read
from tests.control.script import PATIENCE_S, Script, a_scenario


def test_a_line_a_second(tmp_path: Path) -> None:
    """What comes within a second is one line; how the run stands is asked for no more often."""
    asked: list[int] = []

    def state() -> State:
        asked.append(len(asked))
        return State(0, [0], [], [])

    said: list[str] = []
    path = tmp_path / "run.json.journal"
    script = Script(a_scenario(), workers=1)
    run = script.run()
    logbook = Logbook(Journal(path), said.append)
    logbook.begin(run, driven=True)
    for tenth in range(30):
        logbook.add(script.slice_of(0))
        logbook.keep(tenth * NS_PER_S // 10, state)
    assert len(asked) == 2
    assert read(path).intervals.total() == 21 * script.slice_of(0).total()
    Logbook(None, said.append).keep(10 * NS_PER_S, state)
    assert len(asked) == 2
    assert not said


def test_the_journal_holds_what_was_reported(tmp_path: Path) -> None:
    """Reports are in it within seconds, before the run has ended, by the slices they are of."""
    path = tmp_path / "run.json.journal"
    scenario = a_scenario(traffic=[{"phase": "steady", "rate": "100/s", "for": "1 min"}])
    script = Script(scenario, journal=Journal(path))
    counts = {name: script.slice_of(index) for index, name in enumerate(script.names)}
    gone: dict[str, Order] = {}

    def some(name: str, order: Order) -> None:
        gone[name] = order
        report = Report(
            run=order.run,
            intervals=counts[name],
            failures={"gpu": ({},)},
            answers={"gpu": (Answers(checked=1),)},
        )
        script.say(name, encode(report))

    script.answers[Go] = some
    script.coordinator.start()
    give_up = time.monotonic() + PATIENCE_S
    while not path.exists() or path.read_bytes().count(b"\n") < 2:
        assert time.monotonic() < give_up
        time.sleep(0.05)
    found = read(path)
    assert found.intervals.total() >= sum(each.total() for each in counts.values())
    assert found.targets[0].answers_checked == 2
    for name in script.names:
        script.final(name, gone[name], Intervals.empty())
    assert script.coordinator.done.wait(PATIENCE_S)


def test_a_run_goes_on_without_its_journal() -> None:
    """A full disk is said once and costs the journal only."""
    script = Script(a_scenario(), journal=Journal(Path("/dev/full"), sync=lambda _fd: None))
    assert script.run().problems == ()
    assert [said for said in script.said if "goes on without its journal" in said] == [
        "/dev/full: cannot be written: No space left on device; the run goes on without its journal"
    ]
