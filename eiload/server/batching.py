"""TensorFlow Serving's batching queue: which requests run together, and which find no room.

The rules of ``--enable_batching`` (TensorFlow, core/kernels/batching_util/shared_batch_scheduler.h;
TensorFlow Serving, batching/batching_session.cc), without large-batch splitting, padding and
`allowed_batch_sizes`:

- Tasks join the youngest batch. One that would make it larger than `max_batch_size` begins a new
  batch; if there are `max_enqueued_batches` already, it is turned away (UNAVAILABLE).
- A batch may run when a younger one has begun, when it is full, or `batch_timeout` after its first
  task; it does run when one of `num_batch_threads` is free.
- If every client of a batch has gone when it would run, it does not run (RESOURCE_EXHAUSTED).
- Tasks whose tensors differ in anything but the first dimension cannot run together: all of such a
  batch fail (FAILED_PRECONDITION).

Pure: instants are arguments, and the caller runs the batches, on threads or on a virtual timeline.
"""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from eiload.base.status import Status
from eiload.scenario.standin import Batching
from eiload.server.model import Rejection
from eiload.server.signatures import INPUT

__all__ = ["QUEUE_FULL", "Batch", "Batcher", "Task"]

QUEUE_FULL = "The batch scheduling queue to which this task was submitted is full"
"""Also of a bounded queue without batching, which TensorFlow Serving does not have."""

Content = TypeVar("Content")


@dataclass(frozen=True, slots=True)
class Task(Generic[Content]):
    """One request as the queue sees it."""

    size: int
    """Examples: the length of its tensors' first dimension."""
    form: Hashable
    """What must be equal in a batch: all dimensions but the first."""
    request_bytes: int
    """Size of its tensors."""
    arrival_ns: int
    deadline_ns: int | None
    payload: Content
    """The caller's own."""


@dataclass(slots=True)
class Batch(Generic[Content]):
    """Tasks that run together."""

    begun_ns: int
    """When its first task came."""
    tasks: list[Task[Content]] = field(default_factory=list)
    size: int = 0

    def refusal(self, now_ns: int) -> Rejection | None:
        """Return why this batch, whose turn it is, cannot run; None if it can."""
        deadlines = [task.deadline_ns for task in self.tasks]
        if all(deadline is not None and deadline <= now_ns for deadline in deadlines):
            return Rejection(
                Status.RESOURCE_EXHAUSTED, "Run() timeout exceeded while waiting in batching queue"
            )
        if len({task.form for task in self.tasks}) > 1:
            return Rejection(
                Status.FAILED_PRECONDITION,
                f"Tensors with name '{INPUT}' from different tasks have different shapes and "
                "padding is turned off. Set pad_variable_length_inputs to true, or ensure that "
                "all tensors with the same name have equal dimensions starting with the first dim.",
            )
        return None


class Batcher(Generic[Content]):
    """The queue of one signature."""

    def __init__(self, settings: Batching, api: Literal["tfs", "ei"] = "tfs") -> None:
        self._settings = settings
        # Since batches can be split, what is limited is called the input batch size.
        self._limit_name = "maximum batch size" if api == "ei" else "maximum input batch size"
        self._batches: deque[Batch[Content]] = deque()
        self._running = 0

    def __repr__(self) -> str:
        """Return what is going on, for the log and for tests."""
        return f"<Batcher {[batch.size for batch in self._batches]}, {self._running} running>"

    @property
    def waiting(self) -> int:
        """Return how many batches wait."""
        return len(self._batches)

    def submit(self, task: Task[Content]) -> None:
        """Put a task into the queue.

        Raises:
            Rejection: it is larger than a batch may be, or the queue is full.
        """
        limit = self._settings.max_batch_size
        if task.size > limit:
            raise Rejection(
                Status.INVALID_ARGUMENT,
                f"Task size {task.size} is larger than {self._limit_name} {limit}",
            )
        youngest = self._batches[-1] if self._batches else None
        if youngest is None or youngest.size + task.size > limit:
            if len(self._batches) >= self._settings.max_enqueued_batches:
                raise Rejection(Status.UNAVAILABLE, QUEUE_FULL)
            youngest = Batch(begun_ns=task.arrival_ns)
            self._batches.append(youngest)
        youngest.tasks.append(task)
        youngest.size += task.size

    def take(self, now_ns: int) -> Batch[Content] | None:
        """Return a batch that is to run now, if there is one and a thread for it.

        The caller owes a call of `finished` for each.
        """
        due_ns = self.due_ns()
        if due_ns is None or due_ns > now_ns:
            return None
        self._running += 1
        return self._batches.popleft()

    def finished(self) -> None:
        """Take back the thread of a batch that has ended."""
        self._running -= 1

    def due_ns(self) -> int | None:
        """Return the instant from which `take` gives a batch if nothing else happens.

        None while all threads are taken or nothing waits.
        """
        if not self._batches or self._running >= self._settings.num_batch_threads:
            return None
        oldest = self._batches[0]
        if len(self._batches) > 1 or oldest.size >= self._settings.max_batch_size:
            return oldest.begun_ns
        return oldest.begun_ns + self._settings.batch_timeout_ns
