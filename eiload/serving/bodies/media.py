"""Content types: what they are called, and what is in a body of each."""

from typing import Literal

__all__ = ["CSV", "JSON", "JSON_LINES", "NPY", "Kind", "kind_of", "media_type"]

JSON = "application/json"
JSON_LINES = "application/jsonlines"
CSV = "text/csv"
NPY = "application/x-npy"

Kind = Literal["json", "lines", "csv", "npy", "bytes"]
"""``lines``: a line of JSON for each example; ``bytes``: a file as it is, such as a JPEG."""

_KINDS: dict[str, Kind] = {
    JSON: "json",
    JSON_LINES: "lines",
    "application/jsons": "lines",  # the TensorFlow container's other name for them
    CSV: "csv",
    NPY: "npy",
}


def media_type(content_type: str) -> str:
    """Return a content type without its parameters, in lower case (RFC 9110, 8.3.1)."""
    return content_type.partition(";")[0].strip().lower()


def kind_of(content_type: str) -> Kind:
    """Return what is in a body of a content type; of those not known here, bytes as they are."""
    return _KINDS.get(media_type(content_type), "bytes")
