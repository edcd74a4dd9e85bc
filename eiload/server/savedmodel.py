"""A real model behind the service: a SavedModel, run by TensorFlow as TensorFlow Serving runs it.

Requests become arrays and arrays become answers; in between `graph.py` runs. `concurrency` runs at
a time, each in a thread of a pool that is not the event loop's, so that the gRPC port goes on; with
batching, the same queue as in front of an emulated model forms batches, `num_batch_threads` at a
time. What a request waits and takes here is real.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from eiload.base.clock import Clock
from eiload.base.status import Status
from eiload.scenario.standin import StandIn
from eiload.server.batching import QUEUE_FULL, Batch, Batcher, Task
from eiload.server.graph import Graph
from eiload.server.metrics import Metrics
from eiload.server.model import (
    CheckedRequest,
    Ended,
    Ending,
    Job,
    Rejection,
    Signatures,
    entries,
)
from eiload.server.release import Releases
from eiload.serving.tensors import Tensor, from_proto, to_proto

__all__ = ["SavedModel"]


@dataclass(frozen=True, slots=True)
class _Work:
    """An inference on its way to a thread."""

    inputs: dict[str, Tensor]
    inference: CheckedRequest
    arrival_ns: int
    deadline_ns: int | None
    ended: Ended


@dataclass(frozen=True, slots=True)
class _Run:
    """What a thread made of works that ran together."""

    status: Status
    text: str
    answers: list[bytes]
    """Serialised outputs, one for each; empty if `status` is not OK."""
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
        self._batchers: dict[str, Batcher[_Work]] = {}
        """By signature: what asks for different tensors cannot run together."""
        self._workers = settings.concurrency
        if settings.batching is not None:
            for name in self._graph.signatures:
                self._batchers[name] = Batcher(settings.batching, settings.words)
            self._workers = settings.batching.num_batch_threads
        self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="model")
        self._under_way = 0

    @property
    def signatures(self) -> Signatures:
        """Return the model's own signatures."""
        return self._graph.signatures

    def job(self, inference: CheckedRequest) -> Job:
        """Return what is to be done for an inference; its `ended` is called when it has run.

        Raises:
            Rejection: an input cannot be read.
        """
        arrays = {alias: _array(alias, given.proto) for alias, given in inference.inputs.items()}

        def job(arrival_ns: int, deadline_ns: int | None, ended: Ended) -> None:
            self._take(_Work(arrays, inference, arrival_ns, deadline_ns, ended))

        return job

    def _take(self, work: _Work) -> None:
        """Run an inference, now or when its batch is due.

        Raises:
            Rejection: a queue is full.
        """
        inference = work.inference
        batcher = self._batchers.get(inference.signature)
        if batcher is not None:
            task = _task(work)
            batcher.submit(task)
            self._metrics.batched(task.size)
            self._pump(batcher)
            return
        queue = self._settings.queue
        if queue is not None and self._under_way >= self._workers + queue:
            raise Rejection(Status.UNAVAILABLE, QUEUE_FULL)
        self._start([work], inference.outputs)

    @property
    def idle(self) -> bool:
        """Return whether nothing waits or runs."""
        return not self._under_way and not any(each.waiting for each in self._batchers.values())

    def close(self) -> None:
        """Let go of a model that is idle; blocks."""
        self._pool.shutdown()
        self._graph.close()

    def abandon(self) -> None:
        """Begin nothing more, and do not wait for what runs."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _pump(self, batcher: Batcher[_Work]) -> None:
        """Begin the batches that are due, and come back when the next one is."""
        while (batch := batcher.take(now_ns := self._clock.now_ns())) is not None:
            self._begin(batcher, batch, now_ns)
        due_ns = batcher.due_ns()
        if due_ns is not None:
            self._releases.at(due_ns, lambda: self._pump(batcher))

    def _begin(self, batcher: Batcher[_Work], batch: Batch[_Work], now_ns: int) -> None:
        self._metrics.batch(batch.size, [now_ns - task.arrival_ns for task in batch.tasks])
        refusal = batch.refusal(now_ns)
        works = [task.payload for task in batch.tasks]
        if refusal is None:
            signature = self._graph.signatures[works[0].inference.signature]
            self._start(works, signature.outputs)
            return
        batcher.finished()
        for work in works:
            waited_ns = now_ns - work.arrival_ns
            work.ended(Ending(refusal.status, refusal.text, b"", waited_ns, waited_ns))

    def _start(self, works: list[_Work], outputs: tuple[str, ...]) -> None:
        """Run works together on a thread, and end each of them on the loop."""
        loop = asyncio.get_running_loop()
        self._under_way += 1

        def run() -> None:
            done = self._ran(works, outputs)
            with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
                loop.call_soon_threadsafe(self._end, works, done)

        self._pool.submit(run)

    def _end(self, works: list[_Work], run: _Run) -> None:
        self._under_way -= 1
        self._metrics.graph_run(run.runtime_ns)
        now_ns = self._clock.now_ns()
        batcher = self._batchers.get(works[0].inference.signature)
        for work, answer in zip(works, run.answers or [b""] * len(works), strict=True):
            server_ns = now_ns - work.arrival_ns
            # To a request, a batching session's run begins when it joins the queue.
            runtime_ns = run.runtime_ns if batcher is None else server_ns
            work.ended(Ending(run.status, run.text, answer, server_ns, runtime_ns))
        if batcher is not None:
            batcher.finished()
            self._pump(batcher)

    def _ran(self, works: list[_Work], outputs: tuple[str, ...]) -> _Run:
        """Run works as one batch; called on a thread."""
        begin_ns = self._clock.now_ns()
        runtime_ns = 0
        try:
            arrays = self._graph.run(works[0].inference.signature, _merged(works), outputs)
            runtime_ns = self._clock.now_ns() - begin_ns
            answers = [self._answer(own) for own in _split(works, arrays)]
        except Rejection as rejection:
            text, status = rejection.text, rejection.status
        except Exception as error:  # whatever it is, its clients must be answered
            text, status = f"{type(error).__name__}: {error}", Status.INTERNAL
        else:
            return _Run(Status.OK, "", answers, runtime_ns)
        return _Run(status, text, [], runtime_ns or self._clock.now_ns() - begin_ns)

    def _answer(self, outputs: Mapping[str, Tensor]) -> bytes:
        typed = not self._settings.tensor_content
        return entries({alias: to_proto(each, typed=typed) for alias, each in outputs.items()})


def _merged(works: list[_Work]) -> dict[str, Tensor]:
    """Return the inputs of works, one after the other."""
    first = works[0].inputs
    if len(works) == 1:
        return first
    return {alias: np.concatenate([work.inputs[alias] for work in works]) for alias in first}


def _split(works: list[_Work], arrays: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
    """Return for each of `works` its part of the outputs that it wants.

    Raises:
        Rejection: an output cannot be divided among them (batching_session.cc).
    """
    if len(works) == 1:
        return [{alias: arrays[alias] for alias in works[0].inference.outputs}]
    sizes = [next(iter(work.inputs.values())).shape[0] for work in works]
    for array in arrays.values():
        if not array.ndim:
            raise Rejection(Status.FAILED_PRECONDITION, "Batched output tensor has 0 dimensions")
        if array.shape[0] != sum(sizes):
            raise Rejection(
                Status.FAILED_PRECONDITION,
                "Batched output tensor's 0th dimension does not equal the sum of the 0th "
                "dimension sizes of the input tensors",
            )
    ends = list(accumulate(sizes))
    return [
        {alias: arrays[alias][end - size : end] for alias in work.inference.outputs}
        for work, size, end in zip(works, sizes, ends, strict=True)
    ]


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
        arrival_ns=work.arrival_ns,
        deadline_ns=work.deadline_ns,
        payload=work,
    )
