"""Once through a part of a trace: its requests in order, each with a number for what it chooses.

What it knows: where the part begins and ends, sorting, minutes that are only counted. What it must
not know: phases, speed, what a choice means (`choice`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_S
from eiload.scenario.trace import Texts, Trace, TraceError

__all__ = ["Codes", "Passage", "Table", "Turn"]

MINUTE_NS = 60 * NS_PER_S

SORTED_AT_MOST = 50_000_000
"""Requests of a trace that is sorted in memory: 400 MB, and half of it more where they choose."""

CHOICES_AT_MOST = 10_000
"""Different ones in a trace: they are kept with the scenario."""

Instants = NDArray[np.int64]
Codes = NDArray[np.int32]


class Passage(NamedTuple):
    """Some requests, in order."""

    instants: Instants
    """ns, ascending, shape (n,)."""
    codes: Codes | None = None
    """What each chooses, as numbered by a `Table`; None where nothing is chosen."""

    def only(self, which: slice | NDArray[np.bool_]) -> "Passage":
        """Return some of them."""
        return Passage(self.instants[which], None if self.codes is None else self.codes[which])


class Table:
    """Numbers what the requests of a trace choose, in the order in which it is met.

    Args:
        file: the trace, for errors.
        known: what has the first numbers already.
    """

    def __init__(self, file: str, known: Sequence[Texts] = ()) -> None:
        self._file = file
        self._numbers = {texts: number for number, texts in enumerate(known)}
        self.met = [(texts, 0) for texts in known]
        """By number what is chosen, and the line of the file where it was met first."""

    def codes(self, chosen: Sequence[Texts], lines: Sequence[int]) -> Codes:
        """Return the numbers of what some requests choose.

        Args:
            chosen: the texts of each.
            lines: in which line of the file each is.

        Raises:
            TraceError: these are too many different ones.
        """
        numbers = self._numbers
        for texts, line in zip(chosen, lines, strict=True):
            if texts not in numbers:
                if len(numbers) == CHOICES_AT_MOST:
                    raise TraceError(
                        f"{self._file}:{line}: more than {CHOICES_AT_MOST:,} different choices up "
                        "to here; expected columns of few different texts in 'choose:'"
                    )
                numbers[texts] = len(numbers)
                self.met.append((texts, line))
        return np.fromiter(map(numbers.__getitem__, chosen), np.int32, len(chosen))


@dataclass(slots=True)
class Turn:
    """One time through a part of a trace."""

    trace: Trace
    start_ns: int
    """Where the part begins, from the trace's first instant."""
    part_ns: int | None
    """How long it is; None: to the trace's end."""
    sort: bool
    rng: np.random.Generator
    """Says where in its minute a request lies that was only counted."""
    table: Table
    requests: int = 0
    """Seen in the part so far."""
    length_ns: int = 0
    """Of the part; known when it has been read."""
    _whole_ns: int = 0

    def passages(self) -> Iterator[Passage]:
        """Yield the part's requests, some at a time, instants from its start.

        Raises:
            TraceError: the file cannot be read, or is in no order.
        """
        end_ns = 2**62 if self.part_ns is None else self.start_ns + self.part_ns
        reached = False
        for each in self._ordered():
            low, high = np.searchsorted(each.instants, (self.start_ns, end_ns)).tolist()
            self.requests += high - low
            if high > low:
                within = each.only(slice(low, high))
                yield within._replace(instants=within.instants - self.start_ns)
            if high < len(each.instants):
                reached = True
                break
        if reached or (self.part_ns is not None and self._whole_ns >= end_ns):
            self.length_ns = end_ns - self.start_ns
        else:
            self.length_ns = max(0, self._whole_ns - self.start_ns)

    def _ordered(self) -> Iterator[Passage]:
        """Yield the whole trace in order; at the end `_whole_ns` is its length."""
        if self.trace.kind() == "minutes":
            counts = self.trace.minutes().tolist()
            self._whole_ns = len(counts) * MINUTE_NS
            for minute, count in enumerate(counts):
                within = np.sort(self.rng.random(count))
                yield Passage(minute * MINUTE_NS + np.floor(within * MINUTE_NS).astype(np.int64))
        elif self.sort:
            yield from self._sorted()
        else:
            yield from self._streamed()

    def _streamed(self) -> Iterator[Passage]:
        last_ns, requests = 0, 0
        for lot in self.trace.batches():
            back = np.flatnonzero(np.diff(lot.instants, prepend=last_ns) < 0)
            if len(back):
                raise TraceError(
                    f"{self.trace.file}:{lot.lines[int(back[0])]}: earlier than the request "
                    "before it; expected them in order, or 'sort: true' to sort it in memory"
                )
            last_ns, requests = int(lot.instants[-1]), requests + len(lot.instants)
            yield Passage(lot.instants, self._codes(lot.texts, lot.lines))
        # Gaps begin at the start, so that the last request ends the last of them.
        gaps = self.trace.kind() == "gaps"
        self._whole_ns = last_ns if gaps else _length_ns(last_ns, requests)

    def _sorted(self) -> Iterator[Passage]:
        instants, codes, requests = [], [], 0
        for lot in self.trace.batches():
            instants.append(lot.instants)
            found = self._codes(lot.texts, lot.lines)
            codes += [] if found is None else [found]
            requests += len(lot.instants)
            if requests > SORTED_AT_MOST:
                raise TraceError(
                    f"{self.trace.file}: more than {SORTED_AT_MOST:,} requests to sort; "
                    "expected a file that is in order"
                )
        if not instants:
            return
        whole = np.concatenate(instants)
        if codes:
            order = np.argsort(whole, kind="stable")
            in_order = Passage(whole[order], np.concatenate(codes)[order])
        else:
            in_order = Passage(np.sort(whole))
        first_ns, last_ns = int(in_order.instants[0]), int(in_order.instants[-1])
        yield in_order._replace(instants=in_order.instants - first_ns)
        self._whole_ns = _length_ns(last_ns - first_ns, requests)

    def _codes(self, chosen: Sequence[Texts], lines: Sequence[int]) -> Codes | None:
        return self.table.codes(chosen, lines) if self.trace.choose else None


def _length_ns(last_ns: int, requests: int) -> int:
    """Return a trace's length: the gap that would come next has the mean of the others."""
    return last_ns + (last_ns // (requests - 1) if requests > 1 else 0)
