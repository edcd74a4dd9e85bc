"""What the inference toolkit reads and writes by itself: JSON, csv, npy and npz.

aws/sagemaker-inference-toolkit, decoder.py and encoder.py, in arrays: a bare nested list in JSON
(no ``{"instances": ..}``), rows of numbers, numpy's own file. What it cannot read or write is an
`UnsupportedFormatError`, which no handler of the toolkit's knows: it ends as HTTP 500.
"""

import io
import json
from typing import Any

import numpy as np

__all__ = ["CSV", "JSON", "NPY", "NPZ", "UTF8", "UnsupportedFormatError", "decode", "encode"]

JSON = "application/json"
CSV = "text/csv"
NPY = "application/x-npy"
NPZ = "application/x-npz"

UTF8 = (JSON, CSV)
"""Handed over as text."""


class UnsupportedFormatError(Exception):
    """A content type, or an Accept, that the toolkit has no code for."""

    def __init__(self, content_type: str) -> None:
        self.message = (
            f"Content type {content_type} is not supported by this framework.\n\n"
            "            Please implement input_fn to deserialize the request data or an output_fn "
            "to\n            serialize the response."
        )
        super().__init__(self.message)


def decode(body: str | bytes, content_type: str) -> Any:
    """Return the array in a body.

    Raises:
        UnsupportedFormatError: a content type without code.
        ValueError: it is not what it says.
    """
    if content_type == JSON:
        return np.array(json.loads(body))
    if content_type == CSV:
        text = body if isinstance(body, str) else body.decode()
        return np.genfromtxt(io.StringIO(text), dtype=np.float64, delimiter=",")
    if content_type in {NPY, NPZ}:
        data = body if isinstance(body, bytes) else body.encode("latin-1")
        loaded: Any = np.load(io.BytesIO(data), allow_pickle=False)
        return loaded
    raise UnsupportedFormatError(content_type)


def encode(values: Any, content_type: str) -> bytes:
    """Return values (an array, or nested lists of numbers) as a body.

    Raises:
        UnsupportedFormatError: a content type without code.
    """
    if content_type == JSON:
        plain = values.tolist() if isinstance(values, np.ndarray) else values
        return json.dumps(plain).encode()
    if content_type == CSV:
        text = io.StringIO()
        np.savetxt(text, np.asarray(values), delimiter=",", fmt="%s")
        return text.getvalue().encode()
    if content_type == NPY:
        file = io.BytesIO()
        np.save(file, np.asarray(values))
        return file.getvalue()
    raise UnsupportedFormatError(content_type)
