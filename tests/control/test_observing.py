"""What is observed beside a run: a real stand-in read, others' load, what is missing."""

import json
import urllib.request
from typing import Any

import pytest

from bench.conducted import conducted
from eiload.base.clock import SystemClock
from eiload.base.errors import TargetError
from eiload.control.observing import Observing, readers
from eiload.observe.foreign import check
from eiload.observe.parts import parts_of
from eiload.observe.server import notes
from eiload.record.run import Run
from eiload.scenario import Scenario, Target
from eiload.scenario.observe import Observe
from eiload.scenario.standin import StandIn
from eiload.server.launch import StandInProcess
from tests.control.script import a_scenario

NOBODY = "http://127.0.0.1:1/metrics"
"""Where no page is."""


def observed(observe: dict[str, Any], **target: Any) -> Scenario:
    """Return a scenario of two seconds whose one target is observed so."""
    where = {"server": "127.0.0.1:1", **target}
    return a_scenario(
        targets={"gpu": {**where, "model": "ssd", "deadline": "60 s", "observe": observe}},
        traffic=[
            {"phase": "warm-up", "rate": "30/s", "for": "1 s", "warm_up": True},
            {"phase": "steady", "rate": "30/s", "for": "1 s"},
        ],
    )


def test_others_load_is_told_to_the_request() -> None:
    """Six requests that are not ours, sent by REST while the load is on; and the law's runtime."""
    settings = StandIn.of(compute="5 ms", concurrency=8)
    with StandInProcess(settings, arguments=("--rest-port", "0")) as process:
        url = f"http://{process.rest_address}/v1/models/ssd:predict"
        picture = json.dumps({"instances": [[[[0, 0, 0]] * 8] * 8]}).encode()

        def others() -> None:
            for _ in range(6):
                with urllib.request.urlopen(url, picture, timeout=60) as answer:
                    assert answer.status == 200

        page = f"http://{process.rest_address}/monitoring/prometheus/metrics"
        scenario = observed({"metrics": page}, server=process.address)
        run = conducted(scenario, 0.2, others)
    found = check(run, 0)
    assert found is not None
    sent = sum(run.statuses(0, run.phases()).values())
    assert (found.sent, found.least, found.most) == (sent, 6, 6)
    assert found.uncounted == found.unanswered == 0
    assert notes(run, 0) == []
    parts = parts_of(run, 0)
    assert parts is not None
    assert parts.response_ns == pytest.approx(run.sample(0).mean_ns())
    (runtime,) = [part for part in parts.parts if part.name == "runtime"]
    assert runtime.mean_ns == pytest.approx(5e6, rel=0.02)
    (source,) = run.sources(0)
    assert source.at_ns[0] < 0 < source.at_ns[-1]
    assert Run.from_json(json.loads(json.dumps(run.to_json()))).observed == run.observed


def test_what_cannot_be_read_is_a_line() -> None:
    """And no failure; it is said again in what the run keeps."""
    said: list[str] = []
    scenario = observed({"metrics": NOBODY, "host": "local"})
    with Observing(scenario, SystemClock(), said.append) as of:
        of.begin({})
        ((page, host),) = of.end(SystemClock().now_ns())
    assert said == [f"gpu: {NOBODY} cannot be read: Connection refused"]
    assert (page.readings, page.why) == (0, "Connection refused")
    assert host.readings >= 2


def test_what_is_required_is_a_failure() -> None:
    """Before the load."""
    scenario = observed({"metrics": NOBODY, "required": True})
    with Observing(scenario, SystemClock(), print) as of, pytest.raises(TargetError) as caught:
        of.begin({})
    assert str(caught.value) == (
        f"gpu: {NOBODY} cannot be read: Connection refused; it is `required:`"
    )


def test_nothing_is_asked_for() -> None:
    """Nothing is read, and nothing kept."""
    with Observing(a_scenario(), SystemClock(), print) as of:
        of.begin({})
        assert of.end(0) == ()


@pytest.mark.parametrize(
    ("observe", "names"),
    [
        ({"metrics": (":8501", "h:9400")}, [
            "http://gpu:8501/monitoring/prometheus/metrics", "http://h:9400/metrics"]),
        ({"gpu": "nvml", "host": "local"}, ["nvml", "this machine"]),
        ({"gpu": "ssh me@gpu"}, ["ssh me@gpu"]),
        ({"gpu": "command"}, ["command"]),
    ],
)  # fmt: skip
def test_who_reads_what(observe: dict[str, Any], names: list[str]) -> None:
    """Each word of a scenario has its reader."""
    target = Target(server="gpu:8500", model="ssd", observe=Observe(**observe))
    assert [each.name for each in readers(target, None, SystemClock())] == names


def test_a_stand_ins_are_marked() -> None:
    """Whatever they say, it is emulated."""
    asked = Observe(metrics="stand-in", gpu="stand-in")  # type: ignore[arg-type]
    target = Target(stand_in=StandIn.of(), model="ssd", observe=asked)
    found = readers(target, "127.0.0.1:5", SystemClock())
    assert [(each.name, each.emulated) for each in found] == [
        ("http://127.0.0.1:5/monitoring/prometheus/metrics", True),
        ("emulated GPU", True),
    ]
