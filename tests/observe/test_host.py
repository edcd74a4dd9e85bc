"""CPU time of this machine, under node_exporter's names."""

from eiload.base.clock import SystemClock
from eiload.observe.host import MODES, Host


def test_this_machine() -> None:
    """Counters of what its CPUs did; they do not fall, and it says so every time."""
    reader = Host(SystemClock())
    first, later = reader.read(), reader.read()
    reader.close()
    user = ("host_cpu_s", (("mode", "user"),))
    assert later.values[user] >= first.values[user] > 0
    assert {dict(labels)["mode"] for _, labels in first.values} <= set(MODES)
    assert first.kind == "host"
