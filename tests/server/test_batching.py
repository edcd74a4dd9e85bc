"""The batching queue: TensorFlow Serving's rules, with instants as arguments."""

from typing import Any

import pytest

from eiload.base.status import Status
from eiload.scenario.standin import Batching, StandIn
from eiload.server.accelerator import Accelerator, Admission
from eiload.server.batches import Batches
from eiload.server.batching import Batcher, Task
from eiload.server.model import Rejection

MS = 1_000_000


def task(
    at_ms: float = 0, size: int = 1, *, form: str = "", deadline_ms: float | None = None
) -> Task[float]:
    """Return a task that carries its arrival."""
    return Task(
        size=size,
        form=form,
        request_bytes=0,
        arrival_ns=int(at_ms * MS),
        deadline_ns=None if deadline_ms is None else int(deadline_ms * MS),
        payload=at_ms,
    )


def batching(**settings: Any) -> Batching:
    """Return settings written as in a scenario."""
    return Batching.model_validate(settings)


def test_without_a_timeout_a_free_thread_takes_what_is_there() -> None:
    """The first task runs alone, the rest together when the thread is back."""
    batcher: Batcher[float] = Batcher(batching(max_batch_size=8))
    batcher.submit(task(0))
    first = batcher.take(0)
    assert first is not None
    for at_ms in (1, 2, 3):
        batcher.submit(task(at_ms))
    assert batcher.take(5 * MS) is None
    batcher.finished()
    second = batcher.take(5 * MS)
    assert second is not None
    assert [each.payload for each in second.tasks] == [1, 2, 3]


def test_a_batch_waits_for_its_timeout_or_until_it_is_full() -> None:
    """It is due `batch_timeout` after its first task, or at once when full."""
    batcher: Batcher[float] = Batcher(batching(max_batch_size=2, batch_timeout="10 ms"))
    batcher.submit(task(3))
    assert batcher.due_ns() == 13 * MS
    assert batcher.take(12 * MS) is None
    batcher.submit(task(4))
    assert batcher.take(4 * MS) is not None


def test_a_younger_batch_makes_the_older_one_due() -> None:
    """Two images do not fit beside two in a batch of three: the first batch runs as it is."""
    batcher: Batcher[float] = Batcher(batching(max_batch_size=3, batch_timeout="1 s"))
    batcher.submit(task(0, size=2))
    batcher.submit(task(1, size=2))
    batch = batcher.take(1 * MS)
    assert batch is not None
    assert batch.size == 2


def test_a_full_queue_turns_away() -> None:
    """With TensorFlow Serving's code and words."""
    batcher: Batcher[float] = Batcher(batching(max_batch_size=1, max_enqueued_batches=2))
    batcher.submit(task())
    batcher.submit(task())
    with pytest.raises(Rejection, match=r"to which this task was submitted is full$") as caught:
        batcher.submit(task())
    assert caught.value.status is Status.UNAVAILABLE


def test_a_task_larger_than_a_batch_is_refused() -> None:
    """It would never run."""
    batcher: Batcher[float] = Batcher(batching(max_batch_size=4))
    with pytest.raises(Rejection, match="Task size 5 is larger than maximum input batch size 4"):
        batcher.submit(task(size=5))
    batcher = Batcher(batching(max_batch_size=4), "ei")
    with pytest.raises(Rejection, match="Task size 5 is larger than maximum batch size 4"):
        batcher.submit(task(size=5))


def test_a_batch_that_nobody_waits_for_does_not_run() -> None:
    """RESOURCE_EXHAUSTED, unless one of its clients still waits."""
    batcher: Batcher[float] = Batcher(batching(max_batch_size=2))
    batcher.submit(task(0, deadline_ms=5))
    batcher.submit(task(1, deadline_ms=6))
    batch = batcher.take(6 * MS)
    assert batch is not None
    assert batch.refusal(5 * MS) is None
    refusal = batch.refusal(6 * MS)
    assert refusal is not None
    assert refusal.status is Status.RESOURCE_EXHAUSTED


def test_different_shapes_do_not_run_together() -> None:
    """All tasks of such a batch fail."""
    batcher: Batcher[float] = Batcher(batching(max_batch_size=2))
    batcher.submit(task(form="640x427"))
    batcher.submit(task(form="300x300"))
    batch = batcher.take(0)
    assert batch is not None
    refusal = batch.refusal(0)
    assert refusal is not None
    assert refusal.status is Status.FAILED_PRECONDITION


def timeline(settings: Batching, **accelerator: Any) -> Batches[float]:
    """Return a batching queue in front of an emulated accelerator."""
    return Batches(Batcher(settings), Accelerator(StandIn.of(**accelerator)))


def test_the_timeline_is_exact_however_late_it_is_advanced() -> None:
    """Looking at it after every ms or only at the end gives the same batches and instants."""
    arrivals = [0, 1, 2, 3, 4, 11, 12, 30]

    def history(looked_at_ms: range) -> list[tuple[list[float], float, float]]:
        batches = timeline(
            batching(max_batch_size=3, batch_timeout="2.5 ms", num_batch_threads=2),
            compute="10 ms",
            further_image=0.5,
            concurrency=2,
        )
        begun = []
        for at_ms in sorted({*looked_at_ms, *arrivals}):
            begun += batches.advance(at_ms * MS)
            if at_ms in arrivals:
                batches.submit(task(at_ms))
                begun += batches.advance(at_ms * MS)
        begun += batches.advance(10_000 * MS)
        assert batches.next_ns() is None
        known = []
        for each in begun:
            assert isinstance(each.fate, Admission)
            known.append(
                (
                    [one.payload for one in each.batch.tasks],
                    each.begun_ns / MS,
                    each.fate.release_ns / MS,
                )
            )
        return known

    # By hand: 0, 1, 2 fill a batch at 2, which takes 20 ms; 3, 4 time out at 5.5 and take 15;
    # 11, 12 are due at 13.5 but both threads are taken until 20.5; 30 times out alone.
    expected: list[tuple[list[float], float, float]] = [
        ([0, 1, 2], 2, 22),
        ([3, 4], 5.5, 20.5),
        ([11, 12], 20.5, 35.5),
        ([30], 32.5, 42.5),
    ]
    assert history(range(60)) == expected
    assert history(range(0)) == expected


def test_a_batch_without_clients_takes_no_time() -> None:
    """The thread is free for the next one at the same instant."""
    batches = timeline(batching(max_batch_size=1), compute="10 ms")
    for deadline_ms in (None, 5, None):
        batches.submit(task(0, deadline_ms=deadline_ms))
    begun = batches.advance(100 * MS)
    assert [each.begun_ns / MS for each in begun] == [0, 10, 10]
    assert isinstance(begun[1].fate, Rejection)
