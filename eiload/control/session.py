"""One worker's part in a run: its load's life, from the sender's start to the drain's end.

What it knows: how to start and stop the load of one Locust process. What it must not know: Locust,
other workers, verdicts. `agent` drives it with the coordinator's orders; tests drive it directly.

Life: `prepare` (sender up, `preparation`) -> `go` (second 0 begins at an
instant) -> the plan runs out, or `stop` -> the drain ends -> `finished` is set. From `go` on,
`take` hands over what was counted since the last time.

Requests come from one of three places: the schedule's arrivals (given to the sender by `feeder`,
`LOOKAHEAD_NS` ahead, so that a stalled parent delays nothing), closed-loop users (run by the sender
itself), or Locust's own users through `call` (a `driven` session). What becomes of them `tally`
counts.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from eiload.base.clock import NS_PER_MS, NS_PER_S, Clock
from eiload.base.errors import EngineError
from eiload.base.status import Status
from eiload.control import memory, preparation, usage
from eiload.control.feeder import Feeder
from eiload.control.preparation import Prepared, RequestsOf, parts_of
from eiload.control.signatures import Signatures, signers_of
from eiload.control.tally import Detail, Taken, Tally
from eiload.record.facts import WorkerFacts
from eiload.record.recorder import Recorder, step_s_for
from eiload.scenario import Scenario
from eiload.sending.arrays import Results
from eiload.sending.engine import Engine
from eiload.sending.reply import Reply
from eiload.sending.witness import Answer
from eiload.serving.endpoint import endpoint_of

__all__ = ["Hooks", "Left", "Session", "drain_limit_ns"]

LOOKAHEAD_NS = 2 * NS_PER_S
"""How far ahead of their instants arrivals are given to the sender: longer than any pause of a
Locust process that is not broken, short enough that an early stop cancels little."""

FEED_NS = 250 * NS_PER_MS
"""How often arrivals are fed and the sender's pulse is felt."""

DRAIN_GRACE_NS = NS_PER_S
"""How long after the longest deadline the drain gives up; gRPC ends calls at their deadline."""

COUNTING_NS = 5 * NS_PER_S
"""How long users may take to judge the last answers before these are counted as they are."""


class Left(IntEnum):
    """Which answers that users have not counted are counted for them, each kind with the former."""

    DROPPED = 0
    """Nobody has them any more."""
    IDLE = 1
    """Nobody is judging them."""
    ALL = 2


@dataclass(frozen=True, slots=True)
class Hooks:
    """Who listens while a session works."""

    on_batch: Callable[[Results, Detail], None]
    """Each batch of results as it comes, with what turns detail numbers into texts."""
    progress: Callable[[str], None]
    """What is waited for during preparation."""
    settle: Callable[[Left], None] = lambda _left: None
    """Counts answers (by `Tally.count`) that their users leave uncounted."""
    maker: Callable[[str], str] = str
    """Returns the name of the user class that makes the requests to the target of that name."""


def drain_limit_ns(scenario: Scenario, wanted_ns: int | None) -> int:
    """Return how long answers are waited for at the end: as wanted, else the longest deadline."""
    if wanted_ns is not None:
        return wanted_ns
    return max(target.deadline_ns for target in scenario.targets.values()) + DRAIN_GRACE_NS


