"""Workers take turns, load once each at their first job, and have a queue with an end."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from eiload.server.http.workers import Workers


def run(count: int, queue: int, play: Callable[[Workers[int], list[Any]], Any]) -> list[Any]:
    """Have a function play with workers whose models are numbers in order of loading."""
    told: list[Any] = []

    async def all_of_it() -> None:
        numbers = iter(range(1000))
        workers = Workers(count, queue, lambda: next(numbers))
        await asyncio.wait_for(play(workers, told), 120)
        workers.close()

    asyncio.run(all_of_it())
    return told


def test_each_loads_at_its_own_first_job_and_they_take_turns() -> None:
    """One job after the other reaches them all, as processes that wait at one queue."""

    async def play(workers: Workers[int], told: list[Any]) -> None:
        for number in range(5):
            assert workers.submit(lambda model: model, told.append)
            while len(told) <= number:
                await asyncio.sleep(0.001)

    assert run(3, 0, play) == [0, 1, 2, 0, 1]


def test_jobs_wait_up_to_a_limit() -> None:
    """In order; one more is turned away. Its repr counts."""
    go = threading.Event()

    async def play(workers: Workers[int], told: list[Any]) -> None:
        def job(_model: int) -> bool:
            return go.wait(120)

        assert [workers.submit(job, told.append) for _ in range(4)] == [True, True, True, False]
        assert repr(workers) == "<Workers 0 of 1 idle, 2 waiting>"
        go.set()
        while len(told) < 3:
            await asyncio.sleep(0.001)
        assert repr(workers) == "<Workers 1 of 1 idle, 0 waiting>"

    assert run(1, 2, play) == [True] * 3


def test_what_is_raised_is_the_jobs_end_and_not_the_workers() -> None:
    """Loading is tried again by the next job."""

    async def all_of_it() -> list[Any]:
        tries: Iterator[Exception | int] = iter([OSError("no file"), 7])
        told: list[Any] = []

        def load() -> int:
            made = next(tries)
            if isinstance(made, Exception):
                raise made
            return made

        workers = Workers(1, 5, load)
        for job in (lambda m: m, lambda m: m, lambda m: m // 0):
            workers.submit(job, told.append)
        while len(told) < 3:
            await asyncio.sleep(0.001)
        workers.close()
        return told

    first, second, third = asyncio.run(all_of_it())
    assert (str(first), second) == ("no file", 7)
    assert isinstance(third, ZeroDivisionError)


@pytest.mark.parametrize("count", [1, 4])
def test_nothing_waits_for_what_runs_at_the_end(count: int) -> None:
    """What waits is forgotten."""
    go = threading.Event()

    async def play(workers: Workers[int], told: list[Any]) -> None:
        for _ in range(count + 1):
            workers.submit(lambda _model: go.wait(120), told.append)
        workers.close()

    try:
        assert run(count, 5, play) == []
    finally:
        go.set()
