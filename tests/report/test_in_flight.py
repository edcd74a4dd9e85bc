"""What is in flight at once by a plan, and which guard would drop the rest."""

import numpy as np
import pytest

from eiload.report import in_flight
from eiload.report.in_flight import Load
from eiload.scenario import Scenario
from eiload.scenario.census import census
from eiload.scenario.picks import Picks
from eiload.scenario.schedule import Schedule
from tests.golden import scenario

STEADY = """
name: planned
targets:
  gpu: {server: "127.0.0.1:8500", model: ssd}
  ei: {server: "127.0.0.1:9000", model: ssdresnet}
payload: {synthetic: 64x48}
traffic:
  - {phase: steady, rate: 100/s, arrivals: constant, for: 20 s}
"""


def said(of: Scenario, size_bytes: int, service_s: float = np.nan) -> list[str]:
    """Return the lines of a plan of two targets alike."""
    loads = [Load(name, ((size_bytes,),), service_s * 1e9) for name in of.targets]
    counted = census(Schedule(of.traffic, of.seed), Picks(of, [1]), (len(loads), 1))
    found = in_flight.section(of, counted, loads, "")
    return ["".join(str(part) for part in line) for line in found.lines]


def guarded(requests: int = 1000, size: str = "") -> Scenario:
    """Return a scenario with guards."""
    more = f"max_in_flight: {requests}\n" + (f"max_in_flight_bytes: {size}\n" if size else "")
    return scenario(STEADY + more)


@pytest.mark.parametrize(
    ("of", "size_bytes", "told"),
    [
        (guarded(), 1_000, []),
        (guarded(), 820_000, [
            ("in flight at most 1000 ('max_in_flight'), 820 MB of the largest, or what memory lets"
            " through ('max_in_flight_bytes')")]),
        (guarded(size="82 MB"), 820_000, [
            ("in flight at most 82 MB in each load process ('max_in_flight_bytes'): 100 requests"
            " of the largest, fewer than 'max_in_flight: 1000'")]),
        (guarded(size="820 MB"), 820_000, []),
    ],
)  # fmt: skip
def test_bytes_are_a_bound_too(of: Scenario, size_bytes: int, told: list[str]) -> None:
    """It is said where it may be the closer one."""
    lines = said(of, size_bytes)
    assert lines[0].startswith("load processes: ")
    assert lines[1:-1] == told
    assert lines[-1].startswith("in flight: not known")


def test_what_would_be_dropped() -> None:
    """100/s of 2 s to each of two targets are 400 at once, in one process, of 1 MB each."""
    assert said(guarded(399, "200 MB"), 100_000, 2.0)[1:] == [
        (
            "steady: more in flight than 'max_in_flight: 399' of 1 lets through: the rest would be"
            " dropped"
        )
    ]
    assert said(guarded(400, "39 MB"), 100_000, 2.0)[2:] == [
        (
            "steady: 40 MB in flight, more than 'max_in_flight_bytes: 39 MB' of 1 lets through: the"
            " rest would be dropped"
        )
    ]
    assert said(guarded(400, "40 MB"), 100_000, 2.0)[1:] == []
