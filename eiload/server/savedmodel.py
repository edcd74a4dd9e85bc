"""A real model behind the service: a SavedModel, run by TensorFlow as TensorFlow Serving runs it.

The graph is loaded into a session and run by the names of its signature's tensors, on CPU or GPU,
so what TensorFlow finds wrong with an input is found here in the same words. `concurrency` runs at
a time, each in a thread of a pool that is not the event loop's; with batching, batches of
`num_batch_threads` at a time. Versions are numbered directories, looked at once a second.
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
from eiload.errors import ScenarioError
from eiload.result import Status
from eiload.server.batching import Batch, Batcher, Task
from eiload.server.metrics import Metrics
from eiload.server.model import (
    Inference,
    Outcome,
    Rejection,
    Servable,
    Signature,
    Signatures,
    entries,
)
from eiload.server.release import Releases
from eiload.server.runtime import tensorflow
from eiload.server.versions import Versions
from eiload.standin import StandIn
from eiload.tensors import Tensor, from_proto, to_proto

__all__ = ["SavedModel", "Watcher", "found_versions"]

POLL_S = 1.0
"""--file_system_poll_wait_seconds."""

MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")

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
        self._graph = _Graph(path)
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

    def close(self) -> None:
        """Let what is under way end, then let go of the model; blocks."""
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


class _Graph:
    """A SavedModel in a session of TensorFlow."""

    def __init__(self, path: Path) -> None:
        self._tf = tf = tensorflow()
        from tensorflow.core.protobuf import config_pb2  # noqa: PLC0415

        self._options_class = config_pb2.CallableOptions
        graph = tf.Graph()
        config = tf.compat.v1.ConfigProto()
        # Two stand-ins may have to share one GPU.
        config.gpu_options.allow_growth = True
        self._session = tf.compat.v1.Session(graph=graph, config=config)
        try:
            meta = tf.compat.v1.saved_model.load(self._session, ["serve"], str(path))
        except Exception as error:
            # Of many kinds: a broken protobuf, an unknown operation, a missing variable.
            self._session.close()
            first = str(error).strip().splitlines() or [type(error).__name__]
            raise ScenarioError(f"{path}: cannot be loaded: {first[0]}") from error
        self.signatures: Signatures = {
            name: Signature.of(definition) for name, definition in meta.signature_def.items()
        }
        self._callables: dict[tuple[str, tuple[str, ...]], Callable[..., Any]] = {}

    def run(
        self, signature: str, inputs: Mapping[str, Tensor], outputs: tuple[str, ...]
    ) -> dict[str, Tensor]:
        """Return the outputs for the inputs.

        Raises:
            Rejection: TensorFlow finds something wrong.
        """
        definition = self.signatures[signature].definition
        aliases = sorted(inputs)
        run = self._callables.get((signature, outputs))
        try:
            if run is None:
                options = self._options_class()
                options.feed.extend(definition.inputs[alias].name for alias in aliases)
                options.fetch.extend(definition.outputs[alias].name for alias in outputs)
                # `Session.run` would convert arrays to what the graph wants; this gives them to
                # the runtime as they are, as TensorFlow Serving does, and its errors are ours.
                run = self._session._make_callable_from_options(options)  # noqa: SLF001
                self._callables[signature, outputs] = run
            return dict(zip(outputs, run(*(inputs[alias] for alias in aliases)), strict=True))
        except self._tf.errors.OpError as error:
            raise Rejection(Status(error.error_code), error.message) from None
        except (TypeError, ValueError) as error:
            raise Rejection(Status.INVALID_ARGUMENT, str(error)) from None

    def close(self) -> None:
        """Let go of the memory."""
        self._session.close()


class Watcher:
    """Keeps `Versions` in step with a directory."""

    def __init__(
        self,
        directory: Path,
        versions: Versions,
        load: Callable[[Path], Servable],
    ) -> None:
        """Watch a directory.

        Args:
            directory: has the versions, or is one.
            versions: what is told of changes.
            load: loads one; called on a thread of its own.
        """
        self._directory = directory
        self._versions = versions
        self._load = load

    async def first(self) -> None:
        """Load the newest version.

        Raises:
            ScenarioError: there is none, or it cannot be loaded.
        """
        found = found_versions(self._directory)
        if not self._directory.is_dir():
            raise ScenarioError(
                f"{self._directory}: no such directory; 'eiload make-model DIR' writes a model"
            )
        if not found:
            raise ScenarioError(
                f"{self._directory}: not a SavedModel: expected saved_model.pb in it, or in "
                "numbered directories below it; 'eiload make-model' writes one"
            )
        version = self._versions.to_load(found)
        assert version is not None
        self._versions.loaded(version, await asyncio.to_thread(self._load, found[version]))

    def abandon(self) -> None:
        """Let the process end without waiting for the work that is under way."""
        latest = self._versions.latest()
        servable = None if latest is None else self._versions.servable(latest)
        if isinstance(servable, SavedModel):
            servable.abandon()

    async def watch(self) -> None:
        """Look for new versions until cancelled."""
        while True:
            await asyncio.sleep(POLL_S)
            found = found_versions(self._directory)
            version = self._versions.to_load(found)
            if version is None:
                continue
            try:
                servable = await asyncio.to_thread(self._load, found[version])
            except ScenarioError as error:
                self._versions.failed(version, str(error))
                continue
            for old in self._versions.loaded(version, servable):
                if isinstance(old, SavedModel):
                    await asyncio.to_thread(old.close)


def found_versions(directory: Path) -> dict[int, Path]:
    """Return the SavedModels in a directory by version; the directory itself may be one.

    By itself it has the number that is its name, or 1.
    """
    if not directory.is_dir():
        return {}
    if _is_model(directory):
        name = directory.name
        return {int(name) if name.isdecimal() else 1: directory}
    return {
        int(path.name): path
        for path in directory.iterdir()
        if path.name.isdecimal() and _is_model(path)
    }


def _is_model(path: Path) -> bool:
    return any((path / file).is_file() for file in MODEL_FILES)


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
