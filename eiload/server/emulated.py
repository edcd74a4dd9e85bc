"""An emulated SSD behind the service.

Checks as TensorFlow would (`ssd_input.py`), answers that are made up (`answers.py`), at the
instants that the emulated accelerator says (`accelerator.py`; with batching, `batches.py` in front
of it). Everything is decided and the answer is made when the request arrives, inside the time that
the accelerator is supposed to take; at the release there is nothing left to do but to hand it over.
What TensorFlow itself refuses is refused at once and takes no time on the accelerator.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from eiload.base.clock import Clock
from eiload.base.status import Status
from eiload.scenario.standin import StandIn
from eiload.server.accelerator import Accelerator, Admission, Overload
from eiload.server.answers import detections
from eiload.server.batches import Batches, Begun
from eiload.server.batching import QUEUE_FULL, Batcher, Task
from eiload.server.metrics import Metrics
from eiload.server.model import (
    CheckedRequest,
    Ended,
    Ending,
    Job,
    Rejection,
    Signatures,
    VersionState,
    entries,
)
from eiload.server.release import Releases
from eiload.server.signatures import INPUT, ssd
from eiload.server.ssd_input import Images, images
from eiload.serving.tensors import to_proto

__all__ = ["EmulatedModel", "EmulatedRepository"]

ANSWERS_KEPT = 4096
"""Serialised answers in memory, 2.4 kB each; load tests send the same images over and over."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A request in the batching queue: what is left of it, which is not its pixels."""

    fingerprints: tuple[bytes, ...]
    outputs: tuple[str, ...]
    arrival_ns: int
    ended: Ended


