"""What an SSD's graph makes of its input: images, or an error in TensorFlow's words.

The model server checks names and sizes; everything else is found out by the first operation that
stumbles, so the texts below are those of operations, as a frozen TF1 graph of the object detection
exporters gives them (TensorFlow 2.21, run in a session). The emulated model says the same without
running anything. The node's name in braces differs from model to model.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from math import prod

from eiload.base.status import Status
from eiload.server.answers import fingerprint
from eiload.server.model import Input, Rejection
from eiload.serving.protos import types_pb2
from eiload.serving.tensors import from_proto

__all__ = ["Images", "images"]

RESIZE = "\n\t [[{{node Preprocessor/map/while/ResizeImage/resize/ResizeBilinear}}]]"
SLICE = "\n\t [[{{node Preprocessor/map/strided_slice}}]]"
STACK = "\n\t [[{{node ToFloat}}]]"
DECODE = "\n\t [[{{node map/while/decode_image/cond_jpeg/cond_png/Assert/Assert}}]]"

ENCODED_FORMATS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM")
"""How the files begin that decode_image takes."""


@dataclass(frozen=True, slots=True)
class Images:
    """The images of one request."""

    fingerprints: tuple[bytes, ...]
    """One each."""
    request_bytes: int
    """What has to be carried to the accelerator."""
    form: Hashable
    """What must be equal for images to run in one batch."""


def images(given: Input, *, encoded: bool) -> Images:
    """Return the images in the tensor `inputs`.

    Args:
        given: the tensor.
        encoded: whether the model takes encoded images instead of pixels.

    Raises:
        Rejection: the graph would fail on it.
    """
    expected = types_pb2.DT_STRING if encoded else types_pb2.DT_UINT8
    if given.proto.dtype != expected:
        raise _invalid(
            f"Expects arg[0] to be {_name(expected)} but {_name(given.proto.dtype)} is provided"
        )
    return _encoded(given) if encoded else _pixels(given)


def _pixels(given: Input) -> Images:
    shape = given.shape
    if not shape:
        raise _invalid(f"slice index 0 of dimension 0 out of bounds.{SLICE}")
    if len(shape) != 4:
        one = ",".join(map(str, (1, *shape[1:])))
        raise _invalid(f"input must be 4-dimensional[{one}]{RESIZE}")
    count, height, width, channels = shape
    if channels != 3:
        raise _invalid(
            "PartialTensorShape: Incompatible shapes during merge: "
            f"[{height},{width},{channels}] vs. [{height},{width},3]{STACK}"
        )
    if count and not height * width:
        raise _invalid(f"input image must be of non-zero size{RESIZE}")
    content: bytes = given.content
    if not content:
        try:
            content = from_proto(given.proto).tobytes()
        except ValueError:
            raise _invalid("tensor parsing error: inputs") from None
    # A single image is its bytes, whose samples cost a tenth of a view's.
    parts: list[bytes | memoryview] = [content]
    if count != 1:
        view, size = memoryview(content), prod(shape[1:])
        parts = [view[i * size : (i + 1) * size] for i in range(count)]
    form = shape[1:]
    return Images(tuple([fingerprint(part, form) for part in parts]), len(content), form)


def _encoded(given: Input) -> Images:
    if len(given.shape) != 1:
        raise _invalid(f"Shape must be rank 1 but is rank {len(given.shape)}{SLICE}")
    try:
        files: list[bytes] = from_proto(given.proto).tolist()
    except ValueError:
        raise _invalid("tensor parsing error: inputs") from None
    if not all(file.startswith(ENCODED_FORMATS) for file in files):
        raise _invalid(
            "assertion failed: [Unable to decode bytes as JPEG, PNG, GIF, or BMP]" + DECODE
        )
    return Images(tuple(fingerprint(file, ()) for file in files), sum(map(len, files)), "encoded")


def _name(dtype: int) -> str:
    """Return an element type as TensorFlow's texts have it: ``uint8``, ``float``."""
    known = dtype in types_pb2.DataType.values()
    return types_pb2.DataType.Name(dtype).removeprefix("DT_").lower() if known else str(dtype)


def _invalid(text: str) -> Rejection:
    return Rejection(Status.INVALID_ARGUMENT, text)
