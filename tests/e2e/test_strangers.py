"""Who connects to the master's port and is no worker, or says what no worker says."""

import contextlib
import hashlib
import hmac
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import psutil
import pytest
import zmq

from eiload.base.status import Status
from eiload.scenario.schedule import Schedule
from tests.e2e.locust_runs import (
    PATIENCE_S,
    Finished,
    Locust,
    headless,
    report,
    scenario,
    started,
)
from tests.e2e.stand_ins import quick
from tests.ports import free_port

TOKEN = "for this test and no other"
ENDLESS = [{"phase": "steady", "rate": "20/s", "for": "10 min"}]
SECRET = "s3cret-of-the-server"

PLAIN = """
from locust import User, task

class Plain(User):
    @task
    def nothing(self):
        self.environment.runner.quit()
"""


class Stranger:
    """Somebody who can reach the master's port and knows how Locust talks."""

    def __init__(self, port: int, name: str = "stranger") -> None:
        self._name = name
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        self._socket.setsockopt(zmq.IDENTITY, name.encode())
        self._socket.connect(f"tcp://127.0.0.1:{port}")

    def say(self, kind: object, data: object, name: object = None) -> None:
        """Send one of Locust's messages."""
        self.send(msgpack.dumps((kind, data, name or self._name)))

    def send(self, data: bytes) -> None:
        """Send anything."""
        self._socket.send(data)

    def hears(self, kind: str) -> Any:
        """Wait for a message of a kind and return what is in it."""
        give_up = time.monotonic() + PATIENCE_S
        while True:
            assert self._socket.poll(int(1000 * max(0, give_up - time.monotonic()))), f"no {kind}"
            found, data, _ = msgpack.loads(self._socket.recv(), strict_map_key=False)
            if found == kind:
                return data

    def heard(self) -> list[bytes]:
        """Return all that has come."""
        found = []
        while self._socket.poll(0):
            found.append(self._socket.recv())
        return found

    def close(self) -> None:
        """Leave."""
        self._socket.close(linger=0)


@pytest.fixture
def port() -> int:
    """Return the port of the master."""
    return free_port()


@pytest.fixture
def stranger(port: int) -> Iterator[Stranger]:
    """Return somebody who is no worker."""
    stranger = Stranger(port)
    yield stranger
    stranger.close()


@contextlib.contextmanager
def master(
    folder: Path, port: int, path: Path, *arguments: str, environ: dict[str, str] | None = None
) -> Iterator[Locust]:
    """Start a master that waits for one worker."""
    with started(
        "--headless", "--only-summary", "--master", "--master-bind-host", "127.0.0.1",
        "--master-bind-port", str(port), "--expect-workers", "1", "--scenario", str(path),
        "--report-json", "run.json", *arguments,
        folder=folder, environ=environ,
    ) as locust:  # fmt: skip
        locust.wait_for("Waiting for workers" if not arguments else "Starting Locust")
        yield locust


def worker(folder: Path, port: int, **more: Any) -> contextlib.AbstractContextManager[Locust]:
    """Start a worker."""
    return started("--worker", "--master-port", str(port), folder=folder, **more)


def is_exact(folder: Path, finished: Finished, workers: int = 1, standing_by: int = 0) -> None:
    """Assert that a run has gone as if nobody else had been there, until its end or Ctrl-C."""
    assert "Traceback" not in finished.err
    run = report(folder)
    assert run.ended_ns == run.scenario.duration_ns or run.stopped == "SIGINT"
    schedule = Schedule(run.scenario.traffic, run.scenario.seed)
    due = sum(schedule.due([run.ended_ns] * workers).values())
    for target in range(len(run.targets)):
        assert run.statuses(target, run.phases()) == {Status.OK: due}
    assert len(run.workers) == workers + standing_by
    assert not run.problems


def with_secret(folder: Path, **changes: Any) -> Path:
    """Write a scenario that nobody but a worker should see."""
    metadata = {"authorization": SECRET}
    target = {"model": "ssd", "server": quick().address, "metadata": metadata}
    return scenario(folder, targets={"gpu": target}, **changes)


