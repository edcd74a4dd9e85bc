"""seen: what a trace was, kept with the scenario."""

import numpy as np
import pytest

from eiload.scenario.seen import PhaseCounts, Seen
from eiload.scenario.turn import Passage, Table

S = 10**9


def seen() -> Seen:
    """Return what was seen of six requests to two targets, of two classes."""
    table = Table("trace.csv")
    chosen = [("a", "gpu"), ("b", "ei"), ("a", "ei"), ("a", "gpu"), ("b", "ei"), ("a", "gpu")]
    codes = table.codes(chosen, range(2, 8))
    instants = np.array([0, 1, 5, 12, 29, 30]) * S // 10
    parts = [Passage(instants[:4], codes[:4]), Passage(instants[4:], codes[4:])]
    return Seen.of("0" * 64, 1.0, PhaseCounts.of(iter(parts), 4 * S, table, place=1))


def test_seconds_of_all_and_of_each_target() -> None:
    """Targets add up to the whole; of one that is not chosen there are none."""
    found = seen()
    assert found.per_second().tolist() == [3, 1, 1, 1]
    assert found.per_second("gpu").tolist() == [1, 1, 0, 1]
    assert found.per_second("ei").tolist() == [2, 0, 1, 0]
    assert found.per_second("other").tolist() == [0, 0, 0, 0]


def test_shares() -> None:
    """Of one text of a choice, of several at once."""
    found = seen()
    assert found.choices == ((("a", "gpu"), 3), (("b", "ei"), 2), (("a", "ei"), 1))
    assert found.share_of({0: "a"}) == pytest.approx(4 / 6)
    assert found.share_of({0: "b", 1: "ei"}) == pytest.approx(2 / 6)
    assert found.share_of({0: "b", 1: "gpu"}) == 0


def test_without_choices_each_goes_to_all() -> None:
    """Then every target's seconds are the whole's."""
    counts = PhaseCounts.of(iter([Passage(np.array([0, S]))]), 2 * S, Table("trace.csv"), None)
    found = Seen.of("0" * 64, 1.0, counts)
    assert (found.choices, found.targets) == ((), ())
    assert found.per_second("gpu").tolist() == found.per_second().tolist() == [1, 1]


@pytest.mark.parametrize("text", ["AAAA", "x"])
def test_damage_is_said(text: str) -> None:
    """What came from a file may be anything."""
    with pytest.raises(ValueError, match="damaged counts of a trace"):
        Seen("0" * 64, 1.0, text).per_second()
