"""What is read of targets beside the load, and once it is over: SageMaker's account of it.

What it knows: which targets want an account, how long its minutes are waited for. What it must not
know: what is in it (`observe.cloudwatch`), what it means. It costs a line where it cannot be read,
and no run.
"""

import threading
from collections.abc import Sequence

from eiload.base.clock import NS_PER_S
from eiload.control.observing import Observing
from eiload.observe import cloudwatch
from eiload.record.observed import Source
from eiload.scenario import Target

__all__ = ["Accounts"]

Sources = tuple[Source, ...]


class Accounts(Observing):
    """Watches what a scenario's targets want observed, and asks for accounts afterwards."""

    _hurried: threading.Event | None = None

    def hurry(self) -> None:
        """Wait for no minute any more: somebody wants to see the end."""
        if self._hurried is not None:
            self._hurried.set()

    def end(self) -> tuple[Sources, ...]:
        """Read everything for the last time; return all that was read, by target."""
        return self._with_accounts(super().end())

    def _with_accounts(self, observed: Sequence[Sources]) -> tuple[Sources, ...]:
        wanted = {
            index: (name, target, target.observe.cloudwatch_ns)
            for index, (name, target) in enumerate(self._scenario.targets.items())
            if target.observe is not None and target.observe.cloudwatch_ns is not None
        }
        if not wanted:
            return tuple(observed)
        hurried = self._hurried = threading.Event()
        found = list(observed) or [() for _ in self._scenario.targets]
        ended_ns = self._clock.now_ns()
        load_ns = min(ended_ns - self._origin_ns, self._scenario.duration_ns)
        for index, (name, target, patience_ns) in wanted.items():
            # Minutes come for all targets at the same time, so nobody waits for each in turn.
            wait_ns = max(0, patience_ns - (self._clock.now_ns() - ended_ns))
            if wait_ns and not hurried.is_set():
                self._say(
                    f"{name}: asking CloudWatch, up to {wait_ns / NS_PER_S:.0f} s; "
                    "Ctrl-C goes on without"
                )
            sources = self._account(target, load_ns, wait_ns)
            for source in sources:
                if source.why:
                    self._say(f"{name}: {source.name}: {source.why}")
            found[index] = (*found[index], *sources)
        return tuple(found)

    def _account(self, target: Target, load_ns: int, wait_ns: int) -> Sources:
        endpoint, clock = target.endpoint or "", self._clock
        try:
            client = cloudwatch.client_of(target.region or "")
            names = [target.variant] if target.variant else cloudwatch.variants(client, endpoint)
        except Exception as error:  # of botocore and whatever is below it: it costs no run
            return (_nothing(endpoint, cloudwatch.told(error)),)
        if not names:
            return (_nothing(endpoint, "it knows no variant of this endpoint"),)
        hurried = self._hurried or threading.Event()
        return tuple(
            cloudwatch.account(
                client,
                endpoint,
                variant,
                origin_wall_ns=clock.wall_ns() - (clock.now_ns() - self._origin_ns),
                ended_ns=load_ns,
                wait_ns=wait_ns,
                clock=clock,
                given_up=hurried.is_set,
            )
            for variant in names
        )


def _nothing(endpoint: str, why: str) -> Source:
    """Return a source of which nothing could be read."""
    name = f"CloudWatch {endpoint}"
    return Source(cloudwatch.KIND, name, cloudwatch.MINUTE_NS, missed=1, why=why)
