"""One worker's slices of a schedule, given to the sender a little ahead of their instants.

What it knows: which arrivals and closed-loop users are this worker's, which payload each takes, how
an order to the sender looks. What it must not know: when "now" is (`session` says what comes due
before which horizon), results, Locust. Offsets are ns from the start of the run.
"""

import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_S
from eiload.record.buckets import Ints
from eiload.scenario import Scenario
from eiload.scenario.arrivals import ClosedPhase, phase_seed
from eiload.scenario.picks import ALL, Picks
from eiload.scenario.schedule import Chunk, Schedule, target_order
from eiload.scenario.users import Exponential, Lognormal, Think
from eiload.scenario.users import stints as stints_of
from eiload.sending.arrays import SEND_DTYPE
from eiload.sending.engine import Engine
from eiload.sending.loop import Loop
from eiload.sending.result import WANT_RESPONSE, sampled

__all__ = ["Feeder"]

KEPT_NS = 30 * NS_PER_S
"""How long what was passed over is kept, for slices that are to be owned from before: longer than
any order takes that is heard at all."""

CEDE_LEAD_NS = 2 * NS_PER_S
"""How far beyond what it has fed a feeder goes on feeding slices that it cedes: so long whoever
takes them over may take to hear of it and is in time."""


class _Slice(NamedTuple):
    """A part of the load: every so many-th arrival, and of users, from an offset to another."""

    number: int
    from_ns: int = 0
    until_ns: int = sys.maxsize


