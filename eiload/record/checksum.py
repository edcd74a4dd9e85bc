"""A checksum of what a run file says, so that a flipped bit is told and not judged.

What it knows: plain data, whose order and white space mean nothing. What it must not know: what the
fields are. It guards against damage, not against somebody who wants to deceive.
"""

import json
import zlib
from typing import Any

__all__ = ["CHECKSUM", "changed", "sealed"]

CHECKSUM = "checksum"
"""The field that holds it: which fields it is of, and their CRC-32 (ISO 3309, as in gzip)."""


def sealed(data: dict[str, Any]) -> dict[str, Any]:
    """Return data with the checksum of all that is in it, as it is once read back."""
    data = json.loads(json.dumps(data, allow_nan=False))
    return {**data, CHECKSUM: {"of": list(data), "crc32": _crc32(data)}}


def changed(data: dict[str, Any]) -> str:
    """Return how data differs from what was sealed; empty if it does not, or never was sealed.

    Fields that are not named in the checksum may be what they are.
    """
    seal = data.get(CHECKSUM)
    if seal is None:
        return ""
    try:
        missing = [name for name in seal["of"] if name not in data]
        told, found = seal["crc32"], _crc32({name: data.get(name) for name in seal["of"]})
    except (TypeError, KeyError):
        return f"its {CHECKSUM} is damaged"
    if missing:
        return f"{', '.join(missing)} missing since it was written"
    return (
        "" if told == found else f"it was changed since it was written (CRC-32 {found}, not {told})"
    )


def _crc32(data: dict[str, Any]) -> str:
    # Of one form that every writer of JSON arrives at: who looks at a file with jq changes nothing.
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return f"{zlib.crc32(text.encode()):08x}"
