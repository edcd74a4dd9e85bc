"""When a run is looked at, and the run as it was then."""

from dataclasses import replace

import numpy as np

from eiload.base.clock import NS_PER_S
from eiload.record.intervals import Kind
from eiload.record.looks import planned, up_to
from tests.golden import MIX, TWO, golden_run, scenario

UNTIL = "for: {at_least: 5 min, at_most: 1 h, until: decided}"


def test_none() -> None:
    """A run that just ends is not looked at."""
    assert planned(scenario()) is None


def test_planned() -> None:
    """After the warm-up, at whole steps of the times (5 s of an hour), the end last."""
    plan = planned(scenario(TWO.replace("for: 5 min", UNTIL)))
    assert plan is not None
    assert (plan.phase, plan.start_s) == ("steady", 10)
    assert plan.seconds == (310, 610, 1210, 2410, 3610)
    assert [plan.next_s(now) for now in (0, 310, 3609, 3610)] == [310, 610, 3610, None]
    uneven = planned(scenario(TWO.replace("for: 5 min", UNTIL).replace("10 s", "7.5 s")))
    assert uneven is not None
    assert uneven.seconds == (310, 610, 1210, 2410, 3608)
    assert uneven.after_s(uneven.seconds[0]) == 303


def test_up_to() -> None:
    """What was due before is there to the last count; what was due later is not, nor missing."""
    for text in (TWO, MIX):
        run = golden_run(text)
        part = up_to(run, 100)
        assert part.ended_ns == 100 * NS_PER_S
        assert part.stopped
        assert sum(span.seconds for span in part.phases()) == 100
        for target in range(2):
            second, _, count = run.intervals.slab(target, 1, Kind.STATUS)
            found = part.intervals.slab(target, 1, Kind.STATUS)
            assert int(found[0].max()) == 99
            assert int(found[2].sum()) == int(count[second < 100].sum())
            longest = part.intervals.moments(target, 1, Kind.RESPONSE)
            assert longest is not None
        assert np.all(part.by_class.keys < run.by_class.keys.max(initial=1) + 1)
        assert up_to(part, 200) is part  # it has ended before
        signalled = up_to(replace(run, stopped="SIGINT"), 100)
        assert signalled.stopped == "SIGINT"
