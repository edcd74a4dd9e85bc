"""What is observed beside a run: a real stand-in read, others' load, what is missing."""

import contextlib
import json
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.conducted import conducted
from eiload.base.clock import SystemClock
from eiload.base.errors import TargetError
from eiload.control.coordinator import Coordinator
from eiload.control.observing import Observing, readers
from eiload.judging.beside import cautions
from eiload.judging.sla import Word
from eiload.judging.sla.watched import verdict
from eiload.observe.foreign import check
from eiload.observe.notes import notes
from eiload.observe.parts import excess, parts_of
from eiload.observe.server import SERVERS, growths, server_of
from eiload.observe.watch import Glance
from eiload.record.journal import Journal, read
from eiload.record.run import Run
from eiload.report.sides import NEGLIGIBLE, sentence
from eiload.scenario import Scenario, Target, build
from eiload.scenario.observe import Observe
from eiload.scenario.standin import StandIn
from eiload.scenario.watched import ForeignLoad
from eiload.server.launch import StandInProcess
from tests.control.script import PATIENCE_S, a_scenario
from tests.observe.served import served
from tests.ports import free_port
from tests.stand_in import WarmStandIn

ROOT = Path(__file__).parents[2]

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


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    give_up = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_others_load_is_told_to_the_request(tmp_path: Path) -> None:
    """Three requests that are not ours beside 60, sent by REST; and the law's runtime."""
    settings = StandIn.of(compute="5 ms", concurrency=8)
    with WarmStandIn(settings, arguments=("--rest-port", "0")) as process:
        url = f"http://{process.rest_address}/v1/models/ssd:predict"
        picture = json.dumps({"instances": [[[[0, 0, 0]] * 8] * 8]}).encode()

        def others(_coordinator: Coordinator) -> None:
            for _ in range(3):
                with urllib.request.urlopen(url, picture, timeout=60) as answer:
                    assert answer.status == 200

        page = f"http://{process.rest_address}/monitoring/prometheus/metrics"
        scenario = observed({"metrics": page}, server=process.address)
        journal = Journal(tmp_path / "run.json.journal")
        run = conducted(scenario, 0.2, others, journal)
        journal.close(keep=True)
    found = check(run, 0)
    assert found is not None
    sent = sum(run.statuses(0, run.phases()).values())
    assert (found.sent, found.least, found.most) == (sent, 3, 3)
    assert found.low == pytest.approx(0.05, abs=0.01)
    told = verdict(run, 0, run.phases(), ForeignLoad(0.01))
    assert told.word is Word.FAIL
    assert told.observed.endswith(" % of what the server counted over the whole run")
    assert any(said.startswith("FOREIGN LOAD: at least 3 requests (4.") for said in cautions(run))
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
    (kept,) = read(journal.path).sources(0)
    assert 1 <= kept.readings < source.readings
    assert kept.at_ns == source.at_ns[: kept.readings]


def test_a_restart_is_told() -> None:
    """A server that is ended and started anew while the load is on, and who looks on sees it."""
    port, rest_port = free_port(), free_port()

    def server() -> StandInProcess:
        settings = StandIn.of(compute="1 ms")
        return WarmStandIn(settings, port=port, arguments=("--rest-port", str(rest_port)))

    def glance(of: Coordinator) -> Glance:
        return of.observing.lately()[0][0]

    def counted(of: Coordinator) -> float:
        source = glance(of).source
        series = source.named("requests", status="OK")
        return float(series[0].values(source.readings)[-1]) if series else 0.0

    def restart(of: Coordinator) -> None:
        until(lambda: counted(of) >= 40)
        first.close()
        second.start()
        second.wait()
        until(lambda: glance(of).fell_s)

    page = {"metrics": f"127.0.0.1:{rest_port}", "every": "200 ms"}
    scenario = a_scenario(
        targets={
            "gpu": {"server": f"127.0.0.1:{port}", "model": "ssd", "deadline": "60 s",
                    "observe": page},
        },
        traffic=[{"phase": "steady", "rate": "20/s", "arrivals": "constant", "for": "3 s"}],
    )  # fmt: skip
    with server() as first, contextlib.closing(server()) as second:
        run = conducted(scenario, 0.2, restart)
    ((before_s, after_s),) = [
        (growth.at_s[at - 1], growth.at_s[at])
        for growth in growths(run, 0, SERVERS)
        for at in growth.restarts
    ]
    between = f"was restarted between {before_s:.1f} s and {after_s:.1f} s"
    assert [between in said for said in notes(run, 0)].count(True) == 1
    assert any("the server of gpu was restarted" in said for said in cautions(run))
    found = check(run, 0)
    assert found is not None
    assert found.restarted


def test_a_difference_is_split_as_the_laws_say() -> None:
    """`scenarios/observed.yaml`, shorter: 12 ms further away, and 5 ms for a batch to fill.

    By the servers' own account, which is of their laws and of no clock of this machine, within 2 %.
    Requests that come together, as on a busy machine, wait for one batch together, and shorter.
    """
    plain = yaml.safe_load((ROOT / "scenarios" / "observed.yaml").read_text())
    del plain["objectives"]
    plain["traffic"] = [{"phase": "all", "rate": "20/s", "arrivals": "constant", "for": "3 s"}]
    plain["payload"] = {"synthetic": "64x48"}
    run = conducted(build(plain, "observed", ROOT))
    sides = [parts_of(run, index) for index in (0, 1)]
    assert sides[0] is not None
    assert sides[1] is not None
    split = {share.name: share.difference_ns / 1e6 for share in excess(sides[0], sides[1])}
    assert split["runtime"] == pytest.approx(12, rel=0.02)
    server = server_of(run, 1)
    assert server is not None
    assert server.batch is not None
    alone = server.batch.count / server.total
    assert 5 * 0.98 * alone <= split["server's queue"] <= 5 * 1.02
    said = "".join(str(part) for part in sentence(run))
    least_ms = NEGLIGIBLE * abs(sides[1].response_ns - sides[0].response_ns) / 1e6
    worth_saying = {name for name, ms in split.items() if abs(ms) >= least_ms}
    assert {name for name in split if f" ms {name}" in said} == worth_saying


def test_what_cannot_be_read_is_a_line() -> None:
    """And no failure; it is said again in what the run keeps."""
    said: list[str] = []
    scenario = observed({"metrics": NOBODY, "host": "local"})
    with Observing(scenario, SystemClock(), said.append) as of:
        of.begin({})
        of.went(SystemClock().now_ns())
        ((page, host),) = of.end()
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


def test_a_page_of_something_else_is_a_line_or_a_failure() -> None:
    """At once, and not in the report only: of a wrong path some servers say a page of HTML."""
    said: list[str] = []
    with served(lambda: (200, b"<html>no such page</html>")) as url:
        with Observing(observed({"metrics": url}), SystemClock(), said.append) as of:
            of.begin({})
        required = observed({"metrics": url, "required": True})
        with Observing(required, SystemClock(), print) as of, pytest.raises(TargetError) as caught:
            of.begin({})
    assert said == [f"gpu: {url} has no metrics that eiload knows"]
    assert str(caught.value) == f"{said[0]}; it is `required:`"


def test_nothing_is_asked_for() -> None:
    """Nothing is read, and nothing kept."""
    with Observing(a_scenario(), SystemClock(), print) as of:
        of.begin({})
        of.went(0)
        assert not of.lately()
        assert not of.news()
        assert of.end() == ()


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
