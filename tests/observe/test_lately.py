"""What was said in the last seconds, while a run is on."""

from dataclasses import replace

import pytest

from eiload.observe.lately import Lately, lately
from eiload.observe.watch import Glance
from eiload.record.observed import Source
from tests.observe.made import latencies, series, source

AT_S = tuple(float(n) for n in range(21))
OF = {"gpu": "GPU-1", "name": "T4"}


def said(*of: Source, fell_s: tuple[tuple[float, float], ...] = (), now_s: float = 20.5) -> Lately:
    """Return what sources said in the last 10 s."""
    return lately([Glance(each, fell_s) for each in of], "ssd", 10.0, now_s)


def test_a_server() -> None:
    """Rates and means of the last seconds alone; 10/s of 20 ms, before that 5/s of 90 ms."""
    new = [[], *([[90_000.0] * 5] * 10), *([[20_000.0] * 10] * 10)]
    counted = [0.0, *(5.0 * n for n in range(1, 11)), *(50 + 10.0 * n for n in range(1, 11))]
    of = source(
        series("requests", counted, model="ssd", status="OK"),
        series("requests", [0.0] * 11 + [1.0] * 10, model="ssd", status="UNAVAILABLE"),
        series("requests", counted, model="other", status="OK"),
        *latencies("request_us", new, model="ssd", entrypoint="GRPC"),
        at_s=AT_S,
    )
    found = said(of)
    assert found.server is not None
    assert found.server.by_status == {"OK": 100, "UNAVAILABLE": 1}
    assert found.server.per_s == pytest.approx(10.1)
    assert found.server.request is not None
    assert found.server.request.mean == 20_000
    assert found.notes == ()
    two = said(of, of)  # two replicas
    assert two.server is not None
    assert two.server.per_s == pytest.approx(20.2)


def test_a_gpu_and_a_host() -> None:
    """Each of the last seconds."""
    gpu = source(series("gpu_use", [90.0] * 10 + [30.0] * 11, **OF), at_s=AT_S, kind="gpu")
    cpu = source(
        series("host_cpu_s", [0.25 * n for n in range(21)], mode="user"),
        series("host_cpu_s", [0.75 * n for n in range(21)], mode="idle"),
        at_s=AT_S, kind="host",
    )  # fmt: skip
    found = said(gpu, cpu)
    assert [each.use for each in found.gpus] == pytest.approx([0.3])
    assert [each.use for each in found.hosts] == pytest.approx([0.25])


def test_an_exporter_that_says_something_new_seldom() -> None:
    """Its last change to its last but one, and that it is so; however long ago."""
    slow = source(
        series("gpu_energy_j", [0.0] * 7 + [60.0] * 7 + [180.0] * 7, **OF), at_s=AT_S, kind="dcgm"
    )
    found = said(replace(slow, changed=2))
    (gpu,) = found.gpus
    assert gpu.energy_j == pytest.approx(120)
    assert found.notes == ("http://h:8501/m says something new every 10 s only",)


def test_what_cannot_be_read_is_said() -> None:
    """In words, and nothing else of it."""
    never = Source("", "http://x", 10**9, missed=3, why="Connection refused")
    assert said(never) == Lately(None, (), (), ("http://x cannot be read: Connection refused",))
    gone = replace(source(at_s=AT_S), missed=9, why="no answer within 5 s")
    assert said(gone, now_s=40).notes == (
        "http://h:8501/m: no reading for 20 s: no answer within 5 s",
    )
    assert said(gone).notes == ()
    other = source(at_s=AT_S, kind="", name="http://y")
    assert said(other).notes == ("http://y has no metrics that eiload knows",)


def test_a_restart_and_several_servers() -> None:
    """As a report says it; of several nothing is computed."""
    counted = [*(10.0 * n for n in range(15)), *(10.0 * n for n in range(6))]
    of = source(series("requests", counted, model="ssd", status="OK"), at_s=AT_S)
    found = said(of, fell_s=((14.0, 15.0),))
    assert found.notes == (
        "TensorFlow Serving at http://h:8501/m was restarted between 14.0 s and 15.0 s",
    )
    assert found.server is not None
    assert found.server.per_s == pytest.approx(9)
    turns = [1000.0 * (n % 2) + n for n in range(21)]
    many = said(source(series("requests", turns, model="ssd", status="OK"), at_s=AT_S))
    assert many.server is None
    assert "several servers answer behind this address" in many.notes[0]
