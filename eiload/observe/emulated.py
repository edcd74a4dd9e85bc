"""A stand-in's emulated GPU behind NVML's calls: as much of the library as `nvml` asks for.

What it knows: the JSON in which a stand-in says how its GPU is (`server.gpu`), NVML's names and
units. Everything that comes of it is labelled emulated; it says nothing of real hardware.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eiload.base.clock import Clock
from eiload.observe.nvml import Nvml
from eiload.observe.reader import Page, UnreadableError

__all__ = ["EmulatedNvml", "NotSupportedError", "emulated"]

PATH = "/emulated/gpu"
"""Of a stand-in's REST port."""


class NotSupportedError(Exception):
    """What NVML raises for what a GPU does not know."""


@dataclass(frozen=True, slots=True)
class _Use:
    gpu: int
    memory: int


@dataclass(frozen=True, slots=True)
class _Memory:
    used: int
    total: int
    free: int


class EmulatedNvml:
    """NVML's calls on one emulated GPU.

    Args:
        state: returns how it is, as the stand-in says it.
    """

    NVMLError = NotSupportedError
    NVML_CLOCK_SM = 1
    NVML_TEMPERATURE_GPU = 0
    NVML_PERF_POLICY_POWER = 0
    NVML_PERF_POLICY_THERMAL = 1

    def __init__(self, state: Callable[[], dict[str, Any]]) -> None:
        self._state = state

    def nvmlInit(self) -> None:  # noqa: N802
        """Begin."""

    def nvmlShutdown(self) -> None:  # noqa: N802
        """End."""

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        """Return that there is one."""
        return 1

    def nvmlDeviceGetHandleByIndex(self, _index: int) -> dict[str, Any]:  # noqa: N802
        """Return the GPU as it is now: what is asked of it is of one instant."""
        return self._state()

    def nvmlDeviceGetUUID(self, gpu: dict[str, Any]) -> str:  # noqa: N802
        """Return what names it."""
        return str(gpu["uuid"])

    def nvmlDeviceGetName(self, gpu: dict[str, Any]) -> str:  # noqa: N802
        """Return its product's name."""
        return str(gpu["name"])

    def nvmlDeviceGetUtilizationRates(self, gpu: dict[str, Any]) -> _Use:  # noqa: N802
        """Return its use, per cent; the memory's is not emulated."""
        return _Use(round(float(gpu["use_percent"])), 0)

    def nvmlDeviceGetMemoryInfo(self, gpu: dict[str, Any]) -> _Memory:  # noqa: N802
        """Return its memory, bytes."""
        used, total = int(gpu["memory_bytes"]), int(gpu["memory_total_bytes"])
        return _Memory(used, total, total - used)

    def nvmlDeviceGetPowerUsage(self, gpu: dict[str, Any]) -> int:  # noqa: N802
        """Return its power, mW."""
        return round(float(gpu["power_mw"]))

    def nvmlDeviceGetTotalEnergyConsumption(self, gpu: dict[str, Any]) -> int:  # noqa: N802
        """Return what it has used so far, mJ."""
        return round(float(gpu["energy_mj"]))

    def nvmlDeviceGetClockInfo(self, gpu: dict[str, Any], _clock: int) -> int:  # noqa: N802
        """Return its clock, MHz."""
        return int(gpu["sm_mhz"])

    def nvmlDeviceGetMaxClockInfo(self, gpu: dict[str, Any], _clock: int) -> int:  # noqa: N802
        """Return its highest clock, MHz."""
        return int(gpu["sm_most_mhz"])

    def nvmlDeviceGetTemperature(self, _gpu: dict[str, Any], _sensor: int) -> int:  # noqa: N802
        """Say that it has none: it is not warm."""
        raise NotSupportedError("Not Supported")

    def nvmlDeviceGetCurrentClocksEventReasons(self, gpu: dict[str, Any]) -> int:  # noqa: N802
        """Return why its clock is not at its highest, as bits."""
        return int(gpu["reasons"])


def emulated(address: str, clock: Clock, timeout_ns: int) -> Nvml:
    """Return what reads the emulated GPU of the stand-in whose REST port is at `address`."""
    page = Page(f"http://{address}{PATH}", clock, timeout_ns, emulated=True)

    def state() -> dict[str, Any]:
        _, body = page.fetch()
        try:
            found: dict[str, Any] = json.loads(body)
        except ValueError as error:
            raise UnreadableError(f"not an emulated GPU: {error}") from error
        return found

    return Nvml(lambda: EmulatedNvml(state), clock, name="emulated GPU", emulated=True)
