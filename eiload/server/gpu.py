"""An emulated GPU: what NVML would say of the accelerator that the stand-in emulates.

What it knows: when inferences run. What it must not know: who asks (`eiload.observe.emulated` puts
it behind NVML's calls). Pure; instants are arguments.

The law is simple, so that tests can hold figures: a kernel runs while any inference does; power is
`IDLE_W` plus `RUN_W` while one does, energy its sum over time; the use is that of the last second;
a GPU that was in use for all of that second is power-capped and its clock is lower. It says nothing
of any real GPU, and its name says that it is none.
"""

from collections import deque
from typing import Any

from eiload.base.clock import NS_PER_S

__all__ = ["IDLE_W", "RUN_W", "EmulatedGpu"]

IDLE_W = 30.0
RUN_W = 40.0
"""More, while an inference runs."""

PERIOD_NS = NS_PER_S
"""Over which the use is taken; NVML's is 1/6 s to 1 s by product (nvmlUtilization_t)."""

CAPPED_FROM = 0.999
"""Share of the period in use from which it is power-capped."""

POWER_CAP = 0x4
"""NVML's bit (nvmlClocksEventReasonSwPowerCap)."""
IDLE = 0x1

SM_MOST_MHZ, SM_CAPPED_MHZ, SM_IDLE_MHZ = 1590, 1200, 300
MEMORY_TOTAL_BYTES = 16 << 30
MEMORY_BYTES = 15 << 30
"""TensorFlow takes nearly all by default."""


class EmulatedGpu:
    """One GPU, made at an instant."""

    def __init__(self, origin_ns: int) -> None:
        self._origin_ns = origin_ns
        self._runs: deque[tuple[int, int]] = deque()
        self._before_ns = 0

    def runs(self, start_ns: int, end_ns: int, now_ns: int) -> None:
        """Take note at an instant that an inference runs then or later; starts never go back."""
        self._forget(now_ns)
        if self._runs and start_ns <= self._runs[-1][1]:
            first_ns, until_ns = self._runs[-1]
            self._runs[-1] = (first_ns, max(until_ns, end_ns))
        else:
            self._runs.append((start_ns, end_ns))

    def busy_ns(self, until_ns: int) -> int:
        """Return for how long it was in use before an instant, which is not long ago."""
        within = sum(min(end, until_ns) - min(start, until_ns) for start, end in self._runs)
        return self._before_ns + within

    def state(self, now_ns: int) -> dict[str, Any]:
        """Return how it is, in NVML's units."""
        self._forget(now_ns)
        busy_ns = self.busy_ns(now_ns)
        period_ns = max(1, min(PERIOD_NS, now_ns - self._origin_ns))
        use = (busy_ns - self.busy_ns(now_ns - period_ns)) / period_ns
        capped = use >= CAPPED_FROM
        lived_s = (now_ns - self._origin_ns) / NS_PER_S
        sm_mhz = SM_CAPPED_MHZ if capped else SM_MOST_MHZ if use else SM_IDLE_MHZ
        return {
            "name": "emulated GPU",
            "uuid": "GPU-emulated",
            "use_percent": use * 100,
            "memory_bytes": MEMORY_BYTES,
            "memory_total_bytes": MEMORY_TOTAL_BYTES,
            "power_mw": (IDLE_W + RUN_W * use) * 1e3,
            "energy_mj": (IDLE_W * lived_s + RUN_W * busy_ns / NS_PER_S) * 1e3,
            "sm_mhz": sm_mhz,
            "sm_most_mhz": SM_MOST_MHZ,
            "reasons": POWER_CAP if capped else 0 if use else IDLE,
        }

    def _forget(self, now_ns: int) -> None:
        """Keep the sum of what lies further back than anybody asks for."""
        while self._runs and self._runs[0][1] < now_ns - PERIOD_NS:
            start_ns, end_ns = self._runs.popleft()
            self._before_ns += end_ns - start_ns
