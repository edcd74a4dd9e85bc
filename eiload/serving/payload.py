"""A scenario's payload: images to tensors to request bytes.

This file knows how an image becomes the input of an SSD model, and nothing of who sends it when.

- `encoding: uint8`: pixels, uint8 [batch, height, width, 3]; what the model's `image_tensor`
  variant takes.
- `encoding: jpeg`: a file's own bytes, strings [batch]; what the `encoded_image_string_tensor`
  variant takes. Decoding, EXIF rotation included, is then the server's.

A batch is one image, repeated: images of different sizes do not fit one tensor, and a request that
depends on its neighbours would make requests differ by their place in a folder.

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
from eiload.serving import images
from eiload.serving.tfserving import Tensor, info, predict_request

__all__ = ["Digest", "names", "problems", "request", "sizes", "tensors"]

MAX_TENSOR_BYTES = 2**31 - 4096
"""protobuf's limit on a message is 2**31 - 1, TensorFlow Serving's own is the same; the rest of a
request (names, shape) gets the difference."""


def tensors(payload: Payload) -> Iterator[tuple[str, Tensor]]:
    """Yield each image's name and its tensor, in the payload's order, one at a time.

    Yields:
        the file's name (or ``synthetic-<width>x<height>-<i>``), and uint8
        [batch, height, width, 3] or strings [batch]. The batch shares the memory of one image.

    Raises:
        ScenarioError: an image cannot be used, or a request would be too large.
    """
    for index in range(_count(payload)):
        yield _tensor(payload, index)


def names(payload: Payload) -> list[str]:
    """Return each image's name, as `tensors` does, without a look at the images."""
    if payload.synthetic is None:
        return [Path(path).name for path in payload.images]
    made = payload.synthetic
    return [f"synthetic-{made.width}x{made.height}-{index}" for index in range(made.count)]


def request(tensor: Tensor, target: Target) -> bytes:
    """Return the serialised PredictRequest that gives a target this tensor."""
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
    """Return the bytes of the requests to each target, of so many pictures at most.

    Raises:
        ScenarioError: an image cannot be used.
    """
    made = itertools.islice(tensors(payload), at_most)
    each = [[len(request(tensor, target)) for target in targets.values()] for _, tensor in made]
    return dict(zip(targets, zip(*each, strict=True), strict=True))


def problems(payload: Payload) -> list[str]:
    """Return what is wrong with the payload's images: one line each, empty when all are good."""
    # Pixels that are made have one size, and it is all that can be wrong with them.
    alike = payload.synthetic is not None and payload.encoding == "uint8"
    found = []
    for index in range(1 if alike else _count(payload)):
        try:
            _tensor(payload, index)
        except ScenarioError as error:
            found.append(str(error))
    return found


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


def _count(payload: Payload) -> int:
    return len(payload.images) if payload.synthetic is None else payload.synthetic.count


def _tensor(payload: Payload, index: int) -> tuple[str, Tensor]:
    """Return the name and the tensor of the payload's image number `index`."""
    name, content = _content(payload, index)
    tensor: Tensor
    if isinstance(content, bytes):
        tensor = np.full(payload.batch, content, dtype=object)
        size_bytes = len(content) * payload.batch
    else:
        tensor = np.broadcast_to(content, (payload.batch, *content.shape))
        size_bytes = tensor.nbytes
    if size_bytes > MAX_TENSOR_BYTES:
        raise ScenarioError(
            f"{name}: a request of {size_bytes:,} bytes is over the limit of"
            f" {MAX_TENSOR_BYTES:,} bytes; use a smaller image or a smaller `batch`"
            f" than {payload.batch}"
        )
    return name, tensor


def _content(payload: Payload, index: int) -> tuple[str, images.Image | bytes]:
    """Return the name of an image, and its pixels or its encoded bytes."""
    encoded = payload.encoding == "jpeg"
    if payload.synthetic is None:
        path = payload.images[index]
        return Path(path).name, images.load_encoded(path) if encoded else images.load(path)
    made = payload.synthetic
    # Seeds 1 and 2 would share images if an index were added to them; numpy mixes the pair.
    seed = int(np.random.SeedSequence([made.seed, index]).generate_state(1, np.uint64)[0])
    image = images.synthetic(made.width, made.height, seed)
    name = f"synthetic-{made.width}x{made.height}-{index}"
    return name, images.encode(image) if encoded else image
