"""What an SSD makes of its input: images, or TensorFlow's words, and nothing else."""

from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.server.model import Input, Rejection
from eiload.server.ssd_input import images
from eiload.serving.protos import types_pb2
from eiload.serving.tensors import to_proto


def given_as(tensor: np.ndarray, *, typed: bool = False) -> Input:
    """Return a tensor as the service gives it."""
    proto = to_proto(tensor, typed=typed)
    return Input(proto, tensor.shape, proto.tensor_content)


@given(
    st.lists(st.integers(0, 4), max_size=6).filter(lambda shape: prod(shape) < 2000),
    st.sampled_from(["uint8", "int32", "float32", "bool", "string"]),
    st.booleans(),
    st.booleans(),
)
def test_any_tensor_is_images_or_refused(
    shape: list[int], dtype: str, typed: bool, encoded: bool
) -> None:
    """One fingerprint an image, or a text; no other exception comes out."""
    tensor = np.zeros(shape, dtype=object if dtype == "string" else dtype)
    if dtype == "string":
        tensor.fill(b"\xff\xd8\xff")
    try:
        found = images(given_as(tensor, typed=typed), encoded=encoded)
    except Rejection as rejection:
        text = rejection.text
    else:
        text = ""
        assert len(found.fingerprints) == shape[0]
    right = dtype == "string" and len(shape) == 1 if encoded else _pixels(shape, dtype)
    assert right == (not text)


def _pixels(shape: list[int], dtype: str) -> bool:
    return (
        dtype == "uint8"
        and len(shape) == 4
        and shape[3] == 3
        and (not shape[0] or bool(shape[1] * shape[2]))
    )


def test_an_image_is_the_same_in_either_form_and_in_a_batch() -> None:
    """tensor_content, int_val, alone or among others: one fingerprint."""
    batch = np.random.default_rng(1).integers(0, 256, (3, 20, 30, 3), dtype=np.uint8)
    together = images(given_as(batch), encoded=False)
    typed = images(given_as(batch, typed=True), encoded=False)
    alone = [images(given_as(batch[i : i + 1]), encoded=False) for i in range(3)]
    assert together == typed
    assert together.fingerprints == tuple(one.fingerprints[0] for one in alone)
    assert len(set(together.fingerprints)) == 3
    assert together.request_bytes == batch.nbytes
    assert together.form == (20, 30, 3)


def test_an_unknown_element_type_has_its_number() -> None:
    """Enums are open: a newer client may send one that this TensorFlow does not know."""
    proto = to_proto(np.zeros((1, 1, 1, 3), np.uint8))
    proto.dtype = 4242
    with pytest.raises(Rejection, match="to be uint8 but 4242 is provided"):
        images(Input(proto, (1, 1, 1, 3), b""), encoded=False)
    proto.dtype = types_pb2.DT_DOUBLE
    with pytest.raises(Rejection, match="to be uint8 but double is provided"):
        images(Input(proto, (1, 1, 1, 3), b""), encoded=False)
