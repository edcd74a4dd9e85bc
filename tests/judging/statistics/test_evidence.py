"""evidence: what short runs are worth, and how much more would decide."""

import numpy as np

from eiload.judging.statistics.evidence import Evidence, needed, short
from eiload.judging.statistics.levels import FIXED


def test_a_second_of_a_short_run_is_one_observation() -> None:
    """However many requests it has: 30 s are worth 30, below 10 s five seconds are one."""
    for seconds, worth in ((30, 30.0), (8, 1.0)):
        totals = np.full(min(20, seconds), 1000.0)
        lengths_s = np.full(len(totals), seconds / len(totals))
        assert short(totals / 2, totals, lengths_s, 0.99, FIXED).to_fail == worth


def test_long_runs_are_looked_at_in_20_parts() -> None:
    """Each counts as one observation: a share too small for its requests can only fail."""
    totals = np.full(60, 300.0)
    assert short(totals / 2, totals, np.full(60, 5.0), 0.99, FIXED).to_fail == 20.0


def test_more_requests_decide_what_is_not_at_the_limit() -> None:
    """Half of what is allowed passes with more, twice fails; exactly at it nothing helps."""
    for share, allowed in ((0.008, 0.01), (0.013, 0.01)):
        evidence = Evidence(share, 1000.0, 1000.0, FIXED.fails, FIXED.passes)
        needs = needed(evidence, 5000, allowed)
        assert needs is not None
        assert needs > 5000
    assert needed(Evidence(0.01, 1000.0, 1000.0, FIXED.fails, FIXED.passes), 5000, 0.01) is None
