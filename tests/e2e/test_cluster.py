"""Both operators' command lines, run on three hosts: the report leaves, and one host is cut off.

`make test-cluster` runs them; they take a minute and need namespaces.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from eiload.base.status import Status
from eiload.judging import health
from eiload.record import journal
from eiload.record.run import load
from eiload.scenario.schedule import Schedule
from tests.e2e.hosts import ROOT, Host, Program, permitted, star
from tests.operators import Community, Official, community, official, read

if not os.environ.get("EILOAD_TEST_CLUSTER"):
    pytest.skip("run by `make test-cluster`", allow_module_level=True)
if why := permitted():
    pytest.skip(why, allow_module_level=True)

MANIFESTS = ROOT / "deploy" / "kubernetes"
ENTRYPOINT = ("sh", str(ROOT / "deploy" / "entrypoint.sh"))
NAMES = ("load-test-master", "model-server", "reports")
ENVIRON = {
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": str(ROOT),
    "HOME": "/tmp",
}

SHELF = """
import http.server, pathlib, sys
class Taker(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        name = pathlib.Path(sys.argv[1]) / self.path.replace("/", "_")
        name.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(201)
        self.end_headers()
server = http.server.ThreadingHTTPServer(("10.77.0.1", 80), Taker)
print("listening", flush=True)
server.serve_forever()
"""

SCENARIO = """
name: in-cluster
targets: {ssd: {server: "model-server:8500", model: ssd, deadline: 5 s, ready_within: 1 min}}
payload: {synthetic: 64x48}
traffic: [{phase: steady, rate: 20/s, for: 20 s}]
objectives: [p50 < 1 ms]
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return what the ConfigMap makes of the home: the manifest's locustfile, a short scenario."""
    documents = yaml.safe_load_all((MANIFESTS / "official-operator.yaml").read_text("utf-8"))
    files = next(documents)["data"]
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "locustfile.py").write_text(files["locustfile.py"])
    (folder / "scenario.yaml").write_text(SCENARIO)
    return folder


@pytest.fixture
def hosts(tmp_path: Path, home: Path) -> Iterator[list[Host]]:
    """Return three hosts: one of the master and the server, two of workers."""
    with star(("master", "one", "two"), NAMES, home, tmp_path) as found:
        run(found[0], "serve", "--compute", "20 ms", "--concurrency", "64").wait_for("8500")
        yield found


def run(host: Host, *arguments: str, **environ: str) -> Program:
    """Run the image's start script on a host."""
    return host.start(*ENTRYPOINT, *arguments, **{**ENVIRON, **environ})


def test_under_locusts_own_operator(tmp_path: Path, hosts: list[Host]) -> None:
    """A host is cut off: the run is invalid, its report has left, and nothing is started anew."""
    text = (MANIFESTS / "official-operator.yaml").read_text("utf-8")
    *_, document = yaml.safe_load_all(text.replace("--expect-workers 4", "--expect-workers 2"))
    test = read(document)
    assert isinstance(test, Official)
    for_master, for_worker = official(test)
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    middle, one, two = hosts
    middle.start(sys.executable, "-c", SHELF, str(shelf)).wait_for("listening")
    master = run(middle, *for_master)
    near, away = run(one, *for_worker), run(two, *for_worker)
    master.wait_for(" ok, ")
    two.ip("link set eth0 down")
    assert master.finish() == 0, master.said()
    assert "the exit status is 0, as --exit-status says, not 5" in master.said()
    assert near.finish() == 0
    away.wait_for("the load stops")
    names = ("junit.xml", "run.html", "run.json", "run.md")
    assert sorted(path.name for path in shelf.iterdir()) == [f"_load-test_{name}" for name in names]
    found = load(shelf / "_load-test_run.json")
    assert any("lost" in reason for reason in health.check(found).reasons)
    statuses = found.statuses(0, found.phases())
    due = Schedule(found.scenario.traffic, found.scenario.seed).due([20 * 10**9] * 2)
    assert sum(statuses.values()) == sum(due.values())
    assert statuses[Status.LOST] > 0
    assert statuses[Status.OK] > sum(due.values()) / 2  # the other took over


def test_under_the_communitys(tmp_path: Path, hosts: list[Host]) -> None:
    """Its web UI starts and ends the run by itself; the exit status is the verdict."""
    *_, document = yaml.safe_load_all((MANIFESTS / "community-operator.yaml").read_text("utf-8"))
    spec = document["spec"]
    spec["worker"]["replicas"] = 2
    test = read(document)
    assert isinstance(test, Community)
    places = {test.spec.testFiles.srcMountPath: "/home/locust", "/reports": str(tmp_path)}

    def mounted(argument: str) -> str:
        for path, place in places.items():
            argument = argument.replace(f"{path}/", f"{place}/")
        return argument

    for_master, for_worker = (list(map(mounted, each)) for each in community(test))
    secret = {"EILOAD_TOKEN": "t0ken"}
    middle, one, two = hosts
    master = run(middle, *for_master, **secret)
    workers = [run(host, *for_worker, **secret) for host in (one, two)]
    status = master.finish()
    assert [worker.finish() for worker in workers] == [0, 0]
    found = load(tmp_path / "run.json")
    assert journal.load(master.log).intervals == found.intervals  # from the pod's log
    late = bool(health.check(found).reasons)  # a busy machine
    assert status == (5 if late else 1), master.said()
    assert len(found.workers) == 2
