"""A scenario's payload: what it says to tensors to request bytes.

This file knows what each kind of payload becomes, and nothing of who sends it when. Pictures:

- `encoding: uint8`: pixels, uint8 [batch, height, width, 3]; what an SSD's `image_tensor` variant
  takes.
- `encoding: jpeg`: a file's own bytes, strings [batch]; what the `encoded_image_string_tensor`
  variant takes. Decoding, EXIF rotation included, is then the server's.

A batch is one image, repeated: images of different sizes do not fit one tensor, and a request that
depends on its neighbours would make requests differ by their place in a folder. Other kinds:
`given` (inputs by name), `generated` (by the model's signature), `recorded` (requests and
tf.Examples as they are). Those of a user class are its own affair.

Everything is made before load begins, one request at a time: `samples` is a generator, so that of a
thousand images one is in memory, and for several targets an image is decoded once.
"""

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from eiload.base.errors import ScenarioError
from eiload.scenario import Generate, Payload, Target
from eiload.scenario.payload import Content, Part
from eiload.serving import generated, given, images, recorded
from eiload.serving.apis.choice import api_of
from eiload.serving.expectations import Expectations
from eiload.serving.tensors import Tensor, info, size_bytes_of
from eiload.serving.tfserving import Signature

__all__ = [
    "Digest",
    "Made",
    "Sample",
    "labels",
    "made_of",
    "needs_signature",
    "parts",
    "problems",
    "samples",
    "sizes",
    "tensors",
    "under",
]

MAX_TENSOR_BYTES = 2**31 - 4096
"""protobuf's limit on a message is 2**31 - 1, TensorFlow Serving's own is the same; the rest of a
request (names, shape) gets the difference."""


class Made(NamedTuple):
    """One request to one target."""

    tensors: Mapping[str, Tensor]
    """By input; of a request that is taken as it is, its bytes under ""."""
    request: bytes
    """Its bytes: a serialised PredictRequest, or a body."""
    other: str = ""
    """The model that it was for, if that is not the target's."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One of a payload's requests, before it is known to whom."""

    name: str
    to: Callable[[Target, Signature | None], Made]
    """Returns the request to a target, whose signature may not be known.

    Raises:
        ScenarioError: it cannot be made for this target.
    """


def samples(payload: Payload) -> Iterator[tuple[int, Sample]]:
    """Yield a payload's requests in order, one at a time, each with the part that it is of.

    Those of a user class are none of them.

    Raises:
        ScenarioError: what the payload names cannot be used, or a request would be too large.
    """
    for number, part in enumerate(payload.parts):
        for sample in _samples_of(part):
            yield number, sample


def _samples_of(part: Content) -> Iterator[Sample]:
    if part.pictures:
        yield from (
            Sample(name, lambda target, _, tensor=tensor: made_of(target, {target.input: tensor}))  # type: ignore[misc]
            for name, tensor in _tensors_of(part)
        )
    elif part.generate is not None:
        yield from _generated(part.generate)
    elif part.inputs:
        for row in given.rows(part.inputs, part.batches[0]):
            yield Sample(
                row.name,
                lambda target, signature, row=row: made_of(  # type: ignore[misc]
                    target, row.tensors(target, signature)
                ),
            )
    else:
        yield from _recorded(part)


def made_of(target: Target, inputs: Mapping[str, Tensor]) -> Made:
    """Return the request that gives a target these inputs.

    Raises:
        ScenarioError: it would be too large.
    """
    size_bytes = sum(map(size_bytes_of, inputs.values()))
    if size_bytes > MAX_TENSOR_BYTES:
        raise ScenarioError(
            f"a request of {size_bytes:,} bytes is over the limit of {MAX_TENSOR_BYTES:,} bytes;"
            " give smaller inputs, or a smaller batch"
        )
    return Made(inputs, api_of(target).request(inputs))


def needs_signature(payload: Payload) -> bool:
    """Tell whether requests are made by what the model says of itself."""
    return any(part.inputs or part.examples or part.generate is not None for part in payload.parts)


def parts(payload: Payload) -> list[int]:
    """Return of which of the payload's parts each of its requests is, in order."""
    return [index for index, part in enumerate(payload.parts) for _ in _names(part)]


def labels(payload: Payload) -> list[tuple[str, int]]:
    """Return what each request is made of, in the order of `samples`: its name, its batch size.

    Of pictures without a look at them; what has no batch has 1.
    """
    return [label for part in payload.parts for label in _labels(part)]


def under(target: Target, part: Content) -> Target:
    """Return the target as one part of a payload asks it: perhaps another model of its server."""
    if not isinstance(part, Part):
        return target
    asked = {"model": part.model, "signature": part.signature, "input": part.input}
    return target.model_copy(update={key: value for key, value in asked.items() if value})


def sizes(
    payload: Payload, targets: Mapping[str, Target], at_most: int
) -> dict[str, tuple[tuple[int, ...], ...]]:
    """Return the bytes of the requests to each target by part, of so many of each part at most.

    None where nobody knows before the model is asked, or a user class makes them.

    Raises:
        ScenarioError: what the payload names cannot be used.
    """
    if needs_signature(payload) or payload.users is not None:
        return dict.fromkeys(targets, ())
    found: dict[str, list[tuple[int, ...]]] = {name: [] for name in targets}
    for part in payload.parts:
        asked = {name: under(target, part) for name, target in targets.items()}
        each: dict[str, list[int]] = {name: [] for name in targets}
        for sample in itertools.islice(_samples_of(part), at_most):
            for name, target in asked.items():
                each[name].append(len(sample.to(target, None).request))
        for name, bytes_ in each.items():
            found[name].append(tuple(bytes_))
    return {name: tuple(parts) for name, parts in found.items()}