class Session:
    """One worker's load in one run.

    Args:
        scenario: the scenario.
        index: this worker's slice; none is its own from `count` on.
        count: number of slices.
        clock: the clock.
        hooks: who listens.
        addresses: where stand-ins are, by target name.
        requests_of: what gives each target's requests where user classes make them; None where
            the scenario says what is sent.
        driven: whether Locust's users send them (`call`) and not the scenario's traffic; if None,
            they do where they make them.
        drain_ns: how long answers are waited for at the end; the longest deadline if None.
    """

    def __init__(
        self,
        scenario: Scenario,
        index: int,
        count: int,
        *,
        clock: Clock,
        hooks: Hooks,
        addresses: Mapping[str, str] | None = None,
        requests_of: RequestsOf | None = None,
        driven: bool | None = None,
        drain_ns: int | None = None,
    ) -> None:
        self.scenario = scenario
        self.index = index
        self.tally = Tally(scenario)
        """What the requests came to."""
        self.finished = threading.Event()
        self.lost = ""
        self.ended_ns = 0
        """Once `finished`: the offset from which nothing of this worker's was sent."""
        self._count = count
        self._clock = clock
        self._hooks = hooks
        self._addresses = dict(addresses or {})
        self._requests_of = requests_of
        self._driven = requests_of is not None if driven is None else driven
        self._drain_ns = drain_limit_ns(scenario, drain_ns)
        self._engine: Engine | None = None
        self._signatures: Signatures  # since `prepare`
        self._requests: Mapping[int, list[int]] = {}
        self._parts: Sequence[int] = ()
        self._feeder: Feeder | None = None
        self._origin_ns = 0
        self._stop_ns: int | None = None
        self._used_at_go: usage.Used | None = None
        self._facts: WorkerFacts | None = None

    # -- before ----------------------------------------------------------------------------

    def prepare(self) -> Prepared:
        """Start the sender, make the requests and check the targets.

        The first worker also makes each target's first inference.

        Raises:
            ScenarioError: the payload or a TLS file cannot be used, or a model does not take what
                a user class makes.
            TargetError: a target cannot be used, or there are no credentials for it.
            EngineError: the sender does not start.
        """
        targets = self.scenario.targets
        endpoints = [
            endpoint_of(target, self._addresses.get(name)) for name, target in targets.items()
        ]
        signers = signers_of(targets.values())
        limit_bytes = memory.limit_bytes(self.scenario, self._count)
        self._engine = engine = Engine(
            endpoints,
            max_in_flight=self.scenario.max_in_flight,
            max_in_flight_bytes=limit_bytes,
            on_results=self._on_results,
            on_response=self._on_response,
            on_answer=self._on_answer,
            on_done=self._drained,
            on_death=self._died,
            clock=self._clock,
        )
        engine.start()
        say, clock = self._hooks.progress, self._clock
        self._signatures = signatures = Signatures(signers, engine, clock=clock, say=say)
        prepared = preparation.prepare(
            self.scenario,
            engine,
            clock=clock,
            addresses=self._addresses,
            progress=say,
            requests_of=self._requests_of,
            maker=self._hooks.maker,
            first=self.index == 0,
            expectations=self.tally.expectations,
            handed=signatures.add,
        )
        signatures.keep()
        if self.index == 0 and (said := memory.told(limit_bytes, self.scenario, prepared.targets)):
            say(said)
        self._requests, self._parts = prepared.requests, prepared.parts
        self.tally.know(prepared.requests, prepared.parts, prepared.declared)
        if not self._driven:
            self._feeder = Feeder(
                self.scenario,
                self.index,
                self._count,
                engine=engine,
                requests=self._requests,
                parts=self._parts,
            )
        return prepared

    # -- during ----------------------------------------------------------------------------

    def go(self, origin_ns: int) -> None:
        """Begin: second 0 of the run is at `origin_ns` on this machine's monotonic clock."""
        engine = self._engine
        assert engine is not None  # since `prepare`
        self._origin_ns = origin_ns
        if self._feeder is not None:
            self._feeder.begin(origin_ns)
        # A driven run ends when it is stopped, so how long it will be is not known.
        step_s = 1 if self._driven else step_s_for(self.scenario.duration_ns)
        part_of = parts_of(self._requests, self._parts)
        classes = part_of if self.scenario.payload.mix else None
        self.tally.begin(Recorder(origin_ns, step_s, classes), part_of)
        self._used_at_go = usage.Used.now(engine, self._clock)
        threading.Thread(target=self._feed, args=[engine], name="eiload-feed", daemon=True).start()

    def own(self, slices: Sequence[int], from_ns: int) -> None:
        """Take over others' slices for what is due from offset `from_ns` on.

        What comes due sooner than `LOOKAHEAD_NS` from now may be sent late.
        """
        if self._feeder is not None and not self.finished.is_set():
            self._feeder.own(slices, from_ns)

    def cede(self, slices: Sequence[int], from_ns: int) -> int:
        """Leave slices to another from about an offset on; return from which exactly."""
        return self._feeder.cede(slices, from_ns) if self._feeder is not None else from_ns

    def stop(self, at_ns: int | None = None) -> None:
        """Send nothing due at or after offset `at_ns` (now if None), then drain."""
        if self._engine is None or not self.tally.begun or self.finished.is_set():
            self._finish(0)
            return
        at_ns = self._clock.now_ns() - self._origin_ns if at_ns is None else at_ns
        self._stop_ns = at_ns if self._stop_ns is None else min(at_ns, self._stop_ns)
        self._engine.stop(self._origin_ns + self._stop_ns, self._drain_ns)

    def cancel(self) -> None:
        """End the drain now."""
        if self._engine is not None:
            self._engine.cancel()

    def payload_of(self, target: int, turn: int) -> int:
        """Return the index of the payload that a driven target's request number `turn` takes."""
        requests = self._requests[target]
        return requests[turn % len(requests)]

    def call(self, target: int, request: bytes | int, timeout_ns: int = 0) -> Reply:
        """Send one request now and wait for it; its caller then has `tally` count it.

        Args:
            target: index of the target.
            request: the serialised request, or a payload's index (`payload_of`).
            timeout_ns: deadline; 0 for the target's own.

        Raises:
            EngineError: the sender has died, or the session is stopping.
        """
        # Users may come before second 0; sending then would crowd the first second.
        self._clock.sleep_until(self._origin_ns)
        if self._engine is None or not self.tally.begun or self._stop_ns is not None:
            raise EngineError("the run is stopping")
        self.tally.open += 1
        try:
            own = self._signatures.of(target, request)
            return self._engine.call(target, "", request, timeout_ns, headers=own)
        except BaseException:
            self.tally.open -= 1
            raise

    @property
    def in_flight(self) -> int:
        """Return how many requests were on their way at the sender's last pulse."""
        return self._engine.stats.in_flight if self._engine is not None else 0

    def take(self) -> Taken:
        """Return what was counted since the last time."""
        self._hooks.settle(Left.DROPPED)
        return self.tally.take(self._engine.shares if self._engine is not None else ())

    def _feed(self, engine: Engine) -> None:
        """Give the sender what comes due, feel its pulse, and end when the plan does."""
        while not self.finished.is_set():
            now_ns = self._clock.now_ns()
            horizon_ns = now_ns - self._origin_ns + LOOKAHEAD_NS
            if self._stop_ns is None and self._feeder is not None:
                self._feeder.feed(horizon_ns)
                if horizon_ns >= self.scenario.duration_ns:
                    self.stop(self.scenario.duration_ns)
            engine.check_pulse()
            self._clock.sleep_until(now_ns + FEED_NS)

    # -- results ---------------------------------------------------------------------------

    def _on_results(self, results: Results) -> None:
        assert self._engine is not None
        self._record(results, self._engine.detail)

    def _on_response(self, result: Results, response: bytes) -> None:
        """Check a sampled answer; a bad one is a failure."""
        if int(result["status"][0]) != Status.OK:
            self._on_results(result)
            return
        result, problem = self.tally.check(result, response)
        self._record(result, lambda _number: problem)

    def _on_answer(self, answer: Answer) -> None:
        """Look who gave a first answer, or a last one."""
        self.tally.look(*answer)

    def _record(self, results: Results, detail: Detail) -> None:
        if self.tally.record(results, detail):
            self._hooks.on_batch(results, detail)

    # -- after -----------------------------------------------------------------------------

    def _drained(self, stop_at_ns: int) -> None:
        # Whoever waits for a reply has it by now, but may not have judged and counted it yet.
        give_up_ns = self._clock.now_ns() + COUNTING_NS
        while self.tally.open > 0 and self._clock.now_ns() < give_up_ns:
            self._hooks.settle(Left.IDLE)
            self._clock.sleep_until(self._clock.now_ns() + NS_PER_MS)
        self._hooks.settle(Left.ALL)
        self._finish(stop_at_ns - self._origin_ns)

    def _died(self, cause: str) -> None:
        self.lost = cause
        self._hooks.settle(Left.ALL)
        self._finish(self._clock.now_ns() - self._origin_ns)

    def _finish(self, ended_ns: int) -> None:
        if not self.finished.is_set():
            self.ended_ns = max(0, ended_ns)  # who is stopped before second 0 has sent nothing
            self._facts = self._measure_self()
            self.finished.set()

    def facts(self) -> WorkerFacts:
        """Return what this worker says of itself; final once `finished` is set."""
        return self._facts or self._measure_self()

    def _measure_self(self) -> WorkerFacts:
        since = self._used_at_go or usage.Used.now(self._engine, self._clock)
        return usage.facts(f"{self.index}", since, self._engine, self._clock, self.lost)

    def close(self) -> None:
        """End the sender process, whatever it is doing."""
        self._finish(0)
        if self._engine is not None:
            self._engine.close()
