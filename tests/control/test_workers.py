"""Who owns which slice up to when: whatever is lost in whatever order, the schedule is covered."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.clock import NS_PER_S
from eiload.base.errors import ScenarioError
from eiload.base.status import Status
from eiload.control import closing
from eiload.control.messages import Cede, Ceded, Final, Own, Ready, Report
from eiload.control.workers import DAMAGED_AT_MOST, TAKEOVER_NS, HandOver, Workers
from eiload.record.facts import Answers, TargetFacts, WorkerFacts
from eiload.record.intervals import Intervals
from eiload.record.packed import TOGETHER
from eiload.record.recorder import Recorder
from eiload.scenario import build
from eiload.scenario.schedule import Schedule
from eiload.sending.arrays import RESULT_DTYPE

SCENARIO = build(
    {
        "name": "lost",
        "targets": {"gpu": {"server": "127.0.0.1:1", "model": "ssd"}},
        "payload": {"synthetic": "8x8"},
        "traffic": [{"phase": "steady", "rate": "5/s", "for": "30 s"}],
    },
    "test",
    Path(),
)
SCHEDULE = Schedule(SCENARIO.traffic, SCENARIO.seed)
DURATION_NS = SCHEDULE.duration_ns
OFFSETS_NS = np.concatenate([chunk.offsets_ns for chunk in SCHEDULE.chunks()])

KNOWN = closing.Known(
    scenario=SCENARIO, driven=False, started_wall_ns=0, stopped="", digest="", share=""
)


def ready(digest: str = "same") -> Ready:
    """Return the word that a worker is ready."""
    return Ready(run="this", digest=digest, targets=(TargetFacts("gpu", "127.0.0.1:1", "ssd"),))


def begun(count: int, *, driven: bool = False) -> Workers:
    """Return workers whose load is on."""
    names = [f"w{index}" for index in range(count)]
    workers = Workers("this", names, duration_ns=DURATION_NS, driven=driven)
    for name in names:
        workers.ready(name, ready())
    workers.begin()
    return workers


def a_report(intervals: Intervals | None = None) -> Report:
    """Return a report of counts."""
    return Report(
        run="this",
        intervals=intervals or Intervals.empty(),
        failures={"gpu": ({},)},
        answers={"gpu": (Answers(),)},
    )


def a_final(ended_ns: int, intervals: Intervals | None = None, lost: str = "") -> Final:
    """Return a final report."""
    report = a_report(intervals)
    return Final(
        run="this",
        intervals=report.intervals,
        failures=report.failures,
        answers=report.answers,
        facts=WorkerFacts("0", 1.0, 1.0, 0, 0, lost=lost),
        ended_ns=ended_ns,
    )


class Play:
    """Workers who do as they are told, and are lost; what each sends is known."""

    def __init__(self, count: int) -> None:
        self.workers = begun(count)
        self.count = count
        self.owned: dict[str, list[tuple[int, int, int]]] = {
            worker.name: [(worker.index, 0, DURATION_NS)] for worker in self.workers
        }
        """For each worker, its slices, from which offset on it sends them and up to which."""
        self.asked: list[tuple[str, Cede]] = []
        """What workers were asked to leave and have not heard yet."""
        self.ceded_ns = 0
        """From when on slices were left at last."""
        self._counted_ns = dict.fromkeys(self.owned, 0)

    def sent(self, name: str, until_ns: int) -> Intervals:
        """Return what a worker has sent since its last report, up to an offset."""
        numbers = np.arange(len(OFFSETS_NS))
        mine = np.zeros(len(OFFSETS_NS), bool)
        for index, from_ns, to_ns in self.owned[name]:
            due = (from_ns <= OFFSETS_NS) & (to_ns > OFFSETS_NS)
            mine |= (numbers % self.count == index) & due
        mine &= (self._counted_ns[name] <= OFFSETS_NS) & (until_ns > OFFSETS_NS)
        self._counted_ns[name] = until_ns
        results = np.zeros(int(mine.sum()), RESULT_DTYPE)
        results["intended_ns"] = OFFSETS_NS[mine]
        results["sent_ns"] = results["done_ns"] = OFFSETS_NS[mine] + 1
        recorder = Recorder(0)
        recorder.record(results)
        return recorder.take()

    def take_over(self, orders: HandOver, now_ns: int) -> None:
        """Do as the orders say."""
        for name, order in orders:
            assert name in {worker.name for worker in self.workers.live}
            assert order.from_ns >= now_ns + TAKEOVER_NS
            if isinstance(order, Own):
                self.owned[name] += [(each, order.from_ns, DURATION_NS) for each in order.slices]
            else:
                self.asked.append((name, order))

    def cede(self, name: str, order: Cede, now_ns: int) -> None:
        """Have a worker hear that it is to leave slices, and say from when on it does."""
        if name not in {worker.name for worker in self.workers.live}:
            return  # it was lost before it said so: others have them already
        from_ns = self.ceded_ns = max(order.from_ns, now_ns + TAKEOVER_NS)
        self.owned[name] = [
            (index, since, min(to, from_ns) if index in order.slices else to)
            for index, since, to in self.owned[name]
        ]
        word = Ceded(run="this", slices=order.slices, from_ns=from_ns)
        self.take_over(self.workers.cede(name, word), now_ns)
        assert self.workers.cede(name, word) == []  # once is enough

    def come(self, name: str, now_ns: int) -> None:
        """Have a worker come late and be ready."""
        self.owned[name] = []
        self._counted_ns[name] = 0
        self.workers.join(name)
        self.workers.ready(name, ready())
        self.take_over(self.workers.relieve(name, now_ns), now_ns)

    def owners(self) -> Iterator[tuple[int, str]]:
        """Yield each slice that somebody has, with its owner."""
        for worker in self.workers:
            for index in worker.slices:
                yield index, worker.name

    def senders(self, number: int, at_ns: int) -> list[str]:
        """Return who sends the arrivals of a slice at an offset, of those that are not over."""
        live = {worker.name for worker in self.workers.live}
        return [
            name
            for name, owned in self.owned.items()
            if name in live
            and any(index == number and since <= at_ns < to for index, since, to in owned)
        ]


ENDS = st.sampled_from(["lost", "lost sender", "left", "comes", "hears"])
EVENTS = st.lists(
    st.tuples(st.integers(0, DURATION_NS), st.integers(0, 5), ENDS, st.integers(0, 100)),
    max_size=8,
)


def test_three_come_at_once() -> None:
    """What one was to have, and has not yet, goes to the next that comes with nothing."""
    play = Play(4)
    for lost in ("w0", "w1", "w2"):
        play.take_over(play.workers.lose(lost, "it left", 0), 0)
    for late in ("w4", "w5", "w6"):
        play.come(late, 1)
    assert len(play.asked) == 3
    for name, order in play.asked:
        play.cede(name, order, 2)
    assert sorted(name for _, name in play.owners()) == ["w3", "w4", "w5", "w6"]


@given(st.integers(1, 6), EVENTS)
def test_slices_partition_the_schedule(count: int, events: list[tuple[int, int, str, int]]) -> None:
    """In any order of losses and late ones each slice has one owner; all due is accounted for."""
    play = Play(count)
    workers = play.workers
    for now_ns, which, how, reported in sorted(events):
        name = f"w{which % len(play.owned)}"
        if how == "comes" and workers.live:
            play.come(f"w{len(play.owned)}", now_ns)
        elif how == "hears" and play.asked:
            play.cede(*play.asked.pop(which % len(play.asked)), now_ns)
        if how in {"comes", "hears"}:
            continue
        if name not in {worker.name for worker in workers.live}:
            continue
        # What it has told of before it went; of the rest nobody will ever know.
        told_ns = now_ns * reported // 100
        workers.report(name, a_report(play.sent(name, told_ns)), told_ns)
        if how == "lost":
            orders = workers.lose(name, "it left", now_ns)
        else:
            lost = "the sender died" if how == "lost sender" else ""
            orders = workers.report(name, a_final(now_ns, play.sent(name, now_ns), lost), now_ns)
        play.take_over(orders, now_ns)
        owners = list(play.owners())
        assert sorted(index for index, _ in owners) == list(range(count))
        live = {worker.name for worker in workers.live}
        if live and now_ns + TAKEOVER_NS < DURATION_NS:
            assert {owner for _, owner in owners} <= live
            changed_ns = max(now_ns + TAKEOVER_NS, play.ceded_ns)
            for index in range(count):
                assert len(play.senders(index, changed_ns)) == (changed_ns < DURATION_NS)
        for index in range(count):
            assert len(play.senders(index, DURATION_NS - 1)) <= 1
    for worker in workers.live:
        sent = play.sent(worker.name, DURATION_NS)
        workers.report(worker.name, a_final(DURATION_NS, sent), DURATION_NS)
    counted = workers.intervals.total()
    cuts_ns = workers.cuts_ns(workers.ended_ns)
    due = sum(SCHEDULE.due(cuts_ns).values())
    run = closing.closed(KNOWN, workers, SCHEDULE)
    statuses = run.statuses(0, run.phases())
    assert sum(statuses.values()) == due
    if all(how != "left" for _, _, how, _ in events):  # what is lost is due until the end
        assert due == int((run.ended_ns > OFFSETS_NS).sum())
    assert statuses.get(Status.OK, 0) == counted
    assert not any("not scheduled" in problem for problem in run.problems)


def test_a_worker_that_is_whole_is_cut_at_its_last_word() -> None:
    """Before the end a slice is accounted for up to its owner's last report, lost ones to now."""
    workers = begun(3)
    workers.report("w0", a_report(), 4 * NS_PER_S)
    workers.report("w1", a_report(), 6 * NS_PER_S)
    workers.stop()
    workers.lose("w2", "it left", 5 * NS_PER_S)
    assert workers.heard_ns == 6 * NS_PER_S
    assert workers.cuts_ns(workers.heard_ns) == [4 * NS_PER_S, 6 * NS_PER_S, 6 * NS_PER_S]