def problems(payload: Payload) -> list[str]:
    """Return what is wrong with what a payload names: a line each, empty when all is good."""
    found = []
    for number, part in enumerate(payload.parts):
        try:
            Expectations(payload.expected(number))
            if not part.pictures:
                for _ in _samples_of(part):
                    pass
        except ScenarioError as error:
            found.append(str(error))
        for index, name in enumerate(_names(part) if part.pictures else ()):
            # Pixels that are made have one size, and it is all that can be wrong with them.
            if index >= len(part.batches) and part.synthetic and part.encoding == "uint8":
                break
            try:
                _tensor(part, index, name)
            except ScenarioError as error:
                found.append(str(error))
    return list(dict.fromkeys(found))


class Digest:
    """A fingerprint of a sequence of tensors, taken as they pass.

    Two machines with the same digest send the same tensors in the same order; model, target and, of
    a single input, its name are not part of it.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, tensor: Tensor) -> None:
        """Take one more tensor into account."""
        items = tensor.ravel().tolist() if tensor.dtype == object else [tensor.tobytes()]
        # Each with its length, so that no two sequences of tensors run together to the same bytes.
        self._hash.update(f"{info(tensor)} {[len(item) for item in items]}".encode())
        for item in items:
            self._hash.update(item)

    def add_made(self, made: Made) -> None:
        """Take one more request's tensors into account."""
        for _, tensor in sorted(made.tensors.items()):
            self.add(tensor)

    def __str__(self) -> str:
        """Return the fingerprint of what was added so far: 64 hexadecimal digits."""
        return self._hash.hexdigest()


# -- pictures ------------------------------------------------------------------------------------


def tensors(payload: Payload) -> Iterator[tuple[str, Tensor]]:
    """Yield each payload's name and its tensor, in order (see `parts`), one at a time.

    Yields:
        the file's name (or ``synthetic-<width>x<height>-<i>``), and uint8
        [batch, height, width, 3] or strings [batch]. The batch shares the memory of one image.

    Raises:
        ScenarioError: an image cannot be used, or a request would be too large.
    """
    for part in payload.parts:
        yield from _tensors_of(part)


def _tensors_of(part: Content) -> Iterator[tuple[str, Tensor]]:
    for index, name in enumerate(_names(part)):
        yield name, _tensor(part, index, name)


def _names(part: Content) -> list[str]:
    """Return the names of a part's requests; of pictures each, in each batch size."""
    several = not isinstance(part.batch, int)
    return [f"{name} x{batch}" if several else name for name, batch in _labels(part)]


def _labels(part: Content) -> list[tuple[str, int]]:
    if not part.pictures:
        return [(sample.name, 1) for sample in _samples_of(part)]
    if part.synthetic is None:
        images_ = [Path(path).name for path in part.images]
    else:
        images_ = part.synthetic.names()
    return [(name, batch) for name in images_ for batch in part.batches]


def _tensor(part: Content, index: int, name: str) -> Tensor:
    """Return the tensor of a part's request number `index`, which has this name."""
    image, place = divmod(index, len(part.batches))
    batch = part.batches[place]
    content = _content(part, image)
    tensor: Tensor
    if isinstance(content, bytes):
        tensor = given.repeated(content, batch)
        size_bytes = len(content) * batch
    else:
        tensor = np.broadcast_to(content, (batch, *content.shape))
        size_bytes = tensor.nbytes
    if size_bytes > MAX_TENSOR_BYTES:
        raise ScenarioError(
            f"{name}: a request of {size_bytes:,} bytes is over the limit of"
            f" {MAX_TENSOR_BYTES:,} bytes; use a smaller image or a smaller `batch`"
            f" than {batch}"
        )
    return tensor


def _content(part: Content, index: int) -> images.Image | bytes:
    """Return an image's pixels or its encoded bytes."""
    encoded = part.encoding == "jpeg"
    if part.synthetic is None:
        path = part.images[index]
        return images.load_encoded(path) if encoded else images.load(path)
    made = part.synthetic
    # Seeds 1 and 2 would share images if an index were added to them; numpy mixes the pair.
    seed = int(np.random.SeedSequence([made.seed, index]).generate_state(1, np.uint64)[0])
    image = images.synthetic(made.width, made.height, seed)
    return images.encode(image) if encoded else image


# -- other kinds ---------------------------------------------------------------------------------


def _generated(generate: Generate) -> Iterator[Sample]:
    def to(target: Target, signature: Signature | None, index: int) -> Made:
        inputs = generated.known(signature, generate)
        return made_of(target, generated.generated(inputs, generate, index))

    for index in range(generate.count):
        yield Sample(
            f"generated-{index}",
            lambda target, signature, index=index: to(target, signature, index),  # type: ignore[misc]
        )


def _recorded(payload: Content) -> Iterator[Sample]:
    for path in payload.requests:
        for number, data in enumerate(recorded.requests(path), 1):
            yield Sample(
                f"{Path(path).name}#{number}",
                lambda target, _, data=data: _readdressed(data, target),  # type: ignore[misc]
            )
    records = [each for path in payload.examples for each in recorded.examples(path)]
    for number, group in enumerate(given.grouped(records, payload.batches[0]), 1):
        yield Sample(
            f"{Path(payload.examples[0]).name}#{number}",
            lambda target, signature, group=group: made_of(  # type: ignore[misc]
                target, {given.input_of(target, signature): group}
            ),
        )


def _readdressed(data: bytes, target: Target) -> Made:
    request, other = api_of(target).readdressed(data)
    return Made({"": given.repeated(data, 1)}, request, other)
