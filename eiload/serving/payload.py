"""A scenario's payload: images to tensors to request bytes.

This file knows how an image becomes the input of an SSD model, and nothing of who sends it when.

- `encoding: uint8`: pixels, uint8 [batch, height, width, 3]; what the model's `image_tensor`
  variant takes.
- `encoding: jpeg`: a file's own bytes, strings [batch]; what the `encoded_image_string_tensor`
  variant takes. Decoding, EXIF rotation included, is then the server's.

A batch is one image, repeated: images of different sizes do not fit one tensor, and a request that
depends on its neighbours would make requests differ by their place in a folder. Of several batch
sizes each image is sent in each.

The payloads of a mix are those of its parts, one part after the other.

Everything is made before load begins, one image at a time: `tensors` is a generator, so that of a
thousand images one is in memory, and for several targets an image is decoded once.
"""

import hashlib
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from eiload.base.errors import ScenarioError
from eiload.scenario import Payload, Target
from eiload.scenario.payload import Content, Part
from eiload.serving import images
from eiload.serving.tfserving import Tensor, info, predict_request

__all__ = ["Digest", "names", "parts", "problems", "request", "sizes", "tensors", "under"]

MAX_TENSOR_BYTES = 2**31 - 4096
"""protobuf's limit on a message is 2**31 - 1, TensorFlow Serving's own is the same; the rest of a
request (names, shape) gets the difference."""


def tensors(payload: Payload) -> Iterator[tuple[str, Tensor]]:
    """Yield each payload's name and its tensor, in order (see `parts`), one at a time.

    Yields:
        the file's name (or ``synthetic-<width>x<height>-<i>``), and uint8
        [batch, height, width, 3] or strings [batch]. The batch shares the memory of one image.

    Raises:
        ScenarioError: an image cannot be used, or a request would be too large.
    """
    for part in payload.parts:
        for index, name in enumerate(_names(part)):
            yield name, _tensor(part, index, name)


def parts(payload: Payload) -> list[int]:
    """Return of which of the payload's parts each of its requests is, in order."""
    return [index for index, part in enumerate(payload.parts) for _ in _names(part)]


def names(payload: Payload) -> list[str]:
    """Return each request's name, as `tensors` does, without a look at the images."""
    return [name for part in payload.parts for name in _names(part)]


def under(target: Target, part: Content) -> Target:
    """Return the target as one part of a payload asks it: perhaps another model of its server."""
    if not isinstance(part, Part):
        return target
    asked = {"model": part.model, "signature": part.signature, "input": part.input}
    return target.model_copy(update={key: value for key, value in asked.items() if value})


def request(tensor: Tensor, target: Target) -> bytes:
    """Return the serialised PredictRequest that gives a target (see `under`) this tensor."""
    return predict_request(
        target.model,
        {target.input: tensor},
        signature=target.signature,
        version=target.version,
        version_label=target.version_label,
        outputs=target.outputs,
    )


def sizes(
    payload: Payload, targets: Mapping[str, Target], at_most: int
) -> dict[str, tuple[int, ...]]:
    """Return the bytes of the requests to each target, of so many pictures of each part at most.

    Raises:
        ScenarioError: an image cannot be used.
    """
    each = []
    for part in payload.parts:
        asked = [under(target, part) for target in targets.values()]
        for index, name in itertools.islice(enumerate(_names(part)), at_most):
            tensor = _tensor(part, index, name)
            each.append([len(request(tensor, target)) for target in asked])
    return dict(zip(targets, zip(*each, strict=True), strict=True))


def problems(payload: Payload) -> list[str]:
    """Return what is wrong with the payload's images: one line each, empty when all are good."""
    found = []
    for part in payload.parts:
        for index, name in enumerate(_names(part)):
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

    Two machines with the same digest send the same tensors in the same order; model and target
    names are not part of it.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, tensor: Tensor) -> None:
        """Take one more tensor into account."""
        items = tensor.tolist() if tensor.dtype == object else [tensor.tobytes()]
        # Each with its length, so that no two sequences of tensors run together to the same bytes.
        self._hash.update(f"{info(tensor)} {[len(item) for item in items]}".encode())
        for item in items:
            self._hash.update(item)

    def __str__(self) -> str:
        """Return the fingerprint of what was added so far: 64 hexadecimal digits."""
        return self._hash.hexdigest()


def _names(part: Content) -> list[str]:
    """Return the names of a part's requests: each image, in each batch size."""
    if part.synthetic is None:
        images_ = [Path(path).name for path in part.images]
    else:
        made = part.synthetic
        images_ = [f"synthetic-{made.width}x{made.height}-{index}" for index in range(made.count)]
    if isinstance(part.batch, int):
        return images_
    return [f"{name} x{batch}" for name in images_ for batch in part.batch]


def _tensor(part: Content, index: int, name: str) -> Tensor:
    """Return the tensor of a part's request number `index`, which has this name."""
    image, place = divmod(index, len(part.batches))
    batch = part.batches[place]
    content = _content(part, image)
    tensor: Tensor
    if isinstance(content, bytes):
        tensor = np.full(batch, content, dtype=object)
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
