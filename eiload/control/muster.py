"""Getting workers ready: all of them before the load, and who comes late.

What it knows: what each is told, how long that may take, who takes no part and why. What it must
not know: threads, how orders travel. Instants (ns on the monotonic clock) are arguments.

A worker that comes when the load is on gets ready while it goes on, and then begins; nothing is
expected of it before. All slices of a scenario have their owners from the start: it stands by.
"""

from collections.abc import Callable

from eiload.base.clock import NS_PER_S, boot_id
from eiload.base.errors import EngineError
from eiload.control.messages import Forget, Go, Order, Prepare, Ready
from eiload.control.workers import Workers
from eiload.scenario import Scenario

__all__ = ["PREPARE_GRACE_NS", "Muster"]

PREPARE_GRACE_NS = 120 * NS_PER_S
"""How long preparing may take beyond the targets' `ready_within`: decoding many images takes
minutes on a small machine."""


class Muster:
    """Gets the workers of one run ready.

    Args:
        run: its id.
        scenario: what to do.
        workers: who takes part.
        send: takes an order to the agent of that name.
        say: tells the user.
        driven: Locust's users make the requests.
        drain_ns: how long answers are waited for at the end; the longest deadline if None.
    """

    def __init__(
        self,
        run: str,
        scenario: Scenario,
        workers: Workers,
        *,
        send: Callable[[str, Order], None],
        say: Callable[[str], None],
        driven: bool,
        drain_ns: int | None,
    ) -> None:
        self.digest = ""
        """The payload's fingerprint, once all are ready."""
        self._run = run
        self._scenario = scenario
        self._workers = workers
        self._send = send
        self._say = say
        self._driven = driven
        self._drain_ns = drain_ns
        self._addresses: dict[str, str] = {}
        self._give_up_ns = 0
        self._patience_ns = PREPARE_GRACE_NS + sum(
            target.patience_ns + target.deadline_ns for target in scenario.targets.values()
        )

    def call(self, addresses: dict[str, str], now_ns: int) -> None:
        """Have all get ready.

        Args:
            addresses: where stand-ins are, by target name.
            now_ns: the present instant.
        """
        self._addresses = addresses
        self._give_up_ns = now_ns + self._patience_ns
        for worker in self._workers:
            self._send(worker.name, self._preparation(worker.index))

    def check(self, now_ns: int) -> None:
        """Look whether it makes sense to wait on.

        Raises:
            EngineError: one is lost, or has been silent for too long.
        """
        if lost := self._workers.lost:
            raise EngineError(
                f"worker {lost[0].name} was lost while it was getting ready: {lost[0].lost}"
            )
        if now_ns > self._give_up_ns:
            names = [worker.name for worker in self._workers.silent]
            raise EngineError(
                f"no word from {', '.join(names)} within {self._patience_ns // NS_PER_S} s; "
                "does its locustfile import eiload?"
            )

    def close(self) -> None:
        """Take note that all are ready.

        Raises:
            ScenarioError: they do not have the same payload.
        """
        self.digest = self._workers.digest()

    # -- who comes late ------------------------------------------------------------------------

    def admit(self, name: str) -> None:
        """Have a worker get ready that comes when the load is on."""
        if name not in self._workers:
            self._send(name, self._preparation(self._workers.join(name).index))

    def welcome(self, name: str, word: Ready, origin_ns: int, now_ns: int) -> None:
        """Have one that came late begin; second 0 was when it was for all."""
        if word.digest != self.digest:
            self.leave_out(name, "it has other images under the same names")
        elif name in self._workers:
            self._workers.ready(name, word)
            self._send(
                name,
                Go(
                    run=self._run,
                    origin_ns=origin_ns,
                    in_ns=max(0, origin_ns - now_ns),
                    ago_ns=max(0, now_ns - origin_ns),
                    boot_id=boot_id(),
                ),
            )
            self._relieve(name, max(0, now_ns - origin_ns))

    def _relieve(self, name: str, now_ns: int) -> None:
        orders = self._workers.relieve(name, now_ns)
        for who, order in orders:
            self._send(who, order)
        if not self._driven:
            parts = f"{len(orders)} of {self._workers.slices} parts"
            self._say(
                f"worker {name} takes over {parts} of the load"
                if orders
                else f"worker {name} stands by: every part of the load has its worker; it takes "
                "over when one is lost"
            )

    def leave_out(self, name: str, why: str) -> bool:
        """Go on without a worker that was only coming; tell whether it was."""
        left = self._workers.leave_out(name)
        if left:
            self._send(name, Forget(run=self._run))
            self._say(f"worker {name} takes no part in this run: {why}")
        return left

    def dismiss(self) -> None:
        """Go on without all that are coming: the run ends."""
        for worker in self._workers:
            self.leave_out(worker.name, "it ends before the worker was ready")

    def _preparation(self, index: int) -> Prepare:
        return Prepare(
            run=self._run,
            scenario=self._scenario,
            index=index,
            count=self._workers.slices,
            addresses=self._addresses,
            driven=self._driven,
            drain_ns=self._drain_ns,
        )
