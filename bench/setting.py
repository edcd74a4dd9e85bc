"""What every benchmark is told, and what every benchmark gives back."""

import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.table import Table
from bench.tools import Missing, Tool, Tools

__all__ = ["Outcome", "Setting", "machine"]


@dataclass(frozen=True, slots=True)
class Setting:
    """How to measure."""

    work_dir: Path
    """For what is fetched or built once; outside the repository."""
    rounds: int = 5
    """How often everything is measured; the figures are medians over the rounds."""
    quick: bool = False
    """Shorter everything, to see that it works; the figures mean little."""
    stretch: float = 1.0
    """How many times as long as usual loads are, and may take: on a busy machine a load of usual
    length sends too few requests."""
    fetch: bool = True
    say: Callable[[str], None] = print
    """Is told what is being measured."""

    def seconds(self, full: float) -> float:
        """Return how long to load: `full`, or a part of it when it is to be quick."""
        return (max(1.0, full / 4) if self.quick else full) * self.stretch

    def tools(self) -> tuple[dict[str, Tool], list[Missing]]:
        """Return the peers' programs by name, and those that are missing."""
        tools = Tools(self.work_dir, fetch=self.fetch)
        found = [tools.h2load(), tools.perf_analyzer(), tools.on_path("ghz"), tools.on_path("k6")]
        return (
            {tool.name: tool for tool in found if isinstance(tool, Tool)},
            [tool for tool in found if isinstance(tool, Missing)],
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a benchmark found."""

    tables: tuple[Table, ...]
    samples: Mapping[str, Any] = field(default_factory=dict)
    """The figures behind the tables, round by round, for the JSON file."""


def machine() -> str:
    """Return what the figures were made on and when, in a line."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}; {os.cpu_count()} CPUs ({_cpu()}), "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"eiload {version('eiload')}, locust {version('locust')}, grpcio {version('grpcio')}; "
        f"load average before the first run {load}"
    )


def _cpu() -> str:
    """Return the processor's name."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
