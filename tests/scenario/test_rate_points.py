"""rate_points: a CSV file of a rate's points, and what is wrong with one, by line."""

from pathlib import Path

import pytest

from eiload.base.errors import ScenarioError
from eiload.scenario import build, restore
from eiload.scenario.arrivals import OpenPhase, PointsRate

NS = 10**9


def rate_of(folder: Path, content: str) -> PointsRate:
    """Return the rate of a phase of 10 min that takes its points from a file."""
    (folder / "day.csv").write_text(content, encoding="utf-8")
    scenario = build(
        {
            "name": "x",
            "targets": {"a": {"server": "h", "model": "m"}},
            "payload": {"synthetic": "64x48"},
            "traffic": [{"phase": "p", "rate": {"points": "day.csv"}, "for": "10 min"}],
        },
        "s",
        folder,
    )
    (folder / "day.csv").unlink()
    assert restore(scenario.to_json()) == scenario  # the points travel, not the file
    (phase,) = scenario.traffic
    assert isinstance(phase, OpenPhase)
    assert isinstance(phase.rate, PointsRate)
    return phase.rate


@pytest.mark.parametrize(
    "content",
    [
        "at,rate\n0 s,5/s\n5 min,40/s\n10 min,300/min\n",
        "time_s,qps\n0,5\n300,40\n600,5\n",
        "\ufeffsource, Rate , At\r\nx,5, 0\r\ny,40,300\r\n\r\nz,5.0,600.\r\n",
    ],
)
def test_a_file_of_points(tmp_path: Path, content: str) -> None:
    """Columns are found by name in any order; plain numbers are seconds and per second."""
    points = ((0, 5.0), (300 * NS, 40.0), (600 * NS, 5.0))
    assert rate_of(tmp_path, content) == PointsRate(points)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("at,rate\n0,5\n600,x\n", "day.csv:3: not a rate, got 'x'; expected a rate such as"),
        ("at,rate\n0,5\n\n600\n", "day.csv:4: 1 cells; expected as many as in the header"),
        ("a,b\n0,5\n", "day.csv:1: no column of instants, got 'a,b'; expected one of 'at'"),
        (
            "at,time,rate\n0,0,5\n",
            "day.csv:1: more than one column of instants, got 'at,time,rate'",
        ),
        ("", "day.csv:1: no column of instants, got ''"),
        ("at,rate\n0,5\n", "too few points, got 1; expected at least two"),
        ("at,rate\n0,5\n700,5\n600,5\n", "a point at 600 s after one at 700 s; expected them in"),
        ("at,rate\n0,5\n\0,5\n", "day.csv"),
        ('at,rate\n0,"5\n', "day.csv: not CSV: "),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, content: str, said: str) -> None:
    """The file, the line, what is there and what was expected."""
    with pytest.raises(ScenarioError) as refused:
        rate_of(tmp_path, content)
    assert str(refused.value).startswith("s: traffic[0].rate.points: ")
    assert said in str(refused.value)
