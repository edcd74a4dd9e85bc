"""A source watched: read again and again beside the load, and what that came to.

What it knows: instants, readings, changes. What it must not know: what is read, what it means.

Readings are due at a beat from the first one on, however long each takes. One that took more than
half of a beat is a gap and no point: nobody knows when in it the numbers were so. The first and the
last are kept however long they took, because nothing changes before the load and after it. The
reading after the load is tried again, for without it there are no totals.
"""

import threading
from dataclasses import dataclass

from eiload.base.clock import NS_PER_S, Clock
from eiload.observe.pages import Key, Values
from eiload.observe.reader import Reader, Reading, UnreadableError
from eiload.record.observed import Series, Source

__all__ = ["Watch"]

LAST_TRIES = 3
"""For the reading after the load."""

LAST_PAUSE_NS = NS_PER_S // 5


@dataclass(slots=True)
class _Record:
    """What was read so far."""

    at_ns: list[int]
    changes: dict[Key, list[tuple[int, float | None]]]
    values: Values
    kind: str = ""
    changed: int = 0
    missed: int = 0
    why: str = ""
    took_ns: int = 0
    cpu_ns: int = 0
    mark: object = None

    def add(self, reading: Reading) -> None:
        number = len(self.at_ns)
        self.at_ns.append(reading.at_ns)
        self.kind = self.kind or reading.kind
        self.took_ns += reading.took_ns
        self.cpu_ns += reading.cpu_ns
        self.changed += number > 0 and reading.mark != self.mark
        self.mark = reading.mark
        for key, value in reading.values.items():
            if self.values.get(key) != value:
                self.changes.setdefault(key, []).append((number, value))
        for key in self.values.keys() - reading.values.keys():
            self.changes[key].append((number, None))
        self.values = reading.values


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
        self._stop = threading.Event()
        self._first = threading.Event()
        self._first_why = "not read"
        self._thread = threading.Thread(target=self._watch, name="eiload-observe", daemon=True)

    @property
    def name(self) -> str:
        """Return where the source is, in words."""
        return self._reader.name

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def first(self, timeout_s: float) -> str:
        """Wait until it was read for the first time; return why it could not be, or nothing."""
        if not self._first.wait(timeout_s):
            return f"no answer within {timeout_s:g} s"
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
        record = self._record
        readings = len(record.at_ns)
        if self._thread.is_alive():
            record.why = "no answer at the end"
        series = [
            Series(name, labels, tuple(each for each in changes if each[0] < readings))
            for (name, labels), changes in sorted(record.changes.copy().items())
        ]
        return Source(
            kind=record.kind,
            name=self._reader.name,
            every_ns=self._every_ns,
            at_ns=tuple(at_ns - origin_ns for at_ns in record.at_ns[:readings]),
            series=tuple(series),
            changed=record.changed,
            missed=record.missed,
            why=record.why,
            took_ns=record.took_ns,
            cpu_ns=record.cpu_ns,
            emulated=self._reader.emulated,
        )

    def _watch(self) -> None:
        try:
            begun_ns = self._clock.now_ns()
            self._first_why = "" if self._read(whatever=True) else self._record.why
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
        self._record.add(reading)
        return True
