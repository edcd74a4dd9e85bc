"""A run of two targets whose servers, GPUs and hosts were observed, of known numbers."""

from dataclasses import replace
from functools import cache

from eiload.base.clock import NS_PER_S
from eiload.record.observed import Series, Source
from eiload.record.run import Run
from tests.observe import made
from tests.observe.made import latencies, series, with_sources
from tests.observe.test_parts import NUMBER, run_of

AT_S = (-0.5, *(float(n) for n in range(0, 101, 10)), 101.0)
"""When all was read: before, at ten times, after."""

READINGS = len(AT_S)
COUNTS = [0.0, *(NUMBER / 10 * n for n in range(11)), float(NUMBER)]


def source(*of: Series, kind: str, name: str) -> Source:
    """Return a source that was to be read every ten seconds."""
    return replace(made.source(*of, at_s=AT_S, kind=kind, name=name), every_ns=10 * NS_PER_S)


def page(model: str, request_us: float, runtime_us: float, extra: float = 0.0) -> Source:
    """Return a server that took so long for each, and counted so many more at the end."""
    grown = [0, 0, *([NUMBER // 10] * 10), 0]

    def of(name: str, us: float, **labels: str) -> list[Series]:
        return latencies(name, [[us] * n for n in grown], **labels)

    counted = [*COUNTS[:-1], COUNTS[-1] + extra]
    every = [
        series("requests", counted, model=model, status="OK"),
        *of("request_us", request_us, model=model, entrypoint="GRPC"),
        *of("runtime_us", runtime_us, model=model),
    ]
    found = source(*every, kind="tfs", name=f"http://{model}:8501/m")
    return replace(found, took_ns=READINGS * 4_000_000, cpu_ns=READINGS * 2_000_000)


def gpu() -> Source:
    """Return a GPU of 50 W that was power-capped at one reading of eleven."""
    of = {"gpu": "GPU-1", "name": "Tesla T4"}
    reasons = [0.0] * READINGS
    reasons[4] = 4.0
    return source(
        series("gpu_use", [40.0] * READINGS, **of),
        series("gpu_power_w", [50.0] * READINGS, **of),
        series("gpu_energy_j", [50.0 * (at + 1) for at in AT_S], **of),
        series("gpu_memory_bytes", [float(15 << 30)] * READINGS, **of),
        series("gpu_memory_total_bytes", [float(16 << 30)] * READINGS, **of),
        series("gpu_sm_mhz", [1590.0] * 4 + [1200.0] + [1590.0] * (READINGS - 5), **of),
        series("gpu_sm_most_mhz", [1590.0] * READINGS, **of),
        series("gpu_temperature_c", [61.0] * READINGS, **of),
        series("gpu_reasons", reasons, **of),
        kind="gpu",
        name="nvml",
    )


def host() -> Source:
    """Return a host half of whose CPU is in use, and a tenth taken."""
    modes = {"user": 0.4, "steal": 0.1, "idle": 0.5}
    spent = [
        series("host_cpu_s", [share * (at + 1) for at in AT_S], mode=mode)
        for mode, share in modes.items()
    ]
    return source(*spent, kind="host", name="this machine")


@cache
def observed(extra: float = 0.0) -> Run:
    """Return the run: gpu 100 ms, ei 114 ms, of which the servers say 60 and 63 ms."""
    return with_sources(
        run_of(100, 114),
        {
            "gpu": [page("ssd", 60_000, 50_000, extra), gpu(), host()],
            "ei": [
                page("ssdresnet", 63_000, 53_000),
                Source("", "http://gone:9400/metrics", 10**9, missed=9, why="Connection refused"),
            ],
        },
    )
