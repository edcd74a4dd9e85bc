"""A source watched: what changed, what was missed and why, its first and its last reading."""

import threading
from collections.abc import Callable

from eiload.base.clock import NS_PER_S, SystemClock
from eiload.observe.pages import Values
from eiload.observe.reader import Reading, UnreadableError
from eiload.observe.watch import Watch
from eiload.record.observed import Source, joined

PATIENCE_S = 60.0


class Scripted:
    """A reader whose readings are told; it says when it was asked so often."""

    name = "scripted"
    emulated = False

    def __init__(self, *readings: Callable[[], Reading] | Exception, enough: int = 1) -> None:
        self._readings = readings
        self._enough = enough
        self.asked = 0
        self.reached = threading.Event()
        self.closed = False

    def read(self) -> Reading:
        """Return the next reading; the last one again and again."""
        told = self._readings[min(self.asked, len(self._readings) - 1)]
        self.asked += 1
        if self.asked >= self._enough:
            self.reached.set()
        if isinstance(told, Exception):
            raise told
        return told()

    def close(self) -> None:
        """Take note."""
        self.closed = True


def reading(value: float | None, *, took_ns: int = 0, mark: object = None) -> Callable[[], Reading]:
    """Return what makes a reading of one number."""
    values: Values = {} if value is None else {("requests", (("model", "ssd"),)): value}
    return lambda: Reading(
        SystemClock().now_ns(), took_ns, 7, "tfs", values, value if mark is None else mark
    )


def watched(reader: Scripted, every_ns: int = NS_PER_S // 100) -> Watch:
    """Watch until it was asked often enough."""
    watch = Watch(reader, every_ns, SystemClock())
    watch.start()
    assert reader.reached.wait(PATIENCE_S)
    return watch


def test_changes_are_kept() -> None:
    """Once for each, whatever was read in between; what vanishes has changed to nothing."""
    reader = Scripted(reading(1), reading(1), reading(5), reading(None), reading(2), enough=5)
    origin_ns = SystemClock().now_ns()
    found = watched(reader).end(origin_ns, PATIENCE_S)
    (series,) = found.series
    assert series.name == "requests"
    assert series.labels == (("model", "ssd"),)
    assert series.changes == ((0, 1), (2, 5), (3, None), (4, 2))
    assert found.kind == "tfs"
    assert (found.changed, found.missed, found.why) == (3, 0, "")
    assert found.readings == reader.asked  # the last one after it was told to end
    assert found.cpu_ns == 7 * found.readings
    assert list(found.at_ns) == sorted(found.at_ns)
    assert found.at_ns[0] >= 0
    assert reader.closed


def test_pieces_while_it_goes_on() -> None:
    """Whoever asks from time to time what is new has it all in the end."""
    numbers = [1, 1, 5, None, 2, 3, 3, 4]
    reader = Scripted(*map(reading, numbers), enough=len(numbers))
    watch = Watch(reader, NS_PER_S // 1000, SystemClock())
    watch.start()
    pieces: list[Source] = []
    while not reader.reached.wait(0.002):
        pieces.append(watch.since(sum(each.readings for each in pieces), 7))
    whole = watch.end(7, PATIENCE_S)
    pieces.append(watch.since(sum(each.readings for each in pieces), 7))
    assert joined(pieces) == whole


def test_what_it_said_lately() -> None:
    """The last readings, with what had not changed since before them; and when a counter fell."""
    reader = Scripted(reading(9), reading(3), reading(3), reading(3), reading(4), enough=5)
    watch = watched(reader)
    whole = watch.end(0, PATIENCE_S)
    found = watch.lately(whole.readings - 2, 0)
    assert found.source.at_ns == whole.at_ns[2:]
    (series,) = found.source.series
    assert series.changes == ((0, 3), (2, 4))
    assert found.source.changed == 1
    ((before_s, after_s),) = found.fell_s
    assert (before_s, after_s) == tuple(at_ns / NS_PER_S for at_ns in whole.at_ns[:2])
    assert watch.lately(1000, 0).source == whole
    assert watch.lately(1, 0).source.series[0].changes == ((0, 4),)
    assert watch.kind == "tfs"


def test_what_cannot_be_read_is_said() -> None:
    """The first time at once; later it is counted, and the last reason kept."""
    reader = Scripted(UnreadableError("refused"), reading(1), UnreadableError("gone"), enough=3)
    watch = watched(reader)
    assert watch.first(PATIENCE_S) == "cannot be read: refused"
    found = watch.end(0, PATIENCE_S)
    assert (found.readings, found.why) == (1, "gone")
    assert found.missed == reader.asked - 1
    assert reader.asked >= 5  # the last reading is tried again


def test_a_defect_is_no_silence() -> None:
    """It is told as what it is, and the thread goes on."""
    reader = Scripted(KeyError("x"), reading(1), enough=2)
    watch = watched(reader)
    assert "internal error: KeyError" in watch.first(PATIENCE_S)
    assert watch.end(0, PATIENCE_S).readings >= 1


def test_a_slow_reading_is_a_gap() -> None:
    """But for the first and the last, beside which nothing changes."""
    slow = reading(1, took_ns=NS_PER_S)
    reader = Scripted(slow, slow, slow, enough=3)
    found = watched(reader).end(0, PATIENCE_S)
    assert found.readings == 2
    assert found.missed == reader.asked - 2
    assert found.why == "took 1 s"


def test_nobody_waits_for_ever() -> None:
    """A reader that hangs costs its readings, and is said."""
    hang = threading.Event()

    def hanging() -> Reading:
        hang.wait(PATIENCE_S)
        return reading(2)()

    reader = Scripted(reading(1), hanging, enough=2)
    watch = watched(reader)
    found = watch.end(0, 0.05)
    assert (found.readings, found.why) == (1, "no answer at the end")
    hang.set()
