"""What the inference toolkit reads and writes by itself."""

import io

import numpy as np
import pytest

from eiload.server.http.codecs import UnsupportedFormatError, decode, encode

ROWS = np.array([[1.5, 2.0], [3.0, 4.25]])


def npy(array: np.ndarray) -> bytes:
    """Return numpy's file of an array."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["application/json", "text/csv", "application/x-npy"])
def test_what_is_written_is_read(kind: str) -> None:
    """A bare list, rows, numpy's file."""
    np.testing.assert_array_equal(decode(encode(ROWS.tolist(), kind), kind), ROWS)


def test_npy_keeps_its_type_and_npz_is_several() -> None:
    """Nothing is unpickled."""
    assert decode(npy(ROWS.astype(np.uint8)), "application/x-npy").dtype == np.uint8
    file = io.BytesIO()
    np.savez(file, a=ROWS)
    np.testing.assert_array_equal(decode(file.getvalue(), "application/x-npz")["a"], ROWS)
    with pytest.raises(ValueError, match="allow_pickle"):
        decode(npy(np.array([{}], dtype=object)), "application/x-npy")


def test_what_has_no_code_is_said() -> None:
    """With the content type, either way."""
    with pytest.raises(UnsupportedFormatError, match=r"^Content type image/jpeg is not supported"):
        decode(b"", "image/jpeg")
    with pytest.raises(UnsupportedFormatError):
        encode([1.0], "image/jpeg")