def test_who_has_fewest_takes_over() -> None:
    """Two slices of one worker go to two others."""
    workers = begun(4)
    (first,) = workers.lose("w0", "it left", 0)
    orders = workers.lose(first[0], "it left, too", NS_PER_S)
    assert {heir for heir, _ in orders} == {"w2", "w3"}
    assert [own.slices for _, own in orders] == [(1,), (0,)]


@pytest.mark.parametrize("why", ["driven", "stopped", "late", "alone", "not begun"])
def test_nothing_to_take_over(why: str) -> None:
    """Users make the requests, sending ends anyway, or nobody is left or has begun."""
    workers = begun(1 if why == "alone" else 2, driven=why == "driven")
    if why == "not begun":
        workers = Workers("this", ["w0", "w1"], duration_ns=DURATION_NS)
    if why == "stopped":
        workers.stop()
    now_ns = DURATION_NS - TAKEOVER_NS if why == "late" else 0
    assert workers.lose("w0", "it left", now_ns) == []
    assert workers.problems == ([] if why == "not begun" else ["worker w0 was lost: it left"])
    assert [worker.name for worker in workers.lost] == ["w0"]


def test_lost_once() -> None:
    """Who is over is not lost once more, and what a lost one still says is counted."""
    workers = begun(2)
    assert workers.lose("w0", "it left", 0)
    assert workers.lose("w0", "it stopped answering", NS_PER_S) == []
    assert workers.problems == ["worker w0 was lost: it left"]
    assert not workers.has_ended("w0")
    workers.report("w0", a_final(DURATION_NS), NS_PER_S)
    assert workers.has_ended("w0")


