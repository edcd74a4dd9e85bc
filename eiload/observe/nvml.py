"""GPUs by NVML, NVIDIA's management library: through `pynvml` of the package nvidia-ml-py.

What it knows: which of its calls say what, in which unit. What it must not know: where a load is
from. The library is handed in (`library` finds the real one), so an emulated GPU stands behind the
same calls (`emulated`).

Not every GPU knows everything: what one does not support is not asked for again. Units are NVML's
made ours (docs.nvidia.com/deploy/nvml-api): power mW, energy mJ since the driver was loaded, clocks
MHz, violation times ns. `gpu_use` is the share of the last sample period (1/6 s to 1 s) in which a
kernel ran: 100 % is not full, one small kernel is enough.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from eiload.base.clock import Clock
from eiload.observe.pages import Values
from eiload.observe.reader import Reading, UnreadableError

__all__ = ["Nvml", "library"]


def _reasons(library: Any, gpu: Any) -> float:
    """Return why clocks are not at their highest, as NVML's bits; older libraries say throttle."""
    newer = getattr(library, "nvmlDeviceGetCurrentClocksEventReasons", None)
    return float((newer or library.nvmlDeviceGetCurrentClocksThrottleReasons)(gpu))


def _limited_s(policy: str) -> "Callable[[Any, Any], float]":
    def limited(library: Any, gpu: Any) -> float:
        status = library.nvmlDeviceGetViolationStatus(gpu, getattr(library, policy))
        return float(status.violationTime) / 1e9

    return limited


FIELDS: Mapping[str, Callable[[Any, Any], float]] = {
    "gpu_use": lambda nv, gpu: nv.nvmlDeviceGetUtilizationRates(gpu).gpu,
    "gpu_memory_bytes": lambda nv, gpu: nv.nvmlDeviceGetMemoryInfo(gpu).used,
    "gpu_memory_total_bytes": lambda nv, gpu: nv.nvmlDeviceGetMemoryInfo(gpu).total,
    "gpu_power_w": lambda nv, gpu: nv.nvmlDeviceGetPowerUsage(gpu) / 1e3,
    "gpu_energy_j": lambda nv, gpu: nv.nvmlDeviceGetTotalEnergyConsumption(gpu) / 1e3,
    "gpu_sm_mhz": lambda nv, gpu: nv.nvmlDeviceGetClockInfo(gpu, nv.NVML_CLOCK_SM),
    "gpu_sm_most_mhz": lambda nv, gpu: nv.nvmlDeviceGetMaxClockInfo(gpu, nv.NVML_CLOCK_SM),
    "gpu_temperature_c": lambda nv, gpu: nv.nvmlDeviceGetTemperature(gpu, nv.NVML_TEMPERATURE_GPU),
    "gpu_reasons": _reasons,
    "gpu_power_capped_s": _limited_s("NVML_PERF_POLICY_POWER"),
    "gpu_thermal_capped_s": _limited_s("NVML_PERF_POLICY_THERMAL"),
}
"""Our name for each number, and how it is asked for."""


def library() -> Any:
    """Return NVML.

    Raises:
        UnreadableError: it is not installed; the message says what to do.
    """
    try:
        import pynvml  # type: ignore[import-untyped,import-not-found,unused-ignore]  # noqa: PLC0415
    except ImportError as error:
        raise UnreadableError("nvidia-ml-py is not installed: pip install 'eiload[gpu]'") from error
    return pynvml


class Nvml:
    """Reads all GPUs of a machine.

    Args:
        find: returns NVML; called by the first reading.
        clock: the clock.
        name: what to call it.
        emulated: whether it is a stand-in's.
    """

    def __init__(
        self,
        find: Callable[[], Any],
        clock: Clock,
        *,
        name: str = "nvml",
        emulated: bool = False,
    ) -> None:
        self.name = name
        self.emulated = emulated
        self._find = find
        self._clock = clock
        self._library: Any = None
        self._unknown: set[tuple[int, str]] = set()

    def close(self) -> None:
        """Let go of the library."""
        if self._library is not None:
            self._library.nvmlShutdown()
            self._library = None

    def read(self) -> Reading:
        """Read all GPUs.

        Raises:
            UnreadableError: there is no library, no driver or no GPU.
        """
        asked_ns, begun_ns = self._clock.now_ns(), time.thread_time_ns()
        nvml = self._opened()
        values: Values = {}
        try:
            for index in range(nvml.nvmlDeviceGetCount()):
                gpu = nvml.nvmlDeviceGetHandleByIndex(index)
                labels = (
                    ("gpu", _text(nvml.nvmlDeviceGetUUID(gpu))),
                    ("name", _text(nvml.nvmlDeviceGetName(gpu))),
                )
                for name, value in self._numbers(nvml, gpu, index).items():
                    values[name, labels] = value
        except nvml.NVMLError as error:
            raise UnreadableError(f"NVML: {error}") from error
        if not values:
            raise UnreadableError("NVML: no GPU that it can read")
        now_ns = self._clock.now_ns()
        cpu_ns = time.thread_time_ns() - begun_ns
        mark = tuple(values.items())
        return Reading(asked_ns, now_ns - asked_ns, cpu_ns, "gpu", values, mark)

    def _opened(self) -> Any:
        if self._library is None:
            found = self._find()
            try:
                found.nvmlInit()
            except found.NVMLError as error:
                raise UnreadableError(f"NVML: {error}") from error
            self._library = found
        return self._library

    def _numbers(self, nvml: Any, gpu: Any, index: int) -> dict[str, float]:
        """Return what a GPU knows, as far as it knows it."""
        found: dict[str, float] = {}
        for name, ask in FIELDS.items():
            if (index, name) in self._unknown:
                continue
            try:
                found[name] = float(ask(nvml, gpu))
            except (nvml.NVMLError, AttributeError):
                # Not supported, or not in this version of the library: it will not be later.
                self._unknown.add((index, name))
        return found


def _text(value: str | bytes) -> str:
    """Return a text; old versions gave bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
