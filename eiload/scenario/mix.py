"""Which request each arrival takes: a seeded draw of its class, and the class's next payload.

Pure: a function of the payload's parts, the seed and the arrival's number alone, so that any slice
of the arrivals can be had without the rest, and every target gets the same.

How. Classes come in turns of `TURN` arrivals, in each of which every class has its share to the
arrival (largest remainders), in a drawn order. Within its class the payloads come round and round
in a drawn order, so each is used equally often. Without a mix there is one class.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["TURN", "Draw", "shares"]

Ints = NDArray[np.int64]

TURN = 4096
"""Arrivals after which the order of the classes begins again: 1 in 1,000 has four places in it."""

LISTED_AT_MOST = 1 << 16
"""Payloads in a list for a closed loop; then it begins again."""

_SEED = 0x7061796C


class Draw:
    """The draws of one run.

    Args:
        counts: how many payloads each part has, in the payload's order.
        weights: of the parts.
        seed: the scenario's.
    """

    def __init__(self, counts: Sequence[int], weights: Sequence[float], seed: int) -> None:
        self._counts = np.asarray(counts, np.int64)
        self._firsts = np.concatenate(([0], np.cumsum(self._counts)[:-1]))
        seeds = [(seed, _SEED), *((seed, _SEED, part) for part in range(1, len(counts)))]
        self._orders = [
            np.random.default_rng(each).permutation(count)
            for each, count in zip(seeds, counts, strict=True)
        ]
        places = shares(weights, TURN) if len(counts) > 1 else np.array([1])
        turn = np.repeat(np.arange(len(counts)), places)
        self._turn = np.random.default_rng((seed, _SEED, 0, 1)).permutation(turn)
        self._places = places
        # How many of its class come before each place of a turn.
        self._rank = np.empty(len(turn), np.int64)
        for part, many in enumerate(places):
            self._rank[self._turn == part] = np.arange(many)

    def parts(self, numbers: Ints) -> Ints:
        """Return the part that each arrival's request is of, shape as `numbers`."""
        found: Ints = self._turn[np.asarray(numbers) % len(self._turn)]
        return found

    def tally(self, arrivals: int) -> Ints:
        """Return how many of the first arrivals are of each part."""
        turns, rest = divmod(arrivals, len(self._turn))
        found = np.bincount(self._turn[:rest], minlength=len(self._counts))
        return np.asarray(turns * self._places + found, np.int64)

    def payloads(self, numbers: Ints) -> Ints:
        """Return which payload each arrival takes, counted through all parts."""
        turns, places = np.divmod(np.asarray(numbers, np.int64), len(self._turn))
        parts = self._turn[places]
        nth = turns * self._places[parts] + self._rank[places]
        return self.within(parts, nth)

    def within(self, parts: Ints, nth: Ints) -> Ints:
        """Return the nth payload (round and round) of the given parts."""
        found = np.empty(len(parts), np.int64)
        for part, order in enumerate(self._orders):
            of = parts == part
            found[of] = self._firsts[part] + order[nth[of] % len(order)]
        return found

    def listed(self) -> Ints:
        """Return the payloads of arrivals 0, 1, 2 ... until they begin again, for a closed loop.

        No more than 65,536, or once each: a loop begins again after these.
        """
        turns = int((-(-self._counts // self._places)).max())
        most = max(LISTED_AT_MOST, int(self._counts.sum()))
        return self.payloads(np.arange(min(most, turns * len(self._turn))))


def shares(weights: Sequence[float], places: int) -> Ints:
    """Return how many of so many places each weight gets, by largest remainders."""
    exact = np.asarray(weights, np.float64) / sum(weights) * places
    found = np.floor(exact).astype(np.int64)
    missing = places - int(found.sum())
    found[np.argsort(-(exact - found), kind="stable")[:missing]] += 1
    return found
