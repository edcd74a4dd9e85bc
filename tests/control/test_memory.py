"""The bound on bytes in flight: by the memory, the container, a limit; and what is said of it."""

from pathlib import Path

import psutil
import pytest

from eiload.control import memory
from eiload.record.facts import TargetFacts
from tests.control.script import a_scenario

GB = 10**9
MB = 10**6


@pytest.mark.parametrize(
    ("available", "space", "processes", "bound"),
    [
        (16 * GB, None, 1, 8 * GB),
        (16 * GB, None, 4, 2 * GB),
        (16 * GB, 2 * GB, 4, GB // 2),
        (GB, None, 0, GB // 2),
        (0, None, 2, 64 * MB),
        (16 * GB, 100 * MB, 1, 64 * MB),
    ],
)
def test_bounds(available: int, space: int | None, processes: int, bound: int) -> None:
    """Half of what is there, shared; a quarter of a limit on addresses; never nothing."""
    assert memory.bound_bytes(available, space, processes) == bound


def test_what_a_container_leaves(tmp_path: Path) -> None:
    """Its limit counts where there is one, of either kind; a machine without has its memory."""
    assert memory.available_bytes(tmp_path) == pytest.approx(
        psutil.virtual_memory().available, abs=2 * GB
    )
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("1000\n")
    assert memory.available_bytes(tmp_path) > 100_000
    (tmp_path / "memory.max").write_text("101000\n")
    assert memory.available_bytes(tmp_path) == 100_000
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("5\n")
    (tmp_path / "memory" / "memory.usage_in_bytes").write_text("9\n")
    assert memory.available_bytes(tmp_path) == 0


def test_what_a_service_may_take(tmp_path: Path) -> None:
    """Where the process is in a group of the machine's, its limit and those above it count."""
    own = tmp_path / "own"
    own.write_text("3:cpu,memory:/batch/load\n0::/system.slice/load.service\n")
    service = tmp_path / "system.slice" / "load.service"
    batch = tmp_path / "memory" / "batch"
    for folder, most, current in (
        (service, "memory.max", "memory.current"),
        (batch, "memory.limit_in_bytes", "memory.usage_in_bytes"),
    ):
        folder.mkdir(parents=True)
        (folder / most).write_text("1000000\n")
        (folder / current).write_text("400000\n")
    assert memory.available_bytes(tmp_path, own) == 600_000
    (service / "memory.max").write_text("max\n")
    (batch / "memory.usage_in_bytes").write_text("900000\n")
    assert memory.available_bytes(tmp_path, own) == 100_000
    (service.parent / "memory.max").write_text("500000\n")
    (service.parent / "memory.current").write_text("450000\n")
    assert memory.available_bytes(tmp_path, own) == 50_000
    (tmp_path / "memory.max").write_text("30000\n")
    (tmp_path / "memory.current").write_text("0\n")
    assert memory.available_bytes(tmp_path, own) == 30_000
    assert memory.available_bytes(tmp_path, tmp_path / "gone") == 30_000


def test_what_is_said() -> None:
    """Only what may hold a request back, whoever has said it, and in requests as well."""
    of = TargetFacts("gpu", "x:1", "ssd", request_bytes=(1000, 820 * 1000))
    plain = a_scenario()
    assert memory.told(GB, plain, (of,)) == ""
    assert memory.told(GB, plain, ()) == ""
    assert memory.told(410 * MB, plain, (of,)) == (
        "in flight at most 410 MB in each load process (max_in_flight_bytes), by the memory there "
        "is: 500 requests of the largest, fewer than max_in_flight"
    )
    given = a_scenario(max_in_flight_bytes="1 MB")
    assert memory.limit_bytes(given, 3) == MB
    assert memory.told(MB, given, (of,)) == (
        "in flight at most 1 MB in each load process (max_in_flight_bytes): 1 request of the "
        "largest, fewer than max_in_flight"
    )
    assert memory.limit_bytes(plain, 3) >= 64 * MB
