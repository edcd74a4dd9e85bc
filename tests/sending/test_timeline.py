"""The timeline: everything handed over once, in order, never early, whichever alarm rings."""

import asyncio
import sys

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eiload.base.clock import NS_PER_MS
from eiload.sending.timeline import BATCH, Timeline, now_ns


@pytest.fixture(params=["best", "loop timer"])
def alarm(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the system's best alarm, then the one for systems without a timerfd."""
    if request.param == "loop timer":
        monkeypatch.setattr(sys, "platform", "darwin")


def handed_over(offsets_ns: list[int], cut_ns: int | None = None) -> list[tuple[int, int, int]]:
    """Push items at offsets from now; return (offset, item, lag) of those that came due."""
    seen: list[tuple[int, int, int]] = []

    async def play() -> None:
        start_ns = now_ns() + NS_PER_MS
        due: Timeline[int] = Timeline(
            asyncio.get_running_loop(),
            lambda at_ns, item: seen.append((at_ns - start_ns, item, now_ns() - at_ns)),
        )
        for item, offset_ns in enumerate(offsets_ns):
            due.push(start_ns + offset_ns, item)
        if cut_ns is not None:
            due.cut(start_ns + cut_ns)
        while due:
            await asyncio.sleep(0.001)

    uvloop.run(play())
    return seen


@pytest.mark.usefixtures("alarm")
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(-NS_PER_MS, 20 * NS_PER_MS), max_size=30))
def test_everything_once_in_order_never_early(offsets_ns: list[int]) -> None:
    """Items come at or after their instants, by instant, then by the order they were pushed."""
    seen = handed_over(offsets_ns)
    assert [(offset, item) for offset, item, _ in seen] == sorted(
        (offset, item) for item, offset in enumerate(offsets_ns)
    )
    assert all(lag_ns >= 0 for *_, lag_ns in seen)


@pytest.mark.usefixtures("alarm")
def test_an_earlier_item_is_not_kept_waiting() -> None:
    """An item pushed behind a later one rings first."""
    seen = handed_over([50 * NS_PER_MS, 2 * NS_PER_MS])
    assert [item for _, item, _ in seen] == [1, 0]


def test_cut() -> None:
    """What lies at or behind a cut never comes due."""
    seen = handed_over([NS_PER_MS, 3 * NS_PER_MS, 2 * NS_PER_MS], cut_ns=2 * NS_PER_MS)
    assert [item for _, item, _ in seen] == [0]


def test_a_backlog_does_not_keep_the_loop() -> None:
    """Between batches of a backlog, the loop gets to its other events."""
    seen = list[int]()
    at_other_events = list[int]()

    async def play() -> None:
        due: Timeline[int] = Timeline(asyncio.get_running_loop(), lambda _, item: seen.append(item))
        for item in range(5 * BATCH):
            due.push(0, item)
        while due:
            at_other_events.append(len(seen))
            await asyncio.sleep(0)

    uvloop.run(play())
    assert seen == list(range(5 * BATCH))
    assert len(set(at_other_events)) >= 5