def test_early_ends() -> None:
    """Who ends before the schedule does is a problem, unless all were told to stop."""
    workers = begun(2)
    assert workers.report("w0", a_final(NS_PER_S), NS_PER_S)
    assert workers.report("w1", a_final(DURATION_NS), DURATION_NS) == []
    assert workers.problems == ["worker w0 left before the end"]
    assert workers.live == []
    stopped = begun(1)
    stopped.stop()
    stopped.report("w0", a_final(NS_PER_S), NS_PER_S)
    assert stopped.problems == []
    assert stopped.ended_ns == NS_PER_S


def test_giving_up() -> None:
    """Who has not ended when nobody is waited for any more is lost."""
    workers = begun(2)
    workers.report("w0", a_final(DURATION_NS), DURATION_NS)
    workers.give_up("made no final report in time")
    assert [(worker.name, worker.lost) for worker in workers.lost] == [
        ("w1", "made no final report in time")
    ]


def test_getting_ready() -> None:
    """Those who have not said that they are ready are known, and all have one payload."""
    workers = Workers("this", ["w0", "w1"], duration_ns=DURATION_NS)
    workers.ready("w0", ready())
    assert [worker.name for worker in workers.silent] == ["w1"]
    workers.ready("w1", ready())
    assert workers.silent == []
    assert workers.digest() == "same"
    workers.ready("w1", ready("other"))
    with pytest.raises(ScenarioError, match="different payloads"):
        workers.digest()


def test_memory_is_bounded() -> None:
    """Many reports are kept as few, and add up; a damage that comes again is told once."""
    workers, play = begun(1), Play(1)
    for second in range(1, 2 * TOGETHER + 1):
        until_ns = second * DURATION_NS // (2 * TOGETHER)
        workers.report("w0", a_report(play.sent("w0", until_ns)), until_ns)
    (worker,) = workers
    assert len(list(worker.record)) <= TOGETHER
    assert workers.intervals.total() == len(OFFSETS_NS)
    for _ in range(3):
        for number in range(DAMAGED_AT_MOST):
            workers.damaged("w0", f"{number}: missing")
    assert len(workers.problems) == DAMAGED_AT_MOST
    assert workers.problems[0] == "a report of worker w0 is damaged: 0: missing"


def test_a_worker_is_called_as_the_master_calls_it() -> None:
    """A worker knows itself by its index; the run knows it by its name."""
    workers = begun(1)
    final = a_final(DURATION_NS)
    workers.report("w0", final, DURATION_NS)
    (worker,) = workers
    assert worker.facts == replace(final.facts, name="w0")