class Feeder:
    """Feeds one sender.

    Args:
        scenario: the scenario.
        index: this worker's slice; from `count` on it has none until it is to `own` one.
        count: number of slices.
        engine: the sender.
        requests: for each target's index, the sender's numbers of its requests, by payload.
        parts: of which of the payload's parts each payload is; None if it has one.

    Raises:
        ScenarioError: a trace that is to be replayed is not here, or another one, or chooses what
            there is not.
    """

    def __init__(
        self,
        scenario: Scenario,
        index: int,
        count: int,
        *,
        engine: Engine,
        requests: Mapping[int, Sequence[int]],
        parts: Sequence[int] | None = None,
    ) -> None:
        self._engine = engine
        self._origin_ns = 0
        self._count = count
        self._slices = [_Slice(index)] if index < count else []
        self._sample = scenario.sample
        self._seed = scenario.seed
        self._requests = [np.asarray(requests[target]) for target in range(len(scenario.targets))]
        weights = scenario.payload.weights if parts is not None else (1.0,)
        counts = np.bincount(parts or [0] * len(self._requests[0]), minlength=len(weights))
        self._picks = Picks(scenario, counts.tolist())
        self._schedule = Schedule(scenario.traffic, scenario.seed)
        self._schedule.check()
        self._chunks: Iterator[Chunk] = self._schedule.chunks()
        self._chunk = next(self._chunks, None)
        self._started: set[tuple[int, int]] = set()
        self._fed_ns = 0
        self._passed: deque[Chunk] = deque()
        # Orders come on another thread than the one that feeds.
        self._lock = threading.Lock()

    def begin(self, origin_ns: int) -> None:
        """Have second 0 at an instant."""
        self._origin_ns = origin_ns

    def own(self, slices: Sequence[int], from_ns: int) -> None:
        """Feed other slices as well, from offset `from_ns` on, which may lie behind already.

        What is due in them since then and was passed over is given to the sender at once: late, and
        its lag says so. Beyond `KEPT_NS` it is not.
        """
        with self._lock:
            more = [_Slice(index, from_ns) for index in slices]
            for chunk in self._passed:
                self._send(chunk, [each._replace(until_ns=self._fed_ns) for each in more])
            self._slices += more

    def cede(self, slices: Sequence[int], from_ns: int) -> int:
        """Feed no arrivals of these slices from an offset on.

        Args:
            slices: their numbers.
            from_ns: the offset that is wished for.

        Returns:
            The offset: a later one where that one is too near, or has been fed.
        """
        with self._lock:
            from_ns = max(from_ns, self._fed_ns + CEDE_LEAD_NS)
            self._slices = [
                each._replace(until_ns=min(each.until_ns, from_ns))
                if each.number in slices
                else each
                for each in self._slices
            ]
            return from_ns

    def feed(self, horizon_ns: int) -> None:
        """Give the sender all that is due before the horizon and has not been given."""
        with self._lock:
            self._feed_arrivals(horizon_ns)
            self._start_loops(horizon_ns)
            self._fed_ns = max(self._fed_ns, horizon_ns)

    def _feed_arrivals(self, horizon_ns: int) -> None:
        while (chunk := self._chunk) is not None:
            near = int(np.searchsorted(chunk.offsets_ns, horizon_ns))
            if near:
                self._pass(chunk.cut(near)[0], horizon_ns)
            if near < len(chunk.offsets_ns):
                self._chunk = chunk.cut(near)[1]
                return
            self._chunk = next(self._chunks, None)

    def _pass(self, chunk: Chunk, horizon_ns: int) -> None:
        self._send(chunk, self._slices)
        self._passed.append(chunk)
        while self._passed[0].offsets_ns[-1] < horizon_ns - KEPT_NS:
            self._passed.popleft()

    def _send(self, chunk: Chunk, slices: Sequence[_Slice]) -> None:
        numbers = chunk.first + np.arange(len(chunk.offsets_ns))
        mine = self._mine(numbers, chunk.offsets_ns, slices)
        numbers, offsets = numbers[mine], chunk.offsets_ns[mine]
        targets = len(self._requests)
        sends = np.zeros((len(numbers), targets), SEND_DTYPE)
        codes = None if chunk.codes is None else chunk.codes[mine]
        which = self._picks.payloads(chunk.phase, numbers, codes)
        only = self._picks.targets(chunk.phase, codes)
        order = target_order(numbers, targets, self._seed)
        payloads = np.stack([requests[which] for requests in self._requests], axis=1)
        # What is due at one instant is sent in the order of its records.
        for place in range(targets):
            column, target = sends[:, place], order[:, place]
            column["seq"] = numbers * targets + target
            column["intended_ns"] = self._origin_ns + offsets
            column["payload"] = payloads[np.arange(len(numbers)), target]
            column["target"] = target
            column["phase"] = chunk.phase
            column["flags"] = WANT_RESPONSE * sampled(numbers, self._sample)
        if only is not None:
            sends = sends[(only[:, None] == ALL) | (order == only[:, None])]
        if sends.size:
            self._engine.send(sends.tobytes())

    def _mine(self, numbers: Ints, offsets_ns: Ints, slices: Sequence[_Slice]) -> NDArray[np.bool_]:
        mine = np.zeros(len(numbers), bool)
        for index, from_ns, until_ns in slices:
            due = (offsets_ns >= from_ns) & (offsets_ns < until_ns)
            mine |= (numbers % self._count == index) & due
        return mine

    def _start_loops(self, horizon_ns: int) -> None:
        """Start the closed-loop users of phases that begin before the horizon."""
        for number, phase in enumerate(self._schedule.traffic):
            start_ns = self._schedule.starts_ns[number]
            if not isinstance(phase, ClosedPhase) or start_ns > horizon_ns:
                continue
            for index, from_ns, _ in self._slices:
                if from_ns < start_ns + phase.duration_ns and (number, index) not in self._started:
                    self._started.add((number, index))
                    self._start_loop(number, phase, index, from_ns - start_ns)

    def _start_loop(self, number: int, phase: ClosedPhase, index: int, from_ns: int) -> None:
        """Start the users of one slice who have not gone by `from_ns` of the phase."""
        begin_ns = self._origin_ns + self._schedule.starts_ns[number]
        stints = stints_of(phase.users, phase.duration_ns)
        listed = self._picks.draw.listed()
        users = [
            user for user in range(index, len(stints), self._count) if stints[user][1] > from_ns
        ]
        targets = len(self._requests)
        orders = target_order(np.asarray(users, np.int64), targets, self._seed)
        # Users who begin with the same target together, so that there are few loops.
        groups: dict[tuple[int, ...], list[int]] = {}
        for user, order in zip(users, orders.tolist(), strict=True):
            groups.setdefault(tuple(order), []).append(user)
        for order, members in groups.items():
            for target in order:
                self._engine.loop(
                    Loop(
                        users=tuple(members),
                        total_users=len(stints),
                        start_ns=begin_ns + max(0, from_ns),
                        end_ns=begin_ns + phase.duration_ns,
                        target=target,
                        targets=targets,
                        phase=number,
                        payloads=tuple(self._requests[target][listed].tolist()),
                        sample=self._sample,
                        **_thinking(phase.think),
                        seed=phase_seed(self._seed, number),
                        stints_ns=tuple(
                            (begin_ns + max(stints[user][0], from_ns), begin_ns + stints[user][1])
                            for user in members
                        )
                        if not isinstance(phase.users, int)
                        else (),
                    )
                )


def _thinking(think: Think) -> dict[str, Any]:
    """Return how a loop is told of a think time."""
    match think:
        case Exponential(mean_ns):
            return {"think_ns": mean_ns, "think_law": "exponential"}
        case Lognormal(median_ns) as law:
            return {
                "think_ns": median_ns, "think_law": "lognormal", "think_sigma": law.sigma,
            }  # fmt: skip
        case constant_ns:
            return {"think_ns": constant_ns}
