"""Stand-ins that the runs of a test process share: each takes most of a second of CPU to start.

Who needs settings of its own, or looks at what becomes of a run's own stand-ins, starts others.
"""

import atexit
import functools
from typing import Any

from eiload.scenario.standin import StandIn
from eiload.server.launch import StandInProcess
from tests.stand_in import WarmStandIn

STAND_IN = {"compute": "200 ms", "concurrency": 64}
"""Slow enough that a run is sound beside others: requests may be a tenth of it late, 20 ms at p99
(`eiload.judging.health`), where those to a server of 5 ms may be 5 ms late. Nothing queues."""

QUICK = {"compute": "5 ms", "concurrency": 8}
"""Answers soon, for who looks at something else than whether a run is valid."""

MODELS = {"gpu": "ssd", "ei": "ssdresnet"}
"""Two targets: their models."""


def own_targets() -> dict[str, dict[str, Any]]:
    """Return the two targets of a scenario that starts a stand-in for one of them itself."""
    own = {"model": MODELS["gpu"], "deadline": "10 s", "stand_in": STAND_IN}
    return {**shared_targets(), "gpu": own}


def shared_targets() -> dict[str, dict[str, Any]]:
    """Return the same two targets, as servers that are there already."""
    return {
        name: {"model": model, "deadline": "10 s", "server": shared(model).address}
        for name, model in MODELS.items()
    }


@functools.cache
def shared(model: str = "ssd") -> StandInProcess:
    """Return a stand-in with `STAND_IN`; who stops it has it go on again."""
    return _serving(WarmStandIn(StandIn.of(**STAND_IN), model))


@functools.cache
def quick() -> StandInProcess:
    """Return one with `QUICK`."""
    return _serving(WarmStandIn(StandIn.of(**QUICK), "ssd"))


def _serving(process: StandInProcess) -> StandInProcess:
    process.__enter__()
    atexit.register(process.close)
    return process
