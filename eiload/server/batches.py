"""The batching queue in front of the emulated accelerator, on the virtual timeline.

With batching, when a request is answered depends on those that come after it, so its release
cannot be computed on arrival. But every event (an arrival, a timeout, a thread that becomes free)
has an exact instant, and events are worked off in the order of their instants however late we get
to them. So here, too, the emulated times are those of the model and not of the machine.

Pure: it is told instants and gives them back; the caller calls `advance` at `next_ns` or before
that.
"""

import heapq
from dataclasses import dataclass
from typing import Generic

from eiload.server.accelerator import Accelerator, Admission
from eiload.server.batching import Batch, Batcher, Content, Task
from eiload.server.model import Rejection

__all__ = ["Batches", "Begun"]


@dataclass(frozen=True, slots=True)
class Begun(Generic[Content]):
    """A batch whose turn has come, and what becomes of it."""

    batch: Batch[Content]
    begun_ns: int
    fate: Admission | Rejection


class Batches(Generic[Content]):
    """Batches on `num_batch_threads` threads in front of one accelerator."""

    def __init__(self, batcher: Batcher[Content], accelerator: Accelerator) -> None:
        self._batcher = batcher
        self._accelerator = accelerator
        self._busy_until_ns: list[int] = []
        self._now_ns = 0

    def submit(self, task: Task[Content]) -> None:
        """Put a task into the queue; `advance` to its arrival must have been called.

        Raises:
            Rejection: there is no room for it.
        """
        self._now_ns = task.arrival_ns
        self._batcher.submit(task)

    def next_ns(self) -> int | None:
        """Return the instant of the next event if nothing arrives, or None."""
        due_ns = self._batcher.due_ns()
        instants = [*self._busy_until_ns[:1], *([] if due_ns is None else [due_ns])]
        return min(instants, default=None)

    def advance(self, to_ns: int) -> list[Begun[Content]]:
        """Work off the events up to `to_ns` in order; return the batches that begin in them."""
        begun: list[Begun[Content]] = []
        while (next_ns := self.next_ns()) is not None and next_ns <= to_ns:
            # A batch may be due since before the thread for it was free.
            self._now_ns = max(self._now_ns, next_ns)
            while self._busy_until_ns and self._busy_until_ns[0] <= self._now_ns:
                heapq.heappop(self._busy_until_ns)
                self._batcher.finished()
            batch = self._batcher.take(self._now_ns)
            if batch is not None:
                begun.append(self._run(batch))
        return begun

    def _run(self, batch: Batch[Content]) -> Begun[Content]:
        now_ns = self._now_ns
        refusal = batch.refusal(now_ns)
        if refusal is not None:
            self._batcher.finished()
            return Begun(batch, now_ns, refusal)
        admission = self._accelerator.arrive(
            now_ns, sum(task.request_bytes for task in batch.tasks), batch.size
        )
        # With batching the settings have no other bound on waiting than the batching queue.
        assert isinstance(admission, Admission)
        heapq.heappush(self._busy_until_ns, admission.release_ns)
        return Begun(batch, now_ns, admission)
