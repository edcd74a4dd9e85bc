"""What a single YAML value means: its type, and the environment's part in it.

Types are those of YAML 1.2's core schema (yaml.org/spec/1.2.2, section 10.3), so ``NO`` is a text
and ``12:30`` is no number; a number that YAML 1.1 and 1.2 read differently (``010``) is refused.

``${NAME}`` and ``${NAME:-default}`` are replaced; ``$${`` stands for ``${``. As in a shell, the
default also stands in for a value that is set and empty. What comes from the environment is always
a text, never YAML; a field that wants a number reads it as one (`number_in`). Pure: the environment
is an argument.
"""

import re
import unicodedata
from collections.abc import Mapping

from eiload.base.quantity import shown

__all__ = ["Expanded", "control_character", "expanded", "number_in", "typed"]

DIGITS_AT_MOST = 30
"""Longer numbers fit no field, and Python's own conversion stops at 4,300 digits."""

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")

_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<inside>[^}]*)\}|\$\{")
_INSIDE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(:-(?P<default>.*))?", re.DOTALL)


class Expanded(str):
    """A text of which a part came from the environment, or all of it from a command's option."""

    __slots__ = ()


def typed(text: str) -> object:
    """Return what an unquoted `text` means.

    Raises:
        ValueError: readers of YAML disagree about it, or it is absurdly long.
    """
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if found := _NOT_FINITE.fullmatch(text):
        return float(f"{found[1]}inf" if found[2] else "nan")
    if not (_INT.fullmatch(text) or _FLOAT.fullmatch(text)):
        return text
    if len(text) > DIGITS_AT_MOST:
        raise ValueError(f"absurdly long, got {shown(text)}; expected a number that fits its use")
    if _LEADING_ZERO.fullmatch(text):
        raise ValueError(
            f"a leading zero, got {text}, which some readers of YAML take as octal; "
            f"expected {int(text)}, or {text!r} in quotes for a text"
        )
    return int(text, 0) if _INT.fullmatch(text) else float(text)


def number_in(value: object) -> object:
    """Return the number (or true, false) that a text from outside the file holds.

    Everything else is returned as it is: the field says what it thinks of it.
    """
    if not isinstance(value, Expanded):
        return value
    try:
        return typed(value.strip())
    except ValueError:
        return value


def expanded(text: str, environ: Mapping[str, str]) -> str | None:
    """Return `text` with its references replaced: an `Expanded` if it had any.

    A text of which nothing is left is None, as if it had not been written.

    Raises:
        ValueError: a reference is malformed, or names what is not set and has no default.
    """
    references = 0

    def replacement(found: re.Match[str]) -> str:
        nonlocal references
        if found[0] == "$${":
            return "${"
        references += 1
        inside = _INSIDE.fullmatch(found["inside"] or "")
        if inside is None:
            raise ValueError(
                f"not a reference to the environment, got {shown(found[0])}; "
                "expected ${NAME} or ${NAME:-default}, or $${ for the characters themselves"
            )
        name, default = inside["name"], inside["default"]
        value = environ.get(name) or default
        if value is None and name not in environ:
            raise ValueError(
                f"{name} is not set in the environment; "
                f"expected it there, or a default: ${{{name}:-default}}"
            )
        return value or ""

    result = _REFERENCE.sub(replacement, text)
    if not references:
        return result
    return Expanded(result) if result else None


def control_character(text: str) -> str:
    """Return the first control character or lone surrogate in `text` (not tab, not newline)."""
    if text.isprintable():
        return ""
    bad = (
        each for each in text if unicodedata.category(each) in {"Cc", "Cs"} and each not in "\n\t"
    )
    return next(bad, "")
