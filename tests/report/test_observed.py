"""What is said of the server's side: times with limits, both sides' counts, what was read."""

import math

import pytest

from eiload.observe.histogram import Bounds
from eiload.report import observed
from eiload.report.section import Section
from tests.golden import golden_run
from tests.report.observed_runs import observed as run_of

PAGE = (
    "ei: TensorFlow Serving, http://ssdresnet:8501/m: 13 readings, each 4.00 ms, 2.00 ms of our CPU"
)


def said(of: Section) -> list[str]:
    """Return a section's lines as text."""
    return ["".join(map(str, line)) for line in of.lines]


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        (Bounds(67.466e6, 121.44e6), "67.5-121"),
        (Bounds(5e6, 5e6), "5.00"),
        (Bounds(0, 2e5), "0-0.200"),
        (Bounds(7e8, math.inf), "over 700"),
        (None, "-"),
    ],
)
def test_limits(bounds: Bounds | None, text: str) -> None:
    """Never a point that nobody knows."""
    assert observed.between(bounds) == text


def test_the_servers_side() -> None:
    """A row a target: rate, exact means, limits of percentiles where enough were counted."""
    server, checked, _, sources = observed.sections(run_of())
    assert [str(row.cells[0]) for row in server.rows] == ["gpu", "ei"]
    gpu, ei = server.rows
    assert gpu.cells[1:] == ("10.0", "60.0", "37.5-67.5", "-", "50.0", "-", "-", "-")
    assert ei.cells[2] == "63.0"
    assert said(checked) == [
        "gpu: 1,000 sent, 1,000 counted by the server: the same",
        "ei: 1,000 sent, 1,000 counted by the server: the same",
    ]
    assert said(sources) == [
        "gpu: TensorFlow Serving, http://ssd:8501/m: 13 readings, each 4.00 ms, 2.00 ms of our CPU",
        "gpu: GPU, nvml: 13 readings, each 0 ms, 0 ms of our CPU",
        "gpu: host, this machine: 13 readings, each 0 ms, 0 ms of our CPU",
        "ei: http://gone:9400/metrics could not be read: Connection refused",
        PAGE,
    ]


def test_foreign_load() -> None:
    """How many, and which share of what the server counted."""
    _, checked, _, _ = observed.sections(run_of(50.0))
    assert said(checked)[0] == (
        "gpu: 1,000 sent, 1,050 counted by the server: 50 (4.76 %) are not ours"
    )


def test_nothing_was_observed() -> None:
    """Nothing is said."""
    assert all(not each.rows and not each.lines for each in observed.sections(golden_run()))
