"""The server's side on the live page: what is said of the last seconds, and of a run's end."""

import json
from dataclasses import replace
from typing import Any

from eiload.observe.watch import Glance
from eiload.record.observed import Source
from eiload.report.live import beside
from eiload.report.live.head import NAME_AT_MOST
from tests.golden import golden_run
from tests.observe.made import series
from tests.report.observed_runs import gpu, host, observed, page

RUN = observed()
GONE = Source("", "http://gone:9400/metrics", 10**9, missed=9, why="Connection refused")


def now(*sources: tuple[Source, ...]) -> dict[str, Any]:
    """Return what is said of the last 30 s of a run of 101 s."""
    glances = [[Glance(each, ()) for each in of] for of in sources]
    found = beside.now(RUN.scenario, glances, RUN.targets, 30.0, 101.5)
    assert found is not None
    text: dict[str, Any] = json.loads(json.dumps(found, allow_nan=False))
    return text


def test_the_last_seconds() -> None:
    """A row for each server, GPU and host; what cannot be read in words."""
    failed = series("requests", [0.0] * 10 + [60.0] * 3, model="ssd", status="UNAVAILABLE")
    server = page("ssd", 60_000, 50_000)
    server = replace(server, series=(*server.series, failed))
    found = now((server, gpu(), host()), (page("ssdresnet", 63_000, 53_000), GONE))
    assert found["when"] == "last 30 s"
    ((_, gpus, *numbers), ei) = found["servers"]
    assert gpus == "gpu"
    assert numbers[1].endswith(" UNAVAILABLE")
    assert numbers[2:] == ["60.0", "50.0", "-", "-"]
    assert ei[:2] == [1, "ei"]
    assert ei[3:] == ["0", "63.0", "53.0", "-", "-"]
    t4, cpu = found["machines"]
    assert t4[2:] == ["Tesla T4", "40 %", "15.0 GiB of 16.0", "50.0 W", "was not throttled"]
    assert cpu[2:] == ["CPU of this machine", "50 %", "-", "-", "10 % taken by the hypervisor"]
    assert found["notes"] == ["ei: http://gone:9400/metrics cannot be read: Connection refused"]


def test_nothing_yet() -> None:
    """A first reading says nothing of any time; nothing observed is no part of the page."""
    first = Source("tfs", "http://x", 10**9, at_ns=(0,))
    assert now((first,), ())["notes"] == ["gpu: nothing is known yet"]
    assert beside.now(RUN.scenario, (), RUN.targets, 10.0, 1.0) is None
    assert beside.ended(golden_run()) is None


def test_the_end() -> None:
    """As the report has it: of the judged time, with why the GPU was slow."""
    found = beside.ended(RUN)
    assert found is not None
    json.dumps(found, allow_nan=False)
    assert found["when"] == "judged time"
    assert [row[1] for row in found["servers"]] == ["gpu", "ei"]
    assert found["machines"][0][-1].startswith("was power-capped in ")
    assert found["machines"][0][-1].endswith(" of the time")
    assert len(found["notes"]) == 1


def test_hostile_texts() -> None:
    """Of a page's labels and a GPU's name nothing hides, and nothing is long."""
    evil = {"gpu": "G", "name": "x\x1b[31m" * 90}
    of = series("gpu_use", [1.0] * 13, **evil)
    found = now((replace(gpu(), series=(of,)),), ())
    assert "\x1b" not in found["machines"][0][2]
    assert len(found["machines"][0][2]) <= NAME_AT_MOST
