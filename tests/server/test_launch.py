"""The stand-in as a child process: it comes up, it goes down, and it says why not."""

import contextlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from eiload.base.errors import EngineError, ScenarioError
from eiload.scenario.standin import StandIn
from eiload.server import launch
from eiload.server.launch import StandInProcess
from eiload.serving.tfserving import GET_MODEL_STATUS, PREDICT, status_request
from tests.server.stand_ins import answer, request, running

QUICK = StandIn.of(compute="1 ms")


def gone(pid: int) -> bool:
    """Return whether a process of ours has ended (a zombie of another parent counts)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def wait_gone(pid: int) -> None:
    """Wait until a process has ended."""
    until = time.monotonic() + 60
    while not gone(pid):
        assert time.monotonic() < until, f"process {pid} is still there"
        time.sleep(0.01)


@contextlib.contextmanager
def ending(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """End a process, whatever a test finds of it."""
    with process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_handler(pid: int, number: int) -> None:
    """Wait until a process handles a signal."""
    until = time.monotonic() + 60
    while True:
        status = Path(f"/proc/{pid}/status").read_text()
        (caught,) = re.findall(r"^SigCgt:\s*(\w+)$", status, re.MULTILINE)
        if int(caught, 16) >> (number - 1) & 1:
            return
        assert time.monotonic() < until, f"process {pid} handles no signal {number}"
        time.sleep(0.02)


def test_it_serves_inside_the_block_and_not_after_it() -> None:
    """Also its repr says so."""
    process = StandInProcess(QUICK, "ssdresnet")
    assert repr(process) == "<StandInProcess 'ssdresnet', not serving>"
    with process:
        pid = process.pid
        assert repr(process) == f"<StandInProcess 'ssdresnet', {process.address}>"
        with grpc.insecure_channel(process.address) as channel:
            channel.unary_unary(GET_MODEL_STATUS, None, None)(
                status_request("ssdresnet"), timeout=90
            )
    assert gone(pid)
    with pytest.raises(RuntimeError, match="not serving"):
        assert process.address
    process.signal(signal.SIGTERM)  # nobody there, nothing to do


def test_two_start_side_by_side() -> None:
    """On ports of their own."""
    both = [StandInProcess(QUICK) for _ in range(2)]
    try:
        for process in both:
            process.start()
        for process in both:
            process.wait()
        assert both[0].address != both[1].address
    finally:
        for process in both:
            process.close()


def test_it_ends_when_its_parent_is_killed() -> None:
    """Nobody is left to close it, so the end of its standard input does."""
    program = textwrap.dedent("""
        import time
        from eiload.server.launch import StandInProcess
        from eiload.scenario.standin import StandIn
        with StandInProcess(StandIn.of(compute="1 ms")) as process:
            print(process.pid, flush=True)
            time.sleep(60)
    """)
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert not gone(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_gone(pid)


def test_it_is_ended_also_while_it_is_stopped() -> None:
    """A test of faults may have sent SIGSTOP."""
    with running(compute="1 ms") as client:
        pid = client.process.pid
        client.process.signal(signal.SIGSTOP)
    assert gone(pid)


def test_wrong_settings_are_said_in_the_childs_words(tmp_path: Path) -> None:
    """What only the child can find out is the user's mistake all the same."""
    times = tmp_path / "times.csv"
    times.write_text("soon\nlate\n")
    process = StandInProcess(StandIn.of(compute={"csv": str(times)}))
    with (
        pytest.raises(ScenarioError, match=rf"^stand-in for 'ssd': {times}: not a duration"),
        process,
    ):
        pass


def test_a_port_that_is_taken_is_said() -> None:
    """By the address, with the remedy."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(ScenarioError, match=rf"cannot listen on 127.0.0.1:{port}: Address al"),
            StandInProcess(QUICK, port=port),
        ):
            pass


def test_a_child_that_is_killed_before_it_serves_is_an_error() -> None:
    """Of ours, not of the user's."""
    process = StandInProcess(StandIn.of(load_time="1 h"))
    process.start()
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(EngineError, match="ended with status -9"):
        process.wait()
    process.close()


def test_one_that_does_not_come_up_is_not_waited_for_forever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is ended, and the error says how long it had."""
    monkeypatch.setattr(launch, "READY_WITHIN_S", 0)
    process = StandInProcess(QUICK)
    process.start()
    pid = process.pid
    with pytest.raises(EngineError, match="did not serve within 0 s"):
        process.wait()
    assert gone(pid)


def serve(*arguments: str) -> "subprocess.Popen[str]":
    """Start ``eiload serve`` as a user does."""
    return subprocess.Popen(
        [sys.executable, "-m", "eiload.server", "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
def test_a_signal_ends_it_at_once(number: signal.Signals, status: int) -> None:
    """With the shell's exit status and without a traceback, calls under way or not."""
    with serve("--hang", "100 %") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("emulated stand-in serves model 'ssd' on 127.0.0.1:")
        address = line.strip().rpartition(" ")[2]
        with grpc.insecure_channel(address) as channel:
            hanging = channel.unary_unary(PREDICT, None, None).future(request(), timeout=90)
            method = channel.unary_unary(GET_MODEL_STATUS, None, None)
            method(status_request("ssd"), timeout=90)  # the one before it has arrived, too
            assert not hanging.done()
            process.send_signal(number)
            _, errors = process.communicate(timeout=60)
            assert hanging.code() is not grpc.StatusCode.OK
    assert (process.returncode, errors) == (status, "")


def test_the_port_opens_after_the_model_is_loaded() -> None:
    """Until then connections are refused, and a signal ends the loading."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "eiload.server", "serve", "--port", str(port)]
    with ending(
        subprocess.Popen(
            [*command, "--load-time", "1 h"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    ) as process:
        assert process.stdout is not None
        wait_for_handler(process.pid, signal.SIGTERM)
        assert select.select([process.stdout], [], [], 0.5)[0] == []
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
        process.terminate()
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 143
    # Python's own word of a signal that comes while a module is imported; which is chance
    assert errors == b"" or errors.startswith(b"Exception ignored in: <")


def test_it_serves_after_its_load_time() -> None:
    """The line comes then and not before."""
    begin = time.monotonic()
    with StandInProcess(StandIn.of(load_time="700 ms")) as process:
        assert time.monotonic() - begin >= 0.7
        with grpc.insecure_channel(process.address) as channel:
            method = channel.unary_unary(GET_MODEL_STATUS, None, None)
            assert answer(lambda: method(status_request("ssd"), timeout=90))[1] == ""


def test_a_unix_socket(tmp_path: Path) -> None:
    """`--host unix:PATH`, for clients on this machine."""
    path = tmp_path / "ssd.sock"
    command = [sys.executable, "-m", "eiload.server", "serve", "--ready-json"]
    with subprocess.Popen([*command, "--host", f"unix:{path}"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["address"] == f"unix:{path}"
        with grpc.insecure_channel(f"unix:{path}") as channel:
            channel.unary_unary(GET_MODEL_STATUS, None, None)(status_request("ssd"), timeout=90)
        process.terminate()
