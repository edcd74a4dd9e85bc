"""Deadlines: each item goes at its own, and only then."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from eiload.sending.net.deadlines import KEPT, Deadlines


@dataclass(eq=False)
class Item:
    """What has a deadline."""

    timeout_ns: int
    deadline_ns: int


class World:
    """A clock, an alarm, and what has expired."""

    def __init__(self) -> None:
        self.now_ns = 1
        self.alarm_ns = 0
        self.alarms = 0
        self.gone: list[tuple[Item, int]] = []
        self.deadlines: Deadlines[Item] = Deadlines(
            self.set_alarm, lambda item: self.gone.append((item, self.now_ns))
        )

    def set_alarm(self, at_ns: int) -> None:
        """Replace what was set."""
        self.alarm_ns = at_ns
        self.alarms += 1

    def add(self, timeout_ns: int) -> Item:
        """Add an item."""
        item = Item(timeout_ns, self.now_ns + timeout_ns)
        self.deadlines.add(item)
        return item

    def go_to(self, now_ns: int) -> None:
        """Let time pass; the alarm rings when it is due."""
        while 0 < self.alarm_ns <= now_ns:
            self.now_ns, self.alarm_ns = max(self.now_ns, self.alarm_ns), 0
            self.deadlines.ring(self.now_ns)
        self.now_ns = now_ns


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from([5, 50, 500])),
        st.tuples(st.just("drop"), st.integers(0, 30)),
        st.tuples(st.just("wait"), st.integers(0, 60)),
    ),
    max_size=60,
)


@given(STEPS)
def test_each_goes_at_its_own(steps: list[tuple[str, int]]) -> None:
    """Whatever is added and taken out: who is left goes exactly at the deadline."""
    world = World()
    expected: dict[Item, int] = {}
    for what, number in steps:
        if what == "add":
            item = world.add(number)
            expected[item] = item.deadline_ns
        elif what == "drop":
            left = [item for item in expected if expected[item] > world.now_ns]
            if left:
                item = left[number % len(left)]
                world.deadlines.discard(item)
                del expected[item]
        else:
            world.go_to(world.now_ns + number)
    world.go_to(10_000)
    assert dict(world.gone) == expected
    assert len(world.gone) == len(expected)
    assert len(world.deadlines) == 0


def test_one_alarm_for_many() -> None:
    """10,000 requests of one deadline that are answered in time set a handful of alarms."""
    world = World()
    for _ in range(10_000):
        item = world.add(1000)
        world.go_to(world.now_ns + 1)
        world.deadlines.discard(item)
    assert world.alarms < 20
    assert world.gone == []


def test_other_times_are_not_kept() -> None:
    """A time of its own for each makes nothing grow."""
    world = World()
    for number in range(1000):
        world.deadlines.discard(world.add(10_000 + number))
    assert len(world.deadlines._by_timeout) <= KEPT
