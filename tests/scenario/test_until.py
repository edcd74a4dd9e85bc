"""When a phase is looked at that goes on until all is decided."""

import pytest

from eiload.base.clock import NS_PER_S
from eiload.scenario.until import LOOKS_AT_MOST, Until


@pytest.mark.parametrize(
    ("least_s", "most_s", "looks_s"),
    [
        (300, 3600, (300, 600, 1200, 2400, 3600)),
        (None, 3600, (300, 600, 1200, 2400, 3600)),
        (None, 900, (300, 600, 900)),
        (None, 200, (200,)),
        (60, 60, (60,)),
        (60, 100, (60, 100)),
        # One just before the end is left to it.
        (60, 250, (60, 120, 250)),
        # A plan of a day has steps of two minutes: no look can be sooner than after two hours.
        (300, 86_400, (7200, 14_400, 28_800, 57_600, 86_400)),
    ],
)
def test_the_usual_looks(least_s: int | None, most_s: int, looks_s: tuple[int, ...]) -> None:
    """They double, from the least on, and the last is the end."""
    least_ns = None if least_s is None else least_s * NS_PER_S
    found = Until(least_ns).looks_ns(most_s * NS_PER_S)
    assert found == tuple(each * NS_PER_S for each in looks_s)
    assert len(found) <= LOOKS_AT_MOST


def test_given_looks() -> None:
    """They are taken as they are, and the end is one as well."""
    given = Until(None, (2, 4, 8))
    assert given.looks_ns(10) == (2, 4, 8, 10)
    assert given.looks_ns(8) == (2, 4, 8)
