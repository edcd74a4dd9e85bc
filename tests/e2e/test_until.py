"""Runs that end before their plan does: all is decided, or a server refuses everything."""

import itertools
import re
import time
from pathlib import Path

import grpc

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.judging.judgement import judge
from eiload.serving.tfserving import PREDICT
from tests.e2e.locust_runs import Finished, accounted, due, headless, report, scenario, until_valid
from tests.grpc_servers import Handler, grpc_server
from tests.serving.model_server import ModelServer

LOOKS = {"at_most": "2 min", "looks": ["2 s", "4 s", "8 s", "1 min"], "until": "decided"}


def test_ends_at_a_look(tmp_path: Path) -> None:
    """Two workers are cut at one instant long before the plan's end, and every request is known."""
    path = scenario(
        tmp_path,
        traffic=[
            {"phase": "warm-up", "rate": "10/s", "for": "1 s", "warm_up": True},
            {"phase": "steady", "rate": "20/s", "for": LOOKS},
        ],
        objectives=["max < 1 h", "versions: same"],
        abort={"errors": "90 % for 5 s"},
    )
    options = ("--scenario", str(path), "--report-json", "run.json", "--processes", "2")
    finished = until_valid(lambda: headless(*options, folder=tmp_path), tmp_path)
    assert finished.status == 0
    assert "look at 00:03" in finished.err
    run = report(tmp_path)
    assert run.stopped.startswith("everything is decided by the look after ")
    (*_, last) = run.looks
    assert last.open == ()
    assert last.second * NS_PER_S < last.taken_ns < run.ended_ns < run.scenario.duration_ns
    assert accounted(run) == {name: {Status.OK: due(run)} for name in ("gpu", "ei")}
    found = judge(run)
    assert found.exit_status == 0
    assert found.validity.valid
    assert f"ended ({run.stopped})" in finished.out


def failing(good: int) -> dict[str, Handler]:
    """Return a server's handlers: it answers so many Predicts, and refuses every one after them."""
    server, asked = ModelServer(), itertools.count(1)

    def predict(data: bytes, context: grpc.ServicerContext) -> bytes:
        time.sleep(0.1)  # beside which the lag of a busy machine is small
        if next(asked) > good:
            context.abort(grpc.StatusCode.UNAVAILABLE, "out of order")
        return server.predict(data, context)

    return {**server.handlers(), PREDICT: predict}


def test_ends_for_cause(tmp_path: Path) -> None:
    """A run of an hour ends when so many have failed in a row, says why, and is a bad one."""

    def run_it() -> Finished:
        with grpc_server(failing(good=20)) as port:
            path = scenario(
                tmp_path,
                targets={"gpu": {"server": f"127.0.0.1:{port}", "model": "ssd"}},
                payload={"synthetic": "8x8"},
                traffic=[{"phase": "steady", "rate": "20/s", "for": "1 h"}],
                objectives=["errors < 100 %"],
                abort={"failures": "20 in a row", "grace": "0 s"},
            )
            return headless("--scenario", str(path), "--report-json", "run.json", folder=tmp_path)

    finished = until_valid(run_it, tmp_path)
    run = report(tmp_path)
    assert run.ended_ns < run.scenario.duration_ns / 2
    assert re.fullmatch(
        r"aborted: (2\d|[3-9]\d|\d{3,}) requests to gpu failed in a row; 20 end the run",
        run.stopped,
    )
    assert finished.status == judge(run).exit_status == 1
    assert f"stopped ({run.stopped})" in finished.out
    assert any(run.stopped in line for line in finished.complaints())
    (found,) = accounted(run).values()
    assert sum(found.values()) == due(run)
    assert found.keys() <= {Status.OK, Status.UNAVAILABLE, Status.UNFINISHED}
    assert found[Status.OK] <= 20
    assert found[Status.UNAVAILABLE] >= 20
