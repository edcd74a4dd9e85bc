"""The listener, and a start that it sees."""

import sys
from pathlib import Path

import grpc
import pytest

from bench import server, startup
from bench.listener import listening
from bench.process import BenchError
from bench.server import SMALL
from bench.startup import Starter
from eiload.serving.tfserving import GET_MODEL_STATUS, PREDICT


def test_listener(tmp_path: Path) -> None:
    """Predicts are noted in order, other calls answered and not noted, unknown ones refused."""
    with (
        listening(tmp_path) as listener,
        grpc.insecure_channel(listener.address) as channel,
    ):
        for method in (PREDICT, GET_MODEL_STATUS, PREDICT):
            assert channel.unary_unary(method, None, None)(b"")
        with pytest.raises(grpc.RpcError):
            channel.unary_unary("/no.Service/Method", None, None)(b"")
        first_s, second_s = listener.predicts_s
    assert first_s <= second_s


def test_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start is timed to the first request of the load, and ended."""
    monkeypatch.setattr(startup, "SETTLE_S", 0.3)
    files = server.files(tmp_path / "files", SMALL)
    bare = Starter(
        "bare",
        lambda address, files: [
            *(sys.executable, "-m", "bench.clients.bare"),
            *(address, str(files.request), "1", "60"),
        ],
        before_load=1,
    )
    with listening(tmp_path / "answers") as listener:
        found = startup.start(bare, listener, files)
    assert found.load_s > 0
    assert found.cpu_s > 0
    assert 0 < found.locust_bytes <= found.all_bytes


def test_ended_early(tmp_path: Path) -> None:
    """A command that ends before its first request is an error with its last words."""
    files = server.files(tmp_path / "files", SMALL)
    short = Starter("short", lambda *_: [sys.executable, "-c", "print('no'); raise SystemExit(7)"])
    with (
        listening(tmp_path / "answers") as listener,
        pytest.raises(BenchError, match="status 7: no"),
    ):
        startup.start(short, listener, files)
