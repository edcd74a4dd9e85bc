"""What macOS lacks, taken away on Linux: no timerfd, no /proc, no /sys, other units, no memfd.

The rest (its kernel, its sockets, its Python) is left to the workflow's matrix.
"""

import importlib.util
import io
import os
import resource
import sys
from collections import namedtuple
from pathlib import Path
from types import ModuleType

import psutil
import pytest

from eiload.base.clock import NS_PER_MS, boot_id
from eiload.base.errors import EngineError
from eiload.base.status import Status
from eiload.cli import doctor
from eiload.control.memory import available_bytes
from eiload.plugin import outputs
from eiload.sending import child, pulse
from eiload.sending.endpoint import Endpoint
from eiload.sending.net.tls import TlsError, tls_context
from eiload.serving.tfserving import PREDICT
from tests.grpc_servers import certificate, grpc_server
from tests.sending.driver import CLOCK, Driver, echo, sends

AWAY = '''
"""Takes away from a process what macOS does not have; imported by Python when it starts."""

import builtins, ctypes, io, os, sys

OPEN = io.open

def opened(file, *args, **kwargs):
    if isinstance(file, (str, bytes, os.PathLike)):
        caller = sys._getframe(1).f_globals.get("__name__", "")
        ours = not caller.startswith("psutil")  # which has other sources on macOS
        if ours and os.fsdecode(file).startswith(("/proc/", "/sys/")):
            raise FileNotFoundError(2, "No such file or directory", os.fsdecode(file))
    return OPEN(file, *args, **kwargs)

class PyDLL(ctypes.PyDLL):
    def __getattr__(self, name):
        if name.startswith("timerfd"):
            raise AttributeError(name)
        return super().__getattr__(name)

def take():
    builtins.open = io.open = opened
    ctypes.PyDLL = PyDLL
    for name in ("eventfd", "memfd_create", "pidfd_open", "sched_getaffinity", "timerfd_create"):
        if hasattr(os, name):
            delattr(os, name)

if __name__ == "sitecustomize":
    take()
'''


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that takes it away from each Python that starts with it on its path."""
    folder = tmp_path_factory.mktemp("macos")
    (folder / "sitecustomize.py").write_text(AWAY)
    return folder


@pytest.fixture
def here(away: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Take it away from this process, for a test."""
    spec = importlib.util.spec_from_file_location("away", away / "sitecustomize.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr("builtins.open", module.opened)
    monkeypatch.setattr(io, "open", module.opened)
    for name in ("memfd_create", "sched_getaffinity"):
        monkeypatch.delattr(os, name, raising=False)
    return module


def test_a_sender_sends(away: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real one, with the loop's own timer: each request, none before its instant."""
    monkeypatch.setenv("PYTHONPATH", f"{away}:{os.environ.get('PYTHONPATH', '')}")
    with (
        grpc_server({PREDICT: echo}) as port,
        Driver(Endpoint(f"127.0.0.1:{port}", PREDICT)) as driver,
    ):
        driver.engine.add_payload(b"abc")
        start_ns = CLOCK.now_ns() + 200 * NS_PER_MS
        results = driver.play(sends(20, start_ns, 7 * NS_PER_MS), start_ns + 140 * NS_PER_MS)
        memory = driver.engine.stats.rss_bytes
    assert results["status"].tolist() == [Status.OK] * 20
    assert (results["sent_ns"] >= results["intended_ns"]).all()
    # By its peak, which begins with that of the process that started it: of these tests.
    assert 10_000_000 < memory < 10_000_000_000


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("platform", "unit"), [("darwin", 1), ("freebsd14", 1024)])
def test_memory_by_its_peak(platform: str, unit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """getrusage(2) gives bytes on macOS and kilobytes elsewhere."""
    peak = 300_000_000
    monkeypatch.setattr(sys, "platform", platform)
    used = type("Used", (), {"ru_maxrss": peak // unit})
    monkeypatch.setattr(resource, "getrusage", lambda _who: used)
    assert abs(pulse._rss_bytes() - peak) < 1024


@pytest.mark.usefixtures("here")
def test_what_nobody_tells() -> None:
    """Is not known, and no error."""
    assert boot_id() is None
    assert child._memory_kills() is None
    assert available_bytes() > 0


@pytest.mark.usefixtures("here")
def test_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what it can: CPUs by their number, no clock source, no steal."""
    monkeypatch.setattr(sys, "platform", "darwin")
    fields = namedtuple("fields", "user nice system idle")  # noqa: PYI024  # psutil's on macOS
    times = fields(1.0, 0.0, 1.0, 8.0)
    monkeypatch.setattr(psutil, "cpu_times", lambda: times)
    monkeypatch.setattr(doctor, "STEAL_S", 0.0)
    assert doctor.available_cpus() == os.cpu_count()
    found = [finding.what for finding in doctor.findings()]
    assert {"steal: unknown", "clock source: unknown"} <= set(found)
    assert not any(finding.level is doctor.Level.MISSING for finding in doctor.findings())


def test_redirected_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without /proc it is not known which files they are."""

    def gone(path: Path) -> Path:
        raise FileNotFoundError(2, "No such file or directory", str(path))

    monkeypatch.setattr(Path, "readlink", gone)
    assert outputs._streams() == []


@pytest.mark.usefixtures("here")
def test_a_clients_certificate(tmp_path: Path) -> None:
    """It is loaded from a file for a moment where there is none in memory; a wrong one is told."""
    pair = certificate(tmp_path)
    key, cert = Path(pair.key).read_text(), Path(pair.cert).read_text()
    assert tls_context(cert, key, cert).get_ca_certs()
    with pytest.raises(TlsError, match="the TLS files cannot be used"):
        tls_context(cert, cert, cert)


def test_more_files_than_it_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """MacOS says that its limit is infinite, and refuses what is beyond another one."""

    def refuse(*_: object) -> None:
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _which: (256, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    with pytest.raises(EngineError, match=r"kern\.maxfilesperproc"):
        child._allow_files(100_000)


def test_nothing_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sender is a program of its own; a fork of a process with threads may hang on macOS."""

    def forbidden() -> int:
        raise AssertionError("fork")

    monkeypatch.setattr(os, "fork", forbidden)
    with Driver(Endpoint("127.0.0.1:1", PREDICT)) as driver:
        assert driver.engine.alive
