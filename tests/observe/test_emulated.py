"""A stand-in's emulated GPU behind NVML's calls, read over its real REST port."""

from eiload.base.clock import NS_PER_S, SystemClock
from eiload.observe.emulated import emulated
from eiload.observe.reader import Page
from eiload.scenario.standin import StandIn
from eiload.server.gpu import IDLE_W
from tests.stand_in import WarmStandIn

PATIENCE_NS = 60 * NS_PER_S


def test_a_stand_ins_gpu_and_page() -> None:
    """What NVML's calls say is the emulated law's; it is marked, and has no temperature."""
    settings = StandIn.of(compute="1 ms")
    with WarmStandIn(settings, arguments=("--rest-port", "0")) as process:
        clock = SystemClock()
        reader = emulated(process.rest_address, clock, PATIENCE_NS)
        first = reader.read()
        clock.sleep_until(clock.now_ns() + NS_PER_S // 5)
        later = reader.read()
        url = f"http://{process.rest_address}/monitoring/prometheus/metrics"
        page = Page(url, clock, PATIENCE_NS)
        assert page.read().values == {}  # nothing was asked of it yet
    reader.close()
    of = (("gpu", "GPU-emulated"), ("name", "emulated GPU"))
    assert reader.emulated
    assert first.kind == "gpu"
    assert first.values["gpu_use", of] == 0
    assert first.values["gpu_power_w", of] == IDLE_W
    assert "gpu_temperature_c" not in {name for name, _ in first.values}
    used_j = later.values["gpu_energy_j", of] - first.values["gpu_energy_j", of]
    between_s = (later.at_ns - first.at_ns) / NS_PER_S
    # Nobody knows when between asking and the answer it was so; on a busy machine that is long.
    doubt_s = (first.took_ns + later.took_ns) / NS_PER_S
    assert abs(used_j - IDLE_W * between_s) <= IDLE_W * doubt_s + 0.01
