"""A real model behind the service: a SavedModel, run by TensorFlow as TensorFlow Serving runs it.

Requests become arrays and arrays become answers; in between `graph.py` runs. `concurrency` runs at
a time, each in a thread of a pool that is not the event loop's, so that the gRPC port goes on; with
batching, the same queue as in front of an emulated model forms batches, `num_batch_threads` at a
time. What a request waits and takes here is real.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eiload.clock import Clock
from eiload.result import Status
from eiload.server.batching import Batch, Batcher, Task
from eiload.server.graph import Graph
from eiload.server.metrics import Metrics
from eiload.server.model import (
    Inference,
    Outcome,
    Rejection,
    Signatures,
    entries,
)
from eiload.server.release import Releases
from eiload.standin import StandIn
from eiload.tensors import Tensor, from_proto, to_proto

__all__ = ["SavedModel"]

Ended = Callable[[Outcome], None]


@dataclass(frozen=True, slots=True)
class _Work:
    """An inference on its way to a thread."""

    inputs: dict[str, Tensor]
    inference: Inference
    ended: Ended


@dataclass(frozen=True, slots=True)
class _Run:
    """What a thread made of it: arrays, or why not."""

    status: Status
    text: str
    outputs: Mapping[str, Tensor]
    runtime_ns: int


class SavedModel:
    """One version of a real model, loaded."""

    def __init__(
        self, path: Path, settings: StandIn, releases: Releases, metrics: Metrics, clock: Clock
    ) -> None:
        """Load it, which takes seconds; to be called on any thread but the loop's.

        Raises:
            ScenarioError: it cannot be loaded.
        """
        self._settings = settings
        self._releases = releases
        self._metrics = metrics
        self._clock = clock
        self._graph = Graph(path)
        workers = settings.concurrency
        self._batcher: Batcher[_Work] | None = None
        if settings.batching is not None:
            self._batcher = Batcher(settings.batching, settings.api)
            workers = settings.batching.num_batch_threads
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="model")
        self._workers = workers
        self._under_way = 0

    @property
    def signatures(self) -> Signatures:
        """Return the model's own signatures."""
        return self._graph.signatures

    def infer(self, inference: Inference, ended: Ended) -> None:
        """Begin an inference; `ended` is called when it has run.

        Raises:
            Rejection: an input cannot be read, or a queue is full.
        """
        work = _Work(
            {alias: _array(alias, given.proto) for alias, given in inference.inputs.items()},
            inference,
            ended,
        )
        if self._batcher is not None:
            task = _task(work)
            self._batcher.submit(task)
            self._metrics.batched(task.size)
            self._pump()
            return
        queue = self._settings.queue
        if queue is not None and self._under_way >= self._workers + queue:
            raise Rejection(
                Status.UNAVAILABLE,
                "The batch scheduling queue to which this task was submitted is full",
            )
        self._start([work], inference.outputs)

    @property
    def idle(self) -> bool:
        """Return whether nothing waits or runs."""
        return not self._under_way and not (self._batcher and self._batcher.waiting)

    def close(self) -> None:
        """Let go of a model that is idle; blocks."""
        self._pool.shutdown()
        self._graph.close()

    def abandon(self) -> None:
        """Begin nothing more, and do not wait for what runs."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _pump(self) -> None:
        """Begin the batches that are due, and come back when the next one is."""
        assert self._batcher is not None
        while (batch := self._batcher.take(now_ns := self._clock.now_ns())) is not None:
            self._begin(batch, now_ns)
        due_ns = self._batcher.due_ns()
        if due_ns is not None:
            self._releases.at(due_ns, self._pump)

    def _begin(self, batch: Batch[_Work], now_ns: int) -> None:
        assert self._batcher is not None
        self._metrics.batch(batch.size, [now_ns - task.arrival_ns for task in batch.tasks])
        refusal = batch.refusal(now_ns)
        works = [task.payload for task in batch.tasks]
        if refusal is None:
            signature = self._graph.signatures[works[0].inference.signature]
            self._start(works, signature.outputs)
            return
        self._batcher.finished()
        for work in works:
            waited_ns = now_ns - work.inference.arrival_ns
            work.ended(Outcome(refusal.status, refusal.text, b"", waited_ns, 0))

    def _start(self, works: list[_Work], outputs: tuple[str, ...]) -> None:
        """Run works together on a thread, and end each of them on the loop."""
        loop = asyncio.get_running_loop()
        self._under_way += 1

        def run() -> None:
            done = self._results(works, outputs)
            with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
                loop.call_soon_threadsafe(self._end, done)

        self._pool.submit(run)

    def _end(self, done: list[tuple[_Work, tuple[_Run, bytes]]]) -> None:
        self._under_way -= 1
        now_ns = self._clock.now_ns()
        for work, (run, data) in done:
            server_ns = now_ns - work.inference.arrival_ns
            work.ended(Outcome(run.status, run.text, data, server_ns, run.runtime_ns))
        if self._batcher is not None:
            self._batcher.finished()
            self._pump()

    def _results(
        self, works: list[_Work], outputs: tuple[str, ...]
    ) -> list[tuple[_Work, tuple[_Run, bytes]]]:
        """Run works as one batch; return for each the run and its serialised outputs."""
        signature = works[0].inference.signature
        merged = {
            alias: works[0].inputs[alias]
            if len(works) == 1
            else np.concatenate([work.inputs[alias] for work in works])
            for alias in works[0].inputs
        }
        begin_ns = self._clock.now_ns()
        try:
            arrays = self._graph.run(signature, merged, outputs)
        except Rejection as rejection:
            failed = _Run(rejection.status, rejection.text, {}, self._clock.now_ns() - begin_ns)
            return [(work, (failed, b"")) for work in works]
        run = _Run(Status.OK, "", arrays, self._clock.now_ns() - begin_ns)
        typed = not self._settings.tensor_content
        results, at = [], 0
        for work in works:
            size = next(iter(work.inputs.values())).shape[0] if len(works) > 1 else None
            own = {
                alias: arrays[alias] if size is None else arrays[alias][at : at + size]
                for alias in work.inference.outputs
            }
            at += size or 0
            data = entries({alias: to_proto(each, typed=typed) for alias, each in own.items()})
            results.append((work, (run, data)))
        return results


def _array(alias: str, proto: Any) -> Tensor:
    try:
        return from_proto(proto)
    except ValueError:
        raise Rejection(Status.INVALID_ARGUMENT, f"tensor parsing error: {alias}") from None


def _task(work: _Work) -> Task[_Work]:
    """Return a work as the batching queue sees it.

    Raises:
        Rejection: a tensor has no batch dimension, or they have different ones.
    """
    sizes = {array.shape[:1] for array in work.inputs.values()}
    if len(sizes) != 1 or () in sizes:
        raise Rejection(
            Status.INVALID_ARGUMENT,
            "Batching session Run() input tensors must have equal 0th-dimension size"
            if () not in sizes
            else "Batching session Run() input tensors must have at least one dimension",
        )
    return Task(
        size=sizes.pop()[0],
        form=tuple(
            (alias, str(array.dtype), array.shape[1:])
            for alias, array in sorted(work.inputs.items())
        ),
        request_bytes=sum(array.nbytes for array in work.inputs.values()),
        arrival_ns=work.inference.arrival_ns,
        deadline_ns=work.inference.deadline_ns,
        payload=work,
    )
