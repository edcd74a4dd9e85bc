"""An open loop of requests from a real sender, which a test ends once it has seen enough."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.status import Status
from eiload.sending.endpoint import Endpoint
from tests.sending.driver import CLOCK, PATIENCE_S, Driver, sends

METHOD = "/tests.Service/Method"

STEP_NS = 10 * NS_PER_MS
COUNT = 20_000
"""More than any test waits for, however busy the machine."""


def endpoint(port: int, deadline_ns: int = PATIENCE_S * NS_PER_S, **fields: Any) -> Endpoint:
    """Return where a test's server is."""
    return Endpoint(f"127.0.0.1:{port}", METHOD, deadline_ns=deadline_ns, **fields)


def wait_for(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    give_up_ns = CLOCK.now_ns() + PATIENCE_S * NS_PER_S
    while not holds():
        assert CLOCK.now_ns() < give_up_ns
        CLOCK.sleep_until(CLOCK.now_ns() + 10 * NS_PER_MS)


class Load:
    """Requests every 10 ms to the first target of a driver.

    Args:
        driver: an engine that has started.
        count: how many at most.
        step_ns: from one to the next.
    """

    def __init__(self, driver: Driver, count: int = COUNT, step_ns: int = STEP_NS) -> None:
        self.driver = driver
        self.step_ns = step_ns
        self.count = count
        driver.engine.add_payload(b"request")
        self.start_ns = CLOCK.now_ns() + 50 * NS_PER_MS
        driver.engine.send(sends(count, self.start_ns, step_ns))

    def number(self, *statuses: Status) -> int:
        """Return how many have ended with these."""
        return int(np.isin(self.driver.results()["status"], statuses).sum())

    def wait(self, status: Status, number: int = 1) -> None:
        """Wait until so many more have ended with a status."""
        wanted = self.number(status) + number
        wait_for(lambda: self.number(status) >= wanted)

    def end(self, drain_ns: int = 10 * NS_PER_S) -> NDArray[np.void]:
        """Stop and drain; return the results by number, each arrival's exactly one (R1)."""
        found = np.sort(self.driver.play(b"", CLOCK.now_ns(), drain_ns), order="seq")
        due_ns = self.start_ns + np.arange(self.count) * self.step_ns
        due = int((due_ns < self.driver.stop_at_ns).sum())
        assert found["seq"].tolist() == list(range(due))
        return found

    def details(self, results: NDArray[np.void], status: Status) -> set[str]:
        """Return the texts of those that have ended so."""
        chosen = results[results["status"] == status]
        return {self.driver.engine.detail(number) for number in set(chosen["detail"].tolist())}
