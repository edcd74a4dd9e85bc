"""Who owns which slice of the schedule up to when, and what has been heard from whom.

What it knows: a run's workers by name and index, what their words mean for the schedule: whose
slices are sent by whom, who takes them over from whom, up to when each is accounted for. What it
must not know: clocks, queues, how orders travel. Pure: offsets (ns from the start of the load) are
arguments, and orders are returned for the coordinator to send.

Slice k belongs to worker k. When a worker is gone, its slices go to those who have fewest, from an
instant on that nobody has fed yet (`TAKEOVER_NS` ahead). What was due in them before that and is in
no report is lost, and the ledger says so.

A worker that comes when the load is on owns nothing. It is there to take over from one that is
gone, and at once from one that has taken over before: then that one is asked to cede slices. It
says itself from when on, and only then are they another's, from that instant: nothing is sent twice
or by nobody, however late either hears of it. Closed-loop users stay with whoever has begun them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from eiload.base.clock import NS_PER_S
from eiload.base.errors import ScenarioError
from eiload.control.messages import Cede, Ceded, Final, Own, Ready, Report
from eiload.control.session import LOOKAHEAD_NS
from eiload.record.facts import WorkerFacts
from eiload.record.intervals import Intervals
from eiload.record.packed import Packed

__all__ = ["TAKEOVER_NS", "HandOver", "Worker", "Workers"]

TAKEOVER_NS = LOOKAHEAD_NS + 2 * NS_PER_S
"""How far ahead lost slices change hands: beyond what any worker has fed already."""

DAMAGED_AT_MOST = 20
"""How many different damages are told, over and over, before they are told again."""

HandOver = list[tuple[str, Own | Cede]]
"""Orders to take over or leave slices, each with the name of the worker that it is for."""


@dataclass
class Worker:
    """What is known of one worker."""

    name: str
    index: int
    slices: list[int]
    """Those that it sends."""
    ceded: dict[int, int] = field(default_factory=dict)
    """Those that it has left to others, each with the offset from which on."""
    asked: dict[int, str] = field(default_factory=dict)
    """Those of its slices that it was asked to cede and has not, each with who is to have it."""
    late: bool = False
    """It came when the load was on."""
    ready: Ready | None = None
    record: Packed = field(default_factory=Packed)
    last: Report | None = None
    heard_ns: int = 0
    """When it last reported."""
    ended_ns: int = 0
    """The offset from which it sent nothing, once it is over."""
    facts: WorkerFacts | None = None
    """What it says of itself in its final report."""
    lost: str = ""

    @property
    def over(self) -> bool:
        """Tell whether nothing more is to come from it."""
        return bool(self.facts or self.lost)

    @property
    def coming(self) -> bool:
        """Tell whether it came late and is not ready yet: nothing is to be expected of it."""
        return self.late and self.ready is None

    @property
    def whole(self) -> bool:
        """Tell whether its record is, so far."""
        return not self.lost and not (self.facts and self.facts.lost)


class Workers:
    """The workers of one run.

    Args:
        run: its id.
        names: their names, in the order of their slices.
        duration_ns: length of the schedule.
        driven: Locust's users make the requests, so there is nothing to take over.
        ceding: slices may be taken from workers that are well: there are no closed-loop users.
    """

    def __init__(
        self,
        run: str,
        names: Sequence[str],
        *,
        duration_ns: int,
        driven: bool = False,
        ceding: bool = True,
    ) -> None:
        self.problems: list[str] = []
        """What went wrong, each a sentence."""
        self._run = run
        self._duration_ns = duration_ns
        self._driven = driven
        self._ceding = ceding
        self.slices = len(names)
        """How many slices there are."""
        self._by_name = {name: Worker(name, index, [index]) for index, name in enumerate(names)}
        self._begun = False
        self._stopping = False

    def __iter__(self) -> Iterator[Worker]:
        """Yield all, in the order of their indexes."""
        return iter(list(self._by_name.values()))  # one more may come meanwhile

    def __len__(self) -> int:
        """Return how many take part."""
        return len(self._by_name)

    def __contains__(self, name: str) -> bool:
        """Tell whether a worker of this name takes part."""
        return name in self._by_name

    @property
    def live(self) -> list[Worker]:
        """Return those of whom more is to come."""
        return [worker for worker in self if not worker.over]

    @property
    def lost(self) -> list[Worker]:
        """Return those that are lost."""
        return [worker for worker in self if worker.lost]

    @property
    def silent(self) -> list[Worker]:
        """Return those that have not said that they are ready."""
        return [worker for worker in self if not worker.ready]

    # -- what is heard -------------------------------------------------------------------------

    def ready(self, name: str, word: Ready) -> None:
        """Take a worker's word that it is ready."""
        self._by_name[name].ready = word

    def join(self, name: str) -> Worker:
        """Take in a worker that comes when the load is on; return it."""
        worker = self._by_name[name] = Worker(name, len(self), [], late=True)
        return worker

    def leave_out(self, name: str) -> bool:
        """Forget a worker that was only coming; tell whether it was."""
        worker = self._by_name.get(name)
        if worker is None or not worker.coming:
            return False
        del self._by_name[name]
        return True

    def digest(self) -> str:
        """Return the payload's fingerprint; for when all are ready.

        Raises:
            ScenarioError: they do not have the same payload.
        """
        digests = {worker.ready.digest for worker in self if worker.ready}
        if len(digests) > 1:
            raise ScenarioError(
                "workers have different payloads under the same names; copy the same images to all"
            )
        return digests.pop()

    def begin(self) -> None:
        """Take note that the load is on."""
        self._begun = True

    def stop(self) -> None:
        """Take note that sending ends early: nothing changes hands any more."""
        self._stopping = True

    def has_ended(self, name: str) -> bool:
        """Tell whether a worker has made its final report; there is none after it."""
        return self._by_name[name].facts is not None

    def report(self, name: str, report: Report, now_ns: int) -> HandOver:
        """Take a worker's report.

        Args:
            name: of the worker.
            report: its report.
            now_ns: when it came.

        Returns:
            What others are to take over from it.
        """
        worker = self._by_name[name]
        worker.record.add(report.intervals)
        worker.last = report
        worker.heard_ns = now_ns
        if not isinstance(report, Final):
            return []
        worker.facts = replace(report.facts, name=name)
        worker.ended_ns = report.ended_ns
        if worker.facts.lost:
            return self._gone(worker, f"worker {name}: {worker.facts.lost}", now_ns)
        if not self._stopping and worker.ended_ns < self._duration_ns:
            return self._gone(worker, f"worker {name} left before the end", now_ns)
        return []

    def lose(self, name: str, why: str, now_ns: int) -> HandOver:
        """Take note that a worker is gone; return what others are to take over from it."""
        worker = self._by_name[name]
        if worker.over:
            return []
        worker.lost = why
        worker.ended_ns = now_ns
        if not self._begun:
            return []
        return self._gone(worker, f"worker {name} was lost: {why}", now_ns)

    def give_up(self, why: str) -> None:
        """Wait for nobody any more."""
        for worker in self.live:
            worker.lost = why

    def damaged(self, name: str, what: str) -> None:
        """Take note of something said by a worker that cannot be read."""
        problem = f"a report of worker {name} is damaged: {what}"
        if problem not in self.problems[-DAMAGED_AT_MOST:]:
            self.problems.append(problem)

    def _gone(self, gone: Worker, problem: str, now_ns: int) -> HandOver:
        """Give a worker's slices to the others, from an instant ahead on."""
        self.problems.append(problem)
        gone.asked.clear()
        heirs = self._able
        from_ns = now_ns + TAKEOVER_NS
        if not heirs or not self._may_change(from_ns):
            return []
        orders: HandOver = []
        for index in gone.slices:
            heir = min(heirs, key=self._will_have)
            orders.append(self._give(index, heir, from_ns))
        gone.slices = []
        return orders

    def relieve(self, name: str, now_ns: int) -> HandOver:
        """Ask for slices for a worker that came late and is ready, of those that have two more."""
        from_ns = now_ns + TAKEOVER_NS
        orders: HandOver = []
        while self._ceding and self._may_change(from_ns):
            owner = max(self.live, key=self._will_have)
            if self._will_have(owner) < self._will_have(self._by_name[name]) + 2:
                break
            if (promise := self._promised(owner)) is not None:
                has, index = promise  # and is asked already: it only goes to another one
                has.asked[index] = name
                continue
            index = next(each for each in reversed(owner.slices) if each not in owner.asked)
            owner.asked[index] = name
            orders.append((owner.name, Cede(run=self._run, slices=(index,), from_ns=from_ns)))
        return orders

    def _promised(self, heir: Worker) -> tuple[Worker, int] | None:
        """Return a slice that a worker is to have and who has it still; None if there is none."""
        promises = ((has, index) for has in self for index in has.asked)
        return next((each for each in promises if each[0].asked[each[1]] == heir.name), None)

    def cede(self, name: str, word: Ceded) -> HandOver:
        """Take a worker's word that it leaves slices; return the orders to those that get them."""
        owner = self._by_name[name]
        if owner.over:
            return []  # what it had was given away when it went
        orders: HandOver = []
        for index in word.slices:
            if (wanted := owner.asked.pop(index, None)) is None:
                continue  # nobody asked for it
            owner.slices.remove(index)
            owner.ceded[index] = word.from_ns
            heir = self._by_name[wanted]
            if heir.over:
                heir = min(self._able, key=self._will_have)
            orders.append(self._give(index, heir, word.from_ns))
        return orders

    @property
    def _able(self) -> list[Worker]:
        """Return those that can be given slices."""
        return [worker for worker in self.live if not worker.coming]

    def _will_have(self, worker: Worker) -> int:
        """Return how many slices a worker has when all that was asked for has changed hands."""
        coming = sum(name == worker.name for each in self for name in each.asked.values())
        return len(worker.slices) - len(worker.asked) + coming

    def _may_change(self, from_ns: int) -> bool:
        """Tell whether slices can change hands at an offset."""
        return not self._driven and not self._stopping and from_ns < self._duration_ns

    def _give(self, index: int, heir: Worker, from_ns: int) -> tuple[str, Own]:
        heir.slices.append(index)
        return heir.name, Own(run=self._run, slices=(index,), from_ns=from_ns)

    # -- what it comes to ----------------------------------------------------------------------

    @property
    def ended_ns(self) -> int:
        """Return when the last of them ended; of no meaning before all have."""
        return min(max(worker.ended_ns for worker in self), self._duration_ns)

    @property
    def heard_ns(self) -> int:
        """Return when one last reported."""
        return min(max(worker.heard_ns for worker in self), self._duration_ns)

    def cuts_ns(self, ended_ns: int) -> list[int]:
        """Return for each slice up to when its requests are, or must be, accounted for.

        Args:
            ended_ns: when the load has ended, as far as is known.
        """
        cuts = [ended_ns] * self.slices
        for worker in self:
            until_ns = worker.ended_ns if worker.facts else worker.heard_ns
            for index in worker.slices if worker.whole else ():
                cuts[index] = min(until_ns, self._duration_ns)
        for worker in self.live:  # what it ceded is in its reports up to then
            for index, from_ns in worker.ceded.items():
                if worker.heard_ns < from_ns:
                    cuts[index] = min(cuts[index], worker.heard_ns)
        return cuts

    @property
    def intervals(self) -> Intervals:
        """Return what all have counted."""
        return Intervals.merge(part for worker in self for part in worker.record)

    @property
    def reports(self) -> list[Report]:
        """Return the last report of each that has made one."""
        return [worker.last for worker in self if worker.last]
