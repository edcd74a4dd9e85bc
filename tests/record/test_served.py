"""What served: counts that merge in any order, and are read back as they were."""

import json
from dataclasses import asdict

from eiload.record.served import Counting, Served, Version, served_of

EARLY = Served(2, 30, 20, (Version(1, 5, 9, 2),), {"a:1": 3})
LATE = Served(1, 40, 40, (Version(1, 2, 3, 1), Version(2, 7, 8, 4)), {"a:1": 1, "b:1": 2})


def test_parts_merge_in_any_order() -> None:
    """Versions by when they were first seen, by anybody; addresses and sizes added up."""
    both = EARLY.plus(LATE)
    assert both == LATE.plus(EARLY) == Served.all([EARLY, LATE])
    assert both.versions == (Version(1, 2, 9, 3), Version(2, 7, 8, 4))
    assert both.addresses == {"a:1": 4, "b:1": 2}
    assert (both.answers, both.mean_bytes, both.largest_bytes) == (3, 70 / 3, 40)
    assert EARLY.addresses == {"a:1": 3}, "what is merged stays as it is"
    assert Served().mean_bytes == 0


def test_it_is_read_back() -> None:
    """From a run file."""
    parts = (EARLY, LATE, Served())
    written = json.loads(json.dumps([asdict(part) for part in parts]))
    assert served_of(written) == parts


def test_counting() -> None:
    """Answers as they come, in any order."""
    counting = Counting()
    for version, at_ns in ((2, 7), (1, 5), (2, 9), (2, 6)):
        counting.look(version, at_ns)
    counting.measure(2, 30, 20)
    counting.measure(1, 40, 40)
    assert counting.served() == Served(3, 70, 40, (Version(1, 5, 5, 1), Version(2, 6, 9, 3)))
