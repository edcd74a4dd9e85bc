"""Looks that were taken, in a run's file."""

import json

import pytest

from eiload.record.taken import LookFacts, looks_of, written

LOOKS = (LookFacts(300, 301_000_000_000, ("p99 < 1 s of gpu",)), LookFacts(600, 7, ()))


def test_read_back() -> None:
    """They are what they were."""
    assert looks_of(json.loads(json.dumps(written(LOOKS)))) == LOOKS


@pytest.mark.parametrize("wrong", [[{}], [None], [{"second": "x", "taken_ns": 1, "open": []}]])
def test_something_else(wrong: list[dict[str, object]]) -> None:
    """Is refused, by errors that the run's reader knows."""
    with pytest.raises((KeyError, TypeError, ValueError)):
        looks_of(wrong)
