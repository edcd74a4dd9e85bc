"""needs: what is said to be needed decides, and less does not."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eiload.judging.statistics import blocks, needs, shares
from eiload.judging.statistics.blocks import Blocks
from eiload.judging.statistics.cut import Cut
from eiload.judging.statistics.shares import Word


@settings(deadline=None)
@given(st.floats(0.5, 500), st.sampled_from([0.1, 0.05, 0.01, 0.001]), st.booleans())
def test_a_clean_record_of_what_is_needed_passes(
    per_s: float, allowed: float, quantile: bool
) -> None:
    """And one of a tenth less does not: the number is right, not merely safe."""
    expected, sure = (blocks.BEYOND, 0.99) if quantile else (0, 0.975)
    need = needs.least(per_s, allowed, expected=expected, sure=sure)

    def word(seconds: float) -> Word:
        cut = Cut.even(int(seconds))
        totals = cut.sums(np.full(int(seconds), per_s))
        return shares.decide(
            np.zeros(cut.k), totals, allowed,
            lengths_s=cut.lengths_s(), expected=expected, sure=sure,
        ).word  # fmt: skip

    assert word(math.ceil(need.seconds) + 1) is Word.PASS
    assert word(need.seconds * 0.9 - 1) is Word.UNDECIDED


@pytest.mark.parametrize(
    ("per_s", "allowed", "expected", "said"),
    [
        # 0 of 598 failed in 10 s: a minute at that rate decides it, not five.
        (59.8, 0.01, 0, "3,588 requests: 60 s at 59.8/s"),
        (2.0, 0.001, 0, "4,523 requests: 38 min at 2/s"),
        (20.0, 0.01, 20, "2,000 requests: 100 s at 20/s"),
    ],
)
def test_length_and_requests_are_said_at_once(
    per_s: float, allowed: float, expected: int, said: str
) -> None:
    """Not "60 s" first and "42 min" once that is mended."""
    assert str(needs.least(per_s, allowed, expected=expected, sure=0.975)) == said


def test_no_requests_need_no_length() -> None:
    """Where nothing comes, no length is enough, and none is said."""
    need = needs.least(0.0, 0.01, expected=20, sure=0.99)
    assert math.isinf(need.seconds)
    assert "at" not in str(need)


def test_what_is_missing_in_a_long_run_is_not_its_length() -> None:
    """Requests in 2 of 300 s: the run is long enough, they are not spread over it."""
    cut = Cut.even(300)
    crowded = np.zeros(300)
    crowded[:2] = 3000
    assert "in 1 of 20 parts" in needs.occupancy(Blocks.counted(cut, crowded.astype(np.int64)))
    stepped = Cut(np.arange(600) // 120, 5)
    assert "steps of 2 min" in needs.occupancy(Blocks.counted(stepped, np.ones(600, np.int64)))
    assert needs.occupancy(Blocks.counted(cut, np.ones(300, np.int64))) == ""
    assert needs.occupancy(Blocks.counted(Cut.even(30), np.ones(30, np.int64))) == ""


def test_chance_alone_is_not_uneven() -> None:
    """A minute of Poisson arrivals is a minute of twelve blocks, however few there are in each."""
    cut = Cut.even(60)
    chance = np.random.default_rng(1)
    for per_s in (4, 20, 200):
        assert needs.unequal(Blocks.counted(cut, chance.poisson(per_s, 60))) == ""
    crowded = np.ones(60, np.int64)
    crowded[:5] = 100
    assert "are worth 1 equal ones" in needs.unequal(Blocks.counted(cut, crowded))
