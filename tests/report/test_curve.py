"""curve: a rate over time, drawn with characters."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eiload.report.curve import columns, curve, ruler


def test_a_ramp() -> None:
    """Eight steps to a row, from 0; two without characters beyond ASCII."""
    assert curve(np.arange(1, 9.0), 8, unicode=True, rows=1) == ["▁▂▃▄▅▆▇█"]
    assert curve(np.arange(1, 9.0), 8, unicode=True, rows=2) == ["    ▂▄▆█", "▂▄▆█████"]
    assert curve(np.array([0.0, 1, 2, 4]), 4, unicode=False, rows=2) == ["   #", " .##"]
    assert curve(np.zeros(5), 3, unicode=True, rows=2) == ["   ", "   "]


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200), st.integers(1, 120))
def test_a_column_is_the_mean_of_its_part(values: list[float], width: int) -> None:
    """Nothing is lost: the columns' mean is the numbers', however many there are of each."""
    means = columns(np.array(values), width)
    assert means.shape == (width,)
    assert np.isclose(means.mean(), np.mean(values), rtol=1e-6, atol=1e-6)
    lines = curve(np.array(values), width, unicode=False)
    assert {len(line) for line in lines} == {width}


def test_names_stand_where_their_phases_begin() -> None:
    """Each after a bar, cut where the next one begins; what has no room is left out."""
    assert ruler([("warm-up", 1), ("steady", 4), ("burst", 5)], 20) == "|w|steady |burst"
    assert ruler([("a", 1), ("b", 1e6)], 10) == "|"
    assert len(ruler([(f"phase {i}", 1) for i in range(50)], 20)) <= 20
