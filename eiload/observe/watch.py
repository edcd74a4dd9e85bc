"""A source watched: read again and again beside the load, and what that came to.

What it knows: instants, readings, changes. What it must not know: what is read, what it means.

Readings are due at a beat from the first one on, however long each takes. One that took more than
half of a beat is a gap and no point: nobody knows when in it the numbers were so. The first and the
last are kept however long they took, because nothing changes before the load and after it. The
reading after the load is tried again, for without it there are no totals.

While it goes on, others may ask what is new (`Watch.since`, for a journal) and what was said lately
(`Watch.lately`, for who looks on): they have copies.
"""

import threading
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from eiload.base.clock import NS_PER_S, Clock
from eiload.observe.growth import is_counter
from eiload.observe.pages import Key, Values
from eiload.observe.reader import Reader, Reading, UnreadableError
from eiload.record.observed import Series, Source

__all__ = ["Glance", "Watch"]

LAST_TRIES = 3
"""For the reading after the load."""

LAST_PAUSE_NS = NS_PER_S // 5

FALLS_KEPT = 4
"""Restarts of which the instants are told while a run goes on; a report has all."""


class Glance(NamedTuple):
    """What a source said lately, to be looked at while a run goes on."""

    source: Source
    """Its readings of a while, without histograms' buckets; how many were missed, and what they
    cost, is of all so far."""
    fell_s: tuple[tuple[float, float], ...]
    """Between which instants a counter of its fell, since the beginning; the last few."""


@dataclass(slots=True)
class _Record:
    """What was read so far."""

    at_ns: list[int]
    changes: dict[Key, list[tuple[int, float | None]]]
    values: Values
    kind: str = ""
    changed: list[int] = field(default_factory=list)
    """Readings that said something else than the one before."""
    missed: int = 0
    why: str = ""
    took_ns: int = 0
    cpu_ns: int = 0
    mark: object = None
    fell: deque[int] = field(default_factory=lambda: deque(maxlen=FALLS_KEPT))
    """Readings at which a counter was lower than before."""

    def add(self, reading: Reading) -> None:
        number = len(self.at_ns)
        self.at_ns.append(reading.at_ns)
        self.kind = self.kind or reading.kind
        self.took_ns += reading.took_ns
        self.cpu_ns += reading.cpu_ns
        if number and reading.mark != self.mark:
            self.changed.append(number)
        self.mark = reading.mark
        fell = False
        for key, value in reading.values.items():
            before = self.values.get(key)
            if before != value:
                self.changes.setdefault(key, []).append((number, value))
                fell = fell or (before is not None and value < before and is_counter(*key))
        for key in self.values.keys() - reading.values.keys():
            self.changes[key].append((number, None))
            fell = fell or is_counter(*key)
        if fell:
            self.fell.append(number)
        self.values = reading.values

    def series(self, first: int, *, whole: bool) -> tuple[Series, ...]:
        """Return what has changed from a reading on, numbered from it.

        Args:
            first: the reading.
            whole: with what had not changed since, as it was then; but without the buckets of
                histograms, which are most of what there is.
        """
        found = []
        for (name, labels), changes in sorted(self.changes.items()):
            if whole and name.endswith("_bucket"):
                continue
            at = bisect_right(changes, first - 1, key=lambda change: change[0])
            kept = [(number - first, value) for number, value in changes[at:]]
            unchanged = at and (not kept or kept[0][0]) and changes[at - 1][1] is not None
            if whole and unchanged:
                kept.insert(0, (0, changes[at - 1][1]))
            if kept:
                found.append(Series(name, labels, tuple(kept)))
        return tuple(found)