class EmulatedModel:
    """The one version of an emulated model."""

    def __init__(
        self, settings: StandIn, releases: Releases, metrics: Metrics, clock: Clock
    ) -> None:
        """Make one that is loaded and not yet attached.

        Raises:
            ScenarioError: the file of an empirical law cannot be used.
        """
        self._settings = settings
        self._releases = releases
        self._metrics = metrics
        self._clock = clock
        self._signatures = ssd(encoded=settings.encoded, raw=settings.raw_outputs)
        self._accelerator = Accelerator(settings, clock.now_ns())
        self._batches: Batches[_Waiting] | None = None
        if settings.batching is not None:
            self._batches = Batches(Batcher(settings.batching, settings.words), self._accelerator)
        # Raw outputs are 19 MB an image.
        self._answer = lru_cache(4 if settings.raw_outputs else ANSWERS_KEPT)(self._make_answer)

    def gpu(self) -> dict[str, Any]:
        """Return how the emulated GPU is now, in NVML's units."""
        return self._accelerator.gpu.state(self._clock.now_ns())

    @property
    def signatures(self) -> Signatures:
        """Return the SSD's signature."""
        return self._signatures

    def job(self, inference: CheckedRequest) -> Job:
        """Return what is to be done for an inference; it does not hold the pixels.

        Its `ended` is called at the release, or never if it hangs.

        Raises:
            Rejection: TensorFlow would fail on the input.
        """
        given = images(inference.inputs[INPUT], encoded=self._settings.encoded)
        if self._batches is not None:
            return partial(self._queue, given, inference.outputs)
        return partial(self._run, given, inference.outputs)

    def _run(
        self,
        given: Images,
        outputs: tuple[str, ...],
        arrival_ns: int,
        _deadline_ns: int | None,
        ended: Ended,
    ) -> None:
        """Put an inference on the accelerator.

        Raises:
            Rejection: its queue is full.
        """
        answer = self._answer(given.fingerprints, outputs)
        admission = self._accelerator.arrive(
            arrival_ns, given.request_bytes, len(given.fingerprints)
        )
        if isinstance(admission, Overload):
            raise Rejection(Status.UNAVAILABLE, QUEUE_FULL)
        if not admission.hangs:
            runtime_ns = admission.release_ns - admission.start_ns
            outcome = self._outcome(arrival_ns, admission, answer, runtime_ns)
            self._release(admission.release_ns, runtime_ns, [(ended, outcome)])

    def _queue(
        self,
        given: Images,
        outputs: tuple[str, ...],
        arrival_ns: int,
        deadline_ns: int | None,
        ended: Ended,
    ) -> None:
        """Put an inference into the batching queue.

        Raises:
            Rejection: the queue is full, or the batch would be too large.
        """
        assert self._batches is not None
        batches, size = self._batches, len(given.fingerprints)
        self._begin(batches.advance(arrival_ns))
        batches.submit(
            Task(
                size=size,
                form=given.form,
                request_bytes=given.request_bytes,
                arrival_ns=arrival_ns,
                deadline_ns=deadline_ns,
                payload=_Waiting(given.fingerprints, outputs, arrival_ns, ended),
            )
        )
        self._metrics.batched(size)
        self._begin(batches.advance(arrival_ns))

    def _advance(self) -> None:
        """Do what the batching queue has to do by now, all of it at once: we may be late."""
        assert self._batches is not None
        self._begin(self._batches.advance(self._clock.now_ns()))

    def _begin(self, begun: list[Begun[_Waiting]]) -> None:
        """Release the batches that have begun when they end, and come back for the next."""
        assert self._batches is not None
        for each in begun:
            tasks = each.batch.tasks
            self._metrics.batch(
                each.batch.size, [each.begun_ns - task.arrival_ns for task in tasks]
            )
            admission = each.fate if isinstance(each.fate, Admission) else None
            if admission is not None and admission.hangs:
                continue
            release_ns = admission.release_ns if admission else each.begun_ns
            ends: list[tuple[Ended, Ending]] = []
            for task in tasks:
                waiting = task.payload
                # To a request, a batching session's run begins when it joins the queue.
                server_ns = release_ns - waiting.arrival_ns
                if admission is not None:
                    answer = self._answer(waiting.fingerprints, waiting.outputs)
                    outcome = self._outcome(waiting.arrival_ns, admission, answer, server_ns)
                else:
                    assert isinstance(each.fate, Rejection)
                    outcome = Ending(each.fate.status, each.fate.text, b"", server_ns, server_ns)
                ends.append((waiting.ended, outcome))
            runtime_ns = admission.release_ns - admission.start_ns if admission else None
            self._release(release_ns, runtime_ns, ends)
        next_ns = self._batches.next_ns()
        if next_ns is not None:
            self._releases.at(next_ns, self._advance)

    def _release(
        self, release_ns: int, runtime_ns: int | None, ends: list[tuple[Ended, Ending]]
    ) -> None:
        """End requests at `release_ns`; they ran together for `runtime_ns`, None for not at all."""

        def release() -> None:
            if runtime_ns is not None:
                self._metrics.graph_run(runtime_ns)
            for ended, outcome in ends:
                ended(outcome)

        self._releases.at(release_ns, release)

    def _outcome(
        self, arrival_ns: int, admission: Admission, answer: bytes, runtime_ns: int
    ) -> Ending:
        status, text = Status.OK, ""
        if admission.fails and self._settings.fail is not None:
            status, text = Status[self._settings.fail.status], "emulated failure"
        return Ending(
            status,
            text,
            answer if status is Status.OK else b"",
            server_ns=admission.release_ns - arrival_ns,
            runtime_ns=runtime_ns,
        )

    def _make_answer(self, fingerprints: tuple[bytes, ...], aliases: tuple[str, ...]) -> bytes:
        """Return the serialised outputs for a request; its form is that of the server's flag."""
        outputs = detections(
            fingerprints, self._settings.answers_seed, raw=self._settings.raw_outputs
        )
        typed = not self._settings.tensor_content
        return entries({alias: to_proto(outputs[alias], typed=typed) for alias in aliases})


class EmulatedRepository:
    """One emulated model, version 1, always available."""

    def __init__(self, name: str, model: EmulatedModel, labels: Mapping[str, int]) -> None:
        self._name = name
        self._model = model
        self._labels = labels

    @property
    def name(self) -> str:
        """Return the model's name."""
        return self._name

    @property
    def labels(self) -> Mapping[str, int]:
        """Return which labels stand for which versions."""
        return self._labels

    def states(self) -> Mapping[int, tuple[VersionState, str]]:
        """Return that version 1 is available."""
        return {1: (VersionState.AVAILABLE, "")}

    def servable(self, version: int) -> EmulatedModel | None:
        """Return the model if `version` is 1."""
        return self._model if version == 1 else None

    def latest(self) -> int | None:
        """Return 1."""
        return 1
