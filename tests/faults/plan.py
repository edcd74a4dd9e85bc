"""What happens to a run, and when: drawn from a seed, and nothing else."""

import random
from dataclasses import dataclass, replace
from typing import Any

__all__ = ["FAULTS", "LATE", "MORE", "MORE_FROM", "ROWS", "Plan"]

FAULTS = {
    "nothing": "",
    "kill master": "SIGKILL",
    "kill worker": "SIGKILL",
    "kill sender": "SIGKILL",
    "kill server": "SIGKILL",
    "pause master": "SIGSTOP",
    "pause worker": "SIGSTOP",
    "pause sender": "SIGSTOP",
    "pause server": "SIGSTOP",
    "interrupt group": "SIGINT",
    "interrupt master": "SIGINT",
    "interrupt twice": "SIGINT",
    "terminate group": "SIGTERM",
    "terminate master": "SIGTERM",
    "terminate twice": "SIGTERM",
    "terminal gone": "SIGHUP",
    "reader gone": "SIGPIPE",
    "garbage": "",
    "disk full": "",
}
"""What may happen, and by which signal."""

MORE = {
    "interrupt worker": "",
    "interrupt sender": "",
    "terminate worker": "",
    "terminate sender": "",
    "terminate server": "",
    "pause all": "",
    "restart server": "",
}
"""What may happen besides from this seed on; before it, a seed keeps the plan that it has had."""

MORE_FROM = 1000

LATE = {"late worker": "", "late twice": "", "late killed": "", "late instead": ""}
"""What may happen with workers that come when the load is on: one comes; two at a time; one that is
killed soon; one in the place of another, which is killed."""

ROWS = {
    2: "kill server", 3: "pause server", 26: "kill sender", 27: "pause sender", 28: "kill master",
    29: "kill worker", 30: "pause worker", 32: "garbage", 35: "interrupt group",
    36: "terminate group", 37: "terminal gone", 39: "disk full",
}  # fmt: skip
"""Which row of README.md a fault is of."""

LATE_EVERY = 5
"""Every so many-th seed has one of these."""


@dataclass(frozen=True)
class Plan:
    """A run and its fault."""

    seed: int
    fault: str
    workers: int
    """0: all in one process."""
    rate: float
    """Arrivals a second."""
    load_s: float
    compute_ms: int
    moment_s: float
    """When it happens, from the process' start or from the load's, by `from_load`."""
    from_load: bool
    pause_s: float
    """How long a pause lasts, and what is between two signals."""

    @property
    def is_late(self) -> bool:
        """Tell whether workers come late: then they are commands of their own."""
        return self.fault in LATE

    @classmethod
    def of(cls, seed: int) -> "Plan":
        """Return the plan that a seed draws."""
        chance = random.Random(seed)
        fault = chance.choice([*FAULTS, *(MORE if seed >= MORE_FROM else ())])
        workers = 2 if fault == "garbage" else chance.choice([0, 0, 2])
        load_s = float(chance.randint(3, 6))
        from_load = chance.random() < 0.7
        drawn = cls(
            seed=seed,
            fault=fault,
            workers=workers,
            rate=float(chance.choice([10, 40, 100])),
            load_s=load_s,
            compute_ms=chance.choice([1, 5, 50]),
            moment_s=round(chance.uniform(0, load_s + 1 if from_load else 4), 2),
            from_load=from_load,
            pause_s=round(chance.uniform(0.3, 3), 2),
        )
        if seed % LATE_EVERY:
            return drawn
        # It gets ready for some seconds, and parts of the load change hands after four more.
        return replace(
            drawn,
            fault=chance.choice([*LATE]),
            workers=2,
            load_s=load_s + 12,
            moment_s=min(drawn.moment_s, 4),
            from_load=True,
        )

    def scenario(self, counted: str) -> dict[str, Any]:
        """Return the scenario's changes: one target at `counted`, one a stand-in of its own."""
        standin = {"compute": f"{self.compute_ms} ms", "concurrency": 32}
        return {
            "name": f"chaos-{self.seed}",
            "targets": {
                "counted": {"server": counted, "model": "ssd", "deadline": "4 s"},
                "own": {"model": "ssd", "deadline": "4 s", "stand_in": standin},
            },
            "traffic": [
                {"phase": "steady", "rate": f"{self.rate:g}/s", "for": f"{self.load_s:g} s"}
            ],
            "objectives": ["p50 < 10 s"],
        }
