"""A model server's workers: each with a model of its own, loaded at its own first job.

Jobs go to the worker that has been idle for longest, so that workers take turns, as processes that
wait at one queue do; with none idle they wait, up to a limit. Each worker is a thread here and a
process there: PyTorch lets go of Python's lock while it computes.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Generic, TypeVar

__all__ = ["Workers"]

M = TypeVar("M")
T = TypeVar("T")


class _Worker(Generic[M]):
    def __init__(self, number: int) -> None:
        self.thread = ThreadPoolExecutor(1, thread_name_prefix=f"worker-{number}")
        self.model: M | None = None


class Workers(Generic[M]):
    """Workers and the queue in front of them; everything but the jobs runs on the event loop."""

    def __init__(self, count: int, queue: int, load: Callable[[], M]) -> None:
        """Make them; none has loaded anything yet.

        Args:
            count: how many.
            queue: jobs that may wait.
            load: makes a worker's model, on its thread; what it raises is the job's end.
        """
        self._load = load
        self._queue = queue
        self._all = [_Worker[M](number) for number in range(count)]
        self._idle = deque(self._all)
        self._waiting: deque[Callable[[_Worker[M]], None]] = deque()

    def __repr__(self) -> str:
        """Return what is going on, for the log and for tests."""
        return f"<Workers {len(self._idle)} of {len(self._all)} idle, {len(self._waiting)} waiting>"

    def submit(self, job: Callable[[M], T], ended: Callable[[T | Exception], None]) -> bool:
        """Have a job done; return False if there is no room for it.

        Args:
            job: is given the worker's model, on its thread.
            ended: is given, on the loop, what came of it, or what it or the loading has raised.
        """
        loop = asyncio.get_running_loop()

        def begin(worker: _Worker[M]) -> None:
            def work() -> None:
                outcome: T | Exception
                try:
                    if worker.model is None:
                        worker.model = self._load()
                    outcome = job(worker.model)
                except Exception as error:  # whatever it is, somebody waits for it
                    outcome = error
                with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
                    loop.call_soon_threadsafe(end, outcome)

            def end(outcome: T | Exception) -> None:
                if self._waiting:
                    self._waiting.popleft()(worker)
                else:
                    self._idle.append(worker)
                ended(outcome)

            worker.thread.submit(work)

        if self._idle:
            begin(self._idle.popleft())
        elif len(self._waiting) < self._queue:
            self._waiting.append(begin)
        else:
            return False
        return True

    def close(self) -> None:
        """Begin nothing more, and do not wait for what runs."""
        self._waiting.clear()
        for worker in self._all:
            worker.thread.shutdown(wait=False, cancel_futures=True)