def hostile(stranger: Stranger, victim: str) -> None:
    """Say whatever has been found to end a listener or a run, and more of its kinds."""
    for data in (
        b"\xc1", b"", b"\x01", b"\x93\xa1a", b"\x81" * 5000, b"\xff" * 100,
        *map(msgpack.dumps, ([1, 2, 3, 4], {"__datetime__": 1}, ("a", "b"))),
    ):  # fmt: skip
        stranger.send(data)
    kinds = (
        "stats", "heartbeat", "spawning", "spawning_complete", "client_stopped", "exception",
        "logs", "quit", "locustfile", "eiload", "client_ready", "no such", "", None, 7, ["a"],
        {"a": 1},
    )  # fmt: skip
    contents: tuple[object, ...] = (
        None, 1, -1, "x", b"\x00", [], [1], {}, {"eiload": []}, {"eiload": {"type": "report"}},
        {"eiload": None, "user_classes_count": 5}, {"state": "running", "current_cpu_usage": "x"},
        {"type": "report"}, {"type": ["hello"]}, {"type": "proof", "proof": 3}, {1: 2},
        float("nan"), 2**63, {"user_classes_count": {"ScenarioUser": 10**9}, "user_count": -1},
    )  # fmt: skip
    for kind in kinds:
        for content in contents:
            for name in (None, victim, 5, "\x1b[31m"):
                stranger.say(kind, content, name)


def test_hostile_messages_end_nothing_and_count_for_nothing(
    tmp_path: Path, port: int, stranger: Stranger
) -> None:
    """Before a run and in it, no message of a stranger's changes anything; it is named."""
    with master(tmp_path, port, scenario(tmp_path)) as locust:
        stranger.say("client_ready", "2.47.0")
        hostile(stranger, "stranger")
        with worker(tmp_path, port):
            locust.wait_for("reported as ready")
            (name,) = re.findall(r"(\S+) \(index \d+\) reported as ready", locust.err())
            locust.wait_for(" | ")
            hostile(stranger, name)
            finished = locust.finish()
    is_exact(tmp_path, finished)
    assert "'stranger' at the master's port 127.0.0.1" in finished.err
    assert "\x1b[31m" not in finished.err


def test_who_does_not_run_eiload_is_left_out_by_name(tmp_path: Path, port: int) -> None:
    """A worker without the plugin does not count, and does not end the run of the others."""
    plain = tmp_path / "plain.py"
    plain.write_text(PLAIN)
    path = scenario(tmp_path, traffic=ENDLESS)
    with (
        master(tmp_path, port, path) as locust,
        worker(tmp_path, port, locustfile=plain),
        worker(tmp_path, port),
    ):
        locust.wait_for("is left out: it does not run eiload; start it with the same locustfile")
        locust.wait_for(" ok, ")
        locust.interrupt()
        finished = locust.finish()
    is_exact(tmp_path, finished)


def test_nobody_but_others(tmp_path: Path, port: int, stranger: Stranger) -> None:
    """A master whose only workers do not run eiload ends in words after a while."""
    with master(tmp_path, port, scenario(tmp_path)) as locust:
        stranger.say("client_ready", "2.47.0")
        finished = locust.finish()
    assert finished.status == 5
    assert "no worker but stranger, and it does not run eiload" in finished.err
    assert "Traceback" not in finished.err


def test_secrets_go_nowhere_unproven(tmp_path: Path, port: int, stranger: Stranger) -> None:
    """Without a token a scenario with secrets stops before the load, or is sent when told."""
    path = with_secret(tmp_path)
    with master(tmp_path, port, path, "--master") as locust:
        finished = locust.finish()
    assert finished.status == 2
    (line,) = finished.complaints()
    assert f"127.0.0.1:{port}" in line
    assert "EILOAD_TOKEN" in line
    assert "--eiload-send-secrets-unproven" in line
    assert SECRET not in finished.err
    told = "--eiload-send-secrets-unproven"
    with master(tmp_path, port, path, told) as locust, worker(tmp_path, port):
        is_exact(tmp_path, locust.finish())