class Watch:
    """Watches one source, on a thread of its own.

    Args:
        reader: reads it.
        every_ns: how often.
        clock: the clock.
    """

    def __init__(self, reader: Reader, every_ns: int, clock: Clock) -> None:
        self._reader = reader
        self._every_ns = every_ns
        self._clock = clock
        self._record = _Record([], {}, {})
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._first = threading.Event()
        self._first_why = "was not read"
        self._thread = threading.Thread(target=self._watch, name="eiload-observe", daemon=True)

    @property
    def name(self) -> str:
        """Return where the source is, in words."""
        return self._reader.name

    @property
    def kind(self) -> str:
        """Return what kind of source it is, as far as it is known (`Source.kind`)."""
        return self._record.kind

    @property
    def every_ns(self) -> int:
        """Return how often it is read."""
        return self._every_ns

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def first(self, timeout_s: float) -> str:
        """Wait until it was read for the first time; return why it says nothing, if so."""
        if not self._first.wait(timeout_s):
            return f"cannot be read: no answer within {timeout_s:g} s"
        return self._first_why

    def stop(self) -> None:
        """Have it read for the last time; `end` waits for that."""
        self._stop.set()

    def end(self, origin_ns: int, timeout_s: float) -> Source:
        """Return all that was read, when it was read for the last time.

        Args:
            origin_ns: the instant at which the load began.
            timeout_s: how long that may take; after it, what there is must do.
        """
        self._stop.set()
        self._thread.join(timeout_s)
        with self._lock:
            if self._thread.is_alive():
                self._record.why = "no answer at the end"
            return self._source(0, origin_ns, whole=False)

    def look(self) -> None:
        """Read it now, on whose thread calls; `start` does so on its own."""
        self._read(whatever=True)

    def since(self, first: int, origin_ns: int) -> Source:
        """Return what was read from a reading on: a piece, to be `joined` with those before.

        Args:
            first: the reading's number, from 0.
            origin_ns: the instant at which the load began.
        """
        with self._lock:
            return self._source(first, origin_ns, whole=False)

    def lately(self, readings: int, origin_ns: int) -> Glance:
        """Return what the last readings said.

        Args:
            readings: how many.
            origin_ns: the instant at which the load began.
        """
        with self._lock:
            at_ns = self._record.at_ns
            source = self._source(max(0, len(at_ns) - readings), origin_ns, whole=True)
            fell = tuple(
                ((at_ns[at - 1] - origin_ns) / NS_PER_S, (at_ns[at] - origin_ns) / NS_PER_S)
                for at in self._record.fell
            )
        return Glance(source, fell)

    def _source(self, first: int, origin_ns: int, *, whole: bool) -> Source:
        record = self._record
        return Source(
            kind=record.kind,
            name=self._reader.name,
            every_ns=self._every_ns,
            at_ns=tuple(at_ns - origin_ns for at_ns in record.at_ns[first:]),
            series=record.series(first, whole=whole),
            changed=len(record.changed) - (bisect_right(record.changed, first) if whole else 0),
            missed=record.missed,
            why=record.why,
            took_ns=record.took_ns,
            cpu_ns=record.cpu_ns,
            emulated=self._reader.emulated,
        )

    def _watch(self) -> None:
        try:
            begun_ns = self._clock.now_ns()
            self._first_why = self._why_not() if self._read(whatever=True) else self._why_unread()
            self._first.set()
            while not self._stop.wait(self._pause_s(begun_ns)):
                self._read(whatever=False)
            for _ in range(LAST_TRIES):
                if self._read(whatever=True):
                    break
                self._clock.sleep_until(self._clock.now_ns() + LAST_PAUSE_NS)
        finally:
            self._first.set()
            self._reader.close()

    def _why_unread(self) -> str:
        return f"cannot be read: {self._record.why}"

    def _why_not(self) -> str:
        return "" if self._record.kind else "has no metrics that eiload knows"

    def _pause_s(self, begun_ns: int) -> float:
        since_ns = self._clock.now_ns() - begun_ns
        return (self._every_ns - since_ns % self._every_ns) / NS_PER_S

    def _read(self, *, whatever: bool) -> bool:
        """Read it; return whether there was a reading that is kept."""
        try:
            reading = self._reader.read()
        except UnreadableError as error:
            self._record.missed += 1
            self._record.why = str(error)
            return False
        except Exception as error:  # a defect here must not end what is observed of the rest
            self._record.missed += 1
            self._record.why = f"internal error: {type(error).__name__}: {error}"
            return False
        if not whatever and reading.took_ns > self._every_ns / 2:
            self._record.missed += 1
            self._record.why = f"took {reading.took_ns / NS_PER_S:.2g} s"
            return False
        with self._lock:
            self._record.add(reading)
        return True
