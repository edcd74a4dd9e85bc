"""An emulated classifier behind the PyTorch container: a thousand scores for whatever it is given.

As `server.emulated` is for the SSD: the body is read as the inference toolkit reads it, the answer
is made when the request arrives, and the emulated accelerator says when it is due. Each of its
slots is a worker of the model server's, which loads the model at its own first request. The scores
are a function of the body's bytes and the seed of answers; nobody looked at the input.
"""

from collections import OrderedDict
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import Clock
from eiload.base.status import Status
from eiload.scenario.standin import StandIn
from eiload.server.accelerator import Accelerator, Overload
from eiload.server.http.codecs import NPZ, UnsupportedFormatError, decode, encode
from eiload.server.http.exchange import Answer, Ended
from eiload.server.http.tf_container import PICTURES
from eiload.server.http.torch_container import NO_WORKER, QUEUE, raised, server_error
from eiload.server.metrics import Metrics
from eiload.server.release import Releases
from eiload.server.rest import HTTP

__all__ = ["CLASSES", "EmulatedClassifier"]

CLASSES = 1000
"""ImageNet's."""

KEPT = 1024
"""Bodies of which it is remembered what is in them, and answers."""

Understood = tuple[int, int, int]
"""How many examples, how many bytes of tensor, and what stands for them."""


class EmulatedClassifier:
    """One model of the PyTorch container."""

    def __init__(
        self, settings: StandIn, model: str, releases: Releases, metrics: Metrics, clock: Clock
    ) -> None:
        """Make one whose workers have not loaded it yet.

        Raises:
            ScenarioError: the file of an empirical law cannot be used.
        """
        if settings.queue is None:
            settings = settings.model_copy(update={"queue": QUEUE})
        self._settings = settings
        self._model = model
        self._releases = releases
        self._metrics = metrics
        self._clock = clock
        self._accelerator = Accelerator(settings, clock.now_ns(), each_slot_attaches=True)
        self._read: OrderedDict[tuple[str, bytes], Understood] = OrderedDict()
        self._answer = lru_cache(KEPT)(self._make_answer)

    def gpu(self) -> dict[str, object]:
        """Return how the emulated GPU is now, in NVML's units."""
        return self._accelerator.gpu.state(self._clock.now_ns())

    def __call__(
        self, body: bytes, content_type: str, accept: str, arrival_ns: int, ended: Ended
    ) -> None:
        """Answer an invocation at the instant that the accelerator says."""
        try:
            count, size_bytes, mark = self._understood(body, content_type)
        except Exception as error:  # whatever Python raises there is what its client reads
            ended(raised(str(error), _trace(error)))
            return
        admission = self._accelerator.arrive(arrival_ns, size_bytes, count)
        if isinstance(admission, Overload):
            text = NO_WORKER.format(self._model)
            ended(server_error(503, "ServiceUnavailableException", text))
            return
        if admission.hangs:
            return
        server_ns = admission.release_ns - arrival_ns
        if admission.fails and self._settings.fail is not None:
            answer = raised("emulated failure", "", HTTP[Status[self._settings.fail.status]])
        else:
            answer = self._answer(count, mark, accept)
        answer = Answer(answer.status, answer.body, answer.content_type, server_ns=server_ns)
        runtime_ns = admission.release_ns - admission.start_ns

        def release() -> None:
            self._metrics.graph_run(runtime_ns)
            ended(answer)

        self._releases.at(admission.release_ns, release)

    def _understood(self, body: bytes, content_type: str) -> Understood:
        """Return what is in a body, which is read once."""
        key = (content_type, blake2b(body, digest_size=8).digest())
        found = self._read.get(key)
        if found is None:
            if self._settings.handler and content_type in PICTURES:
                count, size_bytes = 1, len(body)
            else:
                array = decode(body, content_type)
                if content_type == NPZ:
                    array = array[array.files[0]]
                if array.dtype == object or not array.ndim:
                    raise ValueError("expected an array with a batch dimension")
                count, size_bytes = len(array), array.nbytes
            found = self._read[key] = (count, size_bytes, int.from_bytes(key[1], "little"))
            if len(self._read) > KEPT:
                self._read.popitem(last=False)
        return found

    def _make_answer(self, count: int, mark: int, accept: str) -> Answer:
        """Return scores in the first form of Accept that there is code for."""
        scores = _scores(count, mark, self._settings.answers_seed)
        for kind in (each.partition(";")[0].strip() for each in accept.split(",")):
            try:
                # Through lists, as output_fn has it: numpy's file is one of doubles then.
                return Answer(200, encode(scores.tolist(), kind), kind)
            except UnsupportedFormatError:
                continue
        error = UnsupportedFormatError(accept)
        return raised(str(error), _trace(error))


def _scores(count: int, mark: int, seed: int) -> NDArray[np.float32]:
    """Return one row of scores an example: they add up to 1, one stands out."""
    rng = np.random.default_rng((seed, mark))
    logits = rng.normal(0.0, 1.0, (count, CLASSES))
    logits[np.arange(count), rng.integers(0, CLASSES, count)] += 6.0
    grown = np.exp(logits)
    scores: NDArray[np.float32] = (grown / grown.sum(axis=1, keepdims=True)).astype(np.float32)
    return scores


def _trace(error: Exception) -> str:
    """Return the last line of a traceback, as the toolkit's would end."""
    kind = type(error).__name__
    if isinstance(error, UnsupportedFormatError):
        kind = f"sagemaker_inference.errors.{kind}"
    return f"Traceback (most recent call last):\n{kind}: {error}"
