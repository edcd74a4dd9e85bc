"""Records as plain data that any JSON reader understands.

JSON has no NaN and no infinity (RFC 8259, section 6), and Python writes them all the same. Here a
number that is not known becomes null, and an infinite one the string ``"inf"`` or ``"-inf"``.
"""

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

__all__ = ["plain"]


def plain(value: Any) -> Any:
    """Return `value` as what JSON has: records as objects, sequences as arrays, enums as values.

    Raises:
        TypeError: there is something else in it.
    """
    result: Any
    match value:
        case None | bool():
            result = value
        case str():
            result = str(value)
        case int():
            result = int(value)
        case float():
            result = _number(float(value))
        case Mapping():
            result = {str(key): plain(each) for key, each in value.items()}
        case tuple() | list():
            result = [plain(each) for each in value]
        case _ if is_dataclass(value):
            result = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        case _:
            raise TypeError(f"cannot be written as JSON, got {value!r}")
    return result


def _number(value: float) -> float | str | None:
    if math.isfinite(value):
        return value
    return None if math.isnan(value) else f"{value}"