def test_secrets_go_to_who_proves_to_know_the_token(
    tmp_path: Path, port: int, stranger: Stranger
) -> None:
    """A worker with the token takes part; a stranger learns neither the secret nor the token."""
    environ = {"EILOAD_TOKEN": TOKEN}
    with master(tmp_path, port, with_secret(tmp_path), environ=environ) as locust:
        for answer in (None, "0" * 64, 7, "", "\u00e9", {"proof": 1}):
            stranger.say("client_ready", "2.47.0")
            stranger.say("eiload", {"type": "hello"})
            while "nonce" not in (said := stranger.hears("eiload")):
                assert said["type"] == "refused"
            stranger.say("eiload", {"type": "proof", "proof": answer})
        other = hmac.new(TOKEN.encode(), said["nonce"].encode(), hashlib.sha256).hexdigest()
        stranger.say("eiload", {"type": "proof", "proof": other})  # for a number that was used
        locust.wait_for("'stranger' at the master's port")
        with worker(tmp_path, port) as without:  # has no token
            assert without.finish().status == 2
            assert "the master does not let this worker in" in without.err()
        option = ("--eiload-token", TOKEN)
        with started("--worker", "--master-port", str(port), *option, folder=tmp_path) as (_worker):
            finished = locust.finish()
    is_exact(tmp_path, finished)
    told = b"".join(stranger.heard())
    assert SECRET.encode() not in told
    assert TOKEN.encode() not in told
    assert b"prepare" not in told
    assert "it did not prove to know the token" in finished.err


def test_an_empty_token_is_none(tmp_path: Path) -> None:
    """An option without its text, such as of a variable that is not set, is refused."""
    path = with_secret(tmp_path)
    finished = headless("--scenario", str(path), "--eiload-token", "", folder=tmp_path)
    assert finished.status == 2
    assert finished.complaints() == [
        "--eiload-token: empty; expected the same text on master and workers"
    ]


def test_processes_prove_themselves_and_listen_here_only(tmp_path: Path) -> None:
    """With --processes there is a token without asking, and the port is on loopback."""
    path = with_secret(tmp_path, traffic=ENDLESS)
    arguments = ("--headless", "--only-summary", "--processes", "2", "--scenario", str(path))
    with started(*arguments, "--report-json", "run.json", folder=tmp_path) as locust:
        locust.wait_for(" | ")
        master = psutil.Process(locust.process.pid)
        listening = [c.laddr for c in master.net_connections("inet") if c.status == "LISTEN"]
        (own,) = [address for address in listening if str(address.port) in locust.arguments]
        assert own.ip == "127.0.0.1"
        stranger = Stranger(own.port)
        stranger.say("client_ready", "2.47.0")
        stranger.say("eiload", {"type": "hello"})
        assert set(stranger.hears("eiload")) == {"type", "nonce"}
        with worker(tmp_path, own.port) as other:  # as of another command on the same port
            assert other.finish().status == 2
        locust.interrupt()
        finished = locust.finish()
        stranger.close()
    is_exact(tmp_path, finished, workers=2)


def test_late_workers_stand_by(tmp_path: Path, port: int) -> None:
    """One that comes while a scenario has all its workers changes nothing of it, and is named."""
    path = scenario(tmp_path, traffic=ENDLESS)
    with master(tmp_path, port, path) as locust, worker(tmp_path, port):
        locust.wait_for(" | ")
        with worker(tmp_path, port):
            locust.wait_for("stands by: every part of the load has its worker")
            locust.interrupt()
            finished = locust.finish()
    is_exact(tmp_path, finished, standing_by=1)


FAULTY = """
from locust import events

from eiload import SSDUser


class SSD(SSDUser):
    synthetic = "64x48"


@events.init.add_listener
def break_the_listener(environment, **_):
    server = getattr(environment.runner, "server", None)
    if server is not None:
        receive = server.recv_from_client

        def once():
            server.recv_from_client = receive
            raise RuntimeError("for the test")

        server.recv_from_client = once
"""


def test_a_listener_that_locust_loses(tmp_path: Path, port: int) -> None:
    """It is named, started again, and nothing is lost."""
    locustfile = tmp_path / "faulty.py"
    locustfile.write_text(FAULTY)
    with started(
        "--headless", "--only-summary", "--master", "--master-bind-host", "127.0.0.1",
        "--master-bind-port", str(port), "--expect-workers", "1", "--report-json", "run.json",
        "--scenario", str(scenario(tmp_path)), folder=tmp_path, locustfile=locustfile,
    ) as locust, worker(tmp_path, port):  # fmt: skip
        finished = locust.finish()
    words = f"Locust's listener on 127.0.0.1:{port} ended (RuntimeError: for the test)"
    assert words in finished.err
    run = report(tmp_path)
    assert len(run.workers) == 1
    assert not run.problems
