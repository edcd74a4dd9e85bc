"""What looks at simulated runs add up to."""

import pytest

from bench.looks import PLANS_S, Task, decided, summary, ways, work


def test_decided() -> None:
    """The first word that decides counts, and when; what stays open takes all of the plan."""
    assert decided([(300, "undecided"), (600, "pass"), (900, "fail")], "undecided") == ("pass", 600)
    assert decided([(300, "undecided"), (900, "undecided")], "undecided") == ("undecided", 900)


def test_ways() -> None:
    """A planned look is surer than a fixed run's end; who peeks is not."""
    for plan, looks_s in PLANS_S.items():
        levels = ways(plan)
        assert len(levels["until decided"]) == len(looks_s)
        fixed = levels["peeking"][0].fails
        assert all(each.fails > fixed for each in levels["until decided"])


def test_a_few_runs() -> None:
    """With much room everything passes, whichever look decides it, and nothing fails."""
    generous = {0.95: 10e9, 0.99: 10e9}
    cells = work(Task("M60", "15 min", 2, 1, generous))
    found = summary(cells, "15 min", "until decided", 0.95)
    assert found["pass 2.0x"] == 100
    assert 300 <= found["2.0x s"] <= 900
    assert found["FF worst"] == 0
    once = summary(cells, "15 min", "once", 0.95)
    assert once["2.0x s"] == pytest.approx(900)
