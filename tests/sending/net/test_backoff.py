"""Waits between attempts to connect."""

import random

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.sending.net.backoff import Backoff


def test_waits_grow_to_a_limit_and_begin_anew() -> None:
    """0.2 s, then longer by 1.6, up to 2 s, each within a fifth; from 0.2 s after a success."""
    backoff = Backoff(random.Random(1))
    waits = [backoff.wait_ns() for _ in range(10)]
    for number, wait_ns in enumerate(waits):
        middle = min(2 * NS_PER_S, 200 * NS_PER_MS * 1.6**number)
        assert 0.8 * middle <= wait_ns <= 1.2 * middle
    assert len(set(waits)) == 10
    backoff.reset()
    assert backoff.wait_ns() <= 240 * NS_PER_MS
