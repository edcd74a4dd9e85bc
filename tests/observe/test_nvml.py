"""GPUs by NVML's calls: units, what one does not know, no library, no driver; a real one."""

from typing import Any

import pynvml
import pytest

from eiload.base.clock import SystemClock
from eiload.observe import nvml
from eiload.observe.nvml import FIELDS, Nvml
from eiload.observe.reader import UnreadableError


def real() -> bool:
    """Tell whether this machine has an NVIDIA GPU and its driver."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return False
    pynvml.nvmlShutdown()
    return True


REAL = real()


@pytest.mark.gpu
@pytest.mark.skipif(not REAL, reason="no NVIDIA GPU here: `make test-gpu` on a machine with one")
def test_a_real_gpu() -> None:
    """What every data centre's GPU knows, within what is possible; energy does not fall."""
    reader = Nvml(nvml.library, SystemClock())
    first, later = reader.read(), reader.read()
    reader.close()
    names = {name for name, _ in first.values}
    assert names >= {"gpu_use", "gpu_memory_bytes", "gpu_memory_total_bytes", "gpu_power_w"}
    for (name, labels), value in first.values.items():
        assert value >= 0
        assert dict(labels)["gpu"].startswith("GPU-")
        if name == "gpu_energy_j":
            assert later.values[name, labels] >= value
        if name == "gpu_use":
            assert value <= 100


@pytest.mark.skipif(REAL, reason="a machine without a driver is needed")
def test_no_driver() -> None:
    """The library is there and says that nothing is behind it."""
    reader = Nvml(nvml.library, SystemClock())
    with pytest.raises(UnreadableError, match="NVML: NVML Shared Library Not Found"):
        reader.read()
    reader.close()


def test_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install is said."""
    monkeypatch.setitem(__import__("sys").modules, "pynvml", None)
    with pytest.raises(UnreadableError, match=r"pip install 'eiload\[gpu\]'"):
        nvml.library()


class K80:
    """An old GPU below an old library: no energy, bytes for text, throttle reasons."""

    class NVMLError(Exception):
        """Not supported."""

    NVML_CLOCK_SM = 1
    NVML_TEMPERATURE_GPU = 0
    NVML_PERF_POLICY_POWER = 0
    NVML_PERF_POLICY_THERMAL = 1

    def __init__(self, gpus: int = 2) -> None:
        self.asked: list[str] = []
        self._gpus = gpus

    def __getattr__(self, name: str) -> Any:
        answers: dict[str, Any] = {
            "nvmlInit": lambda: None,
            "nvmlShutdown": lambda: None,
            "nvmlDeviceGetCount": lambda: self._gpus,
            "nvmlDeviceGetHandleByIndex": lambda index: index,
            "nvmlDeviceGetUUID": lambda gpu: f"GPU-{gpu}".encode(),
            "nvmlDeviceGetName": lambda _gpu: b"Tesla K80",
            "nvmlDeviceGetPowerUsage": lambda gpu: 60_000 + gpu,
            "nvmlDeviceGetClockInfo": lambda _gpu, _clock: 562,
            "nvmlDeviceGetCurrentClocksThrottleReasons": lambda _gpu: 0x4,
        }
        if name in answers:
            return answers[name]
        if name == "nvmlDeviceGetCurrentClocksEventReasons":
            raise AttributeError(name)

        def refused(*_arguments: object) -> None:
            self.asked.append(name)
            raise self.NVMLError("Not Supported")

        return refused


def test_what_a_gpu_does_not_know_is_not_asked_again() -> None:
    """The rest is there, for each GPU, in our units."""
    library = K80()
    reader = Nvml(lambda: library, SystemClock())
    first = reader.read()
    asked = len(library.asked)
    assert reader.read().values == first.values
    assert len(library.asked) == asked
    of = {n: (("gpu", f"GPU-{n}"), ("name", "Tesla K80")) for n in (0, 1)}
    assert first.values == {
        (name, of[n]): value
        for n in (0, 1)
        for name, value in (
            ("gpu_power_w", 60 + n / 1000),
            ("gpu_sm_mhz", 562.0),
            ("gpu_reasons", 4.0),
        )
    }
    assert first.kind == "gpu"


def test_a_machine_without_gpus() -> None:
    """A driver with nothing to drive is said."""
    library = K80(gpus=0)
    with pytest.raises(UnreadableError, match="no GPU that it can read"):
        Nvml(lambda: library, SystemClock()).read()


def test_every_call_is_the_librarys() -> None:
    """No name is misspelt: nvidia-ml-py has each that is asked for."""
    called: set[str] = set()

    class Looks:
        def __getattr__(self, name: str) -> Any:
            called.add(name)
            if not name.startswith("nvml"):
                return 0
            return lambda *_arguments: Looks()

        def __float__(self) -> float:
            return 0.0

        def __truediv__(self, _by: float) -> float:
            return 0.0

    for ask in FIELDS.values():
        ask(Looks(), object())
    called = {name for name in called if name.lower().startswith("nvml")}
    assert len(called) > 9
    assert [name for name in called if not hasattr(pynvml, name)] == []
