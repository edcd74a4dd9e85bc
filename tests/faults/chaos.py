"""Random faults to whole runs: ``python tests/faults/chaos.py SEED...`` tells which rules broke.

Each seed is a run and what happens to it (`plan`); what it has left is held against the rules of
README.md (`rules`). One of its targets is a server of this process, which counts.
"""

import contextlib
import os
import random
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

if __package__ in {None, ""}:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from eiload.serving.tfserving import PREDICT
from tests.e2e.locust_runs import PATIENCE_S, Locust, runs, scenario, started
from tests.faults.plan import Plan
from tests.faults.rules import broken
from tests.grpc_servers import Handler, grpc_server
from tests.ports import free_port
from tests.serving.model_server import ModelServer

TERMINAL = """\
import os, pty, sys
def read(fd):
    data = os.read(fd, 4096)
    os.write(2, data)
    return data
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:], read)))
"""
BELOW = {
    "terminal gone": (sys.executable, "-c", TERMINAL),
    "reader gone": ("bash", "-c", 'set -o pipefail; "$@" | head -1', "-"),
}
NAMES = {"sender": "eiload.sending.sender", "server": "eiload.server", "worker": "locust"}
SIGNALS = {"kill": signal.SIGKILL, "interrupt": signal.SIGINT, "terminate": signal.SIGTERM}

LOAD_BEGINS = " | "
"""What stands in a line of progress."""


def play(seed: int, folder: Path) -> list[str]:
    """Play a seed in a folder; return which rules it broke, in words."""
    plan = Plan.of(seed)
    served: list[int] = []
    server = ModelServer()
    answer = server.handlers()[PREDICT]

    def predict(data: bytes, context: object) -> bytes:
        served.append(1)
        return answer(data, context)  # type: ignore[arg-type]

    handlers: dict[str, Handler] = {**server.handlers(), PREDICT: predict}
    with contextlib.ExitStack() as serving:
        port = serving.enter_context(grpc_server(handlers))

        def restart() -> None:
            serving.close()
            time.sleep(plan.pause_s)
            serving.enter_context(grpc_server(handlers, address=f"127.0.0.1:{port}"))

        path = scenario(folder, **plan.scenario(f"127.0.0.1:{port}"))
        options = ["--headless", "--only-summary", "--scenario", str(path)]
        options += ["--report-json", "run.json"]
        master_port = free_port()
        if plan.is_late:
            options += ["--master", "--master-bind-host", "127.0.0.1"]
            options += ["--master-bind-port", str(master_port), "--expect-workers", "2"]
        elif plan.workers:
            options += ["--processes", str(plan.workers)]
        if plan.fault == "disk full":
            options += ["--report-markdown", "/dev/full"]
        below = BELOW.get(plan.fault, ())
        with contextlib.ExitStack() as stack:
            locust = stack.enter_context(started(*options, folder=folder, below=below))

            def worker() -> Locust:
                command = ("--worker", "--master-port", str(master_port))
                return stack.enter_context(started(*command, folder=folder))

            workers = [worker() for _ in range(plan.workers if plan.is_late else 0)]
            _wait(plan, locust)
            children = [child for each in (locust, *workers) for child in _children(each)]
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                if plan.is_late:
                    _come_late(plan, workers, worker)
                elif plan.fault == "restart server":
                    restart()
                else:
                    _strike(plan, locust, children)
            children += _children(locust)
            finished = locust.finish()
            for each in workers:
                each.finish()
            # Without a master workers wait a minute for another one.
            _, left = psutil.wait_procs(children, PATIENCE_S)
            found = broken(plan, finished, folder, len(served))
            return found + [f"R6: left: {process}" for process in left]


def _come_late(plan: Plan, workers: list[Locust], worker: Callable[[], Locust]) -> None:
    """Have workers come late, as the plan says."""
    if plan.fault == "late instead":
        workers[0].kill()
    late = [worker() for _ in range(2 if plan.fault == "late twice" else 1)]
    if plan.fault == "late killed":
        time.sleep(plan.pause_s)
        late[0].kill()


def _children(locust: Locust) -> list[psutil.Process]:
    try:
        return locust.children()
    except psutil.NoSuchProcess:
        return []


def _wait(plan: Plan, locust: Locust) -> None:
    """Wait for the moment."""
    give_up = time.monotonic() + PATIENCE_S
    while plan.from_load and LOAD_BEGINS not in locust.err() and locust.process.poll() is None:
        assert time.monotonic() < give_up, locust.err()
        time.sleep(0.02)
    time.sleep(plan.moment_s)


def _strike(plan: Plan, locust: Locust, children: list[psutil.Process]) -> None:
    """Do to it what the plan says."""
    verb, _, whom = plan.fault.partition(" ")
    chance = random.Random(plan.seed)
    if plan.fault == "garbage":
        _garbage(int(locust.arguments[-1]), chance)
    elif plan.fault == "terminal gone":
        locust.process.kill()
    elif whom == "group":
        os.killpg(locust.process.pid, SIGNALS[verb])
    elif verb in {*SIGNALS, "pause"}:
        chosen = [each for each in children if whom in NAMES and runs(each, NAMES[whom])]
        if whom not in NAMES:
            chosen = [psutil.Process(locust.process.pid)]
        if not chosen:
            return  # not there yet, or not there in such a run
        struck = [*chosen, *children] if whom == "all" else [chance.choice(chosen)]
        if verb == "pause":
            for each in struck:
                each.suspend()
            time.sleep(plan.pause_s)
            for each in struck:
                each.resume()
            return
        for _ in range(2 if whom == "twice" else 1):
            struck[0].send_signal(SIGNALS[verb])
            time.sleep(plan.pause_s if whom == "twice" else 0)


def _garbage(port: int, chance: random.Random) -> None:
    """Send to the master what no worker sends, as bytes and as messages."""
    import msgpack
    import zmq

    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as raw:
        raw.sendall(chance.randbytes(1000))
    dealer: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
    dealer.setsockopt(zmq.IDENTITY, b"chaos")
    dealer.connect(f"tcp://127.0.0.1:{port}")
    for message in (
        b"\xc1",
        b"",
        msgpack.dumps(7),
        chance.randbytes(100),
        msgpack.dumps(("client_ready", "2.47.0", "chaos")),
        msgpack.dumps(("eiload", [1, {"x": None}], "chaos")),
        msgpack.dumps(("stats", {}, "chaos")),
        msgpack.dumps(("client_stopped", None, "chaos")),
    ):
        dealer.send(message)
    dealer.close(linger=1000)


def main(seeds: list[str]) -> int:
    """Play seeds; return how many broke a rule."""
    failed = 0
    for seed in map(int, seeds):
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            try:
                found = play(seed, Path(folder))
            except AssertionError as error:
                found = [f"R4: {error}"]
        failed += bool(found)
        took_s = time.monotonic() - began
        print(f"{took_s:5.1f} s  {'BROKEN' if found else 'ok    '}  {Plan.of(seed)}", flush=True)
        for each in found:
            print(f"    {each}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
