"""The worked examples under locustfiles/, run as their docstrings say."""

import subprocess
import sys
import time
from pathlib import Path

import grpc
import numpy as np

from eiload.base.status import Status
from eiload.serving.protos import protos_only
from eiload.serving.tensors import from_proto, to_proto
from tests.e2e.locust_runs import (
    ROOT,
    Finished,
    headless,
    report,
    scenario,
    until_valid,
    was_late,
)
from tests.e2e.stand_ins import shared
from tests.grpc_servers import grpc_server

with protos_only():
    from tensorflow_serving.apis import predict_pb2

LOCUSTFILES = ROOT / "locustfiles"
RUN_FILE = ("--report-json", "run.json")


def example(name: str, folder: Path, *options: str, enough: dict[str, int]) -> Finished:
    """Run one of them until enough has been answered."""
    return headless(*options, folder=folder, locustfile=LOCUSTFILES / name, enough=enough)


def test_failed_by_content(tmp_path: Path) -> None:
    """An answer without what the task expects is a failure, in eiload's counts and Locust's."""
    options = ("--host", shared().address, "-u", "2", *RUN_FILE)
    expecting = (*options, "--expect", "unicorn")
    enough = {"ssd Predict": 30}
    # No answer is good, so the run is held to the 5 ms of the fastest servers.
    for _ in range(3):
        finished = example("expecting.py", tmp_path, *expecting, enough=enough)
        if not was_late(tmp_path):
            break
    run = report(tmp_path)
    (phase,) = run.phases()
    statuses = run.statuses(0, [phase])
    assert statuses.keys() == {Status.BAD_ANSWER}
    assert run.targets[0].details == {"BAD_ANSWER: no unicorn found": statuses[Status.BAD_ANSWER]}
    assert "no unicorn found" in finished.err  # Locust's own table of failures
    assert finished.status == (5 if was_late(tmp_path) else 1)


def half_plus_two(data: bytes, _context: grpc.ServicerContext) -> bytes:
    """Answer as the model does."""
    time.sleep(0.2)  # see `stand_ins.STAND_IN`
    request = predict_pb2.PredictRequest.FromString(data)
    answer = predict_pb2.PredictResponse()
    y = from_proto(request.inputs["x"]) / np.float32(2) + np.float32(2)
    answer.outputs["y"].CopyFrom(to_proto(y))
    serialised: bytes = answer.SerializeToString()
    return serialised


def test_another_model(tmp_path: Path) -> None:
    """A user of any model sends tensors of its own, and its answers are right."""
    method = "/tensorflow.serving.PredictionService/Predict"
    with grpc_server({method: half_plus_two}) as port:
        options = ("--host", f"127.0.0.1:{port}", "-u", "2", "-r", "2", *RUN_FILE)
        enough = {"half_plus_two Predict": 30}
        finished = until_valid(
            lambda: example("other_model.py", tmp_path, *options, enough=enough), tmp_path
        )
    run = report(tmp_path)
    statuses = run.statuses(0, run.phases())
    assert statuses.keys() == {Status.OK}
    assert "half_plus_two Predict" in finished.err
    assert finished.status == 0


def test_the_packages_own(tmp_path: Path) -> None:
    """Where there is no checkout, the package's locustfile runs a scenario."""
    command = [sys.executable, "-c", "from eiload.cli.main import main; main()", "locustfile"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=240)
    path = scenario(tmp_path)
    options = ("--scenario", str(path), *RUN_FILE)
    own = Path(done.stdout.strip())
    finished = until_valid(lambda: headless(*options, folder=tmp_path, locustfile=own), tmp_path)
    assert finished.status == 0
    assert report(tmp_path).ended_ns == report(tmp_path).scenario.duration_ns
