"""Frozen dataclasses to plain data and back: anything in, sound messages out.

What it knows: types, and how large what is told may be. What it must not know: which messages there
are and what they mean (`messages`, `plugin.link`). Whoever reaches the master's port can write to
it, and msgpack makes any type of any field; so every field is held against its type before anybody
sees the message, and what does not fit is refused in one line: the field, what was expected and
what came, and of which message.

A message is a dict: under ``type`` its class's name in small letters, under every other key a field
of the class, all of them and no other. Of a type that is not plain, `Form` says how it travels.
"""

import functools
import math
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

__all__ = ["TEXT_AT_MOST", "AtMost", "Form", "decode", "encode", "kind_of"]

TEXT_AT_MOST = 100_000
"""Characters of a text."""

NUMBER_AT_MOST = 1 << 62
"""No number is negative, and none is as large as an int64 can be."""

Message = TypeVar("Message")


@dataclass(frozen=True, slots=True)
class AtMost:
    """In an ``Annotated`` whole number: the largest it can be."""

    most: int


@dataclass(frozen=True, slots=True)
class Form:
    """In an ``Annotated`` type: how its values travel."""

    kind: type
    """What they travel as."""
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    """Raises a `ValueError` at what is none."""


def encode(message: object) -> dict[str, Any]:
    """Return a message as plain data: dicts, tuples, texts, numbers and bytes."""
    kind = type(message)
    return {"type": kind.__name__.lower(), **_written(kind, message)}


def kind_of(data: object) -> str:
    """Return which message something says it is; empty if it says nothing of the kind."""
    kind = data.get("type") if isinstance(data, dict) else None
    return kind if isinstance(kind, str) else ""


def decode(data: object, kinds: Sequence[type[Message]]) -> Message:
    """Return the message that something is.

    Args:
        data: anything.
        kinds: the messages that it may be.

    Raises:
        ValueError: it is none of them, or a field does not fit; says which and what was expected.
    """
    by_name = {kind.__name__.lower(): kind for kind in kinds}
    name = kind_of(data)
    if not isinstance(data, dict) or name not in by_name:
        raise ValueError(f"type: expected one of {', '.join(by_name)}, got {_shown(name)}")
    given = {key: value for key, value in data.items() if key != "type"}
    try:
        message: Message = _read(by_name[name], given, "")
    except ValueError as error:
        raise ValueError(f"{one_line(str(error))} (in {name!r})") from error
    return message


def one_line(text: str) -> str:
    """Return a text that quotes what came, in one line and not long."""
    return "".join(c if c.isprintable() else "?" for c in text)[:300]


# -- writing ---------------------------------------------------------------------------------------


def _written(kind: Any, value: Any) -> Any:
    """Return a value of a type as it travels."""
    if get_origin(kind) is Annotated:
        for each in kind.__metadata__:
            if isinstance(each, Form):
                return each.write(value)
    if isinstance(kind, type) and is_dataclass(kind):
        return {name: _written(of, getattr(value, name)) for name, of in _hints(kind).items()}
    if get_origin(kind) is tuple:
        return tuple(_written(get_args(kind)[0], each) for each in value)
    if get_origin(kind) is dict:
        return {key: _written(get_args(kind)[1], each) for key, each in value.items()}
    if get_origin(kind) in {Union, types.UnionType} and value is not None:
        return _written(get_args(kind)[0], value)
    return value


# -- reading ---------------------------------------------------------------------------------------


@functools.cache
def _hints(kind: Any) -> Mapping[str, Any]:
    """Return the types of a dataclass's fields, in order."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind)}


def _read(kind: Any, value: Any, at: str) -> Any:
    """Return the value of a type that something is; `at` says where it stands.

    Raises:
        ValueError: it is none.
    """
    if (origin := get_origin(kind)) is not None:
        return _READERS[origin](kind, value, at)
    if is_dataclass(kind):
        return _of_fields(kind, value, at)
    if issubclass(kind, tuple):  # a NamedTuple
        hints = get_type_hints(kind)
        sound = isinstance(value, list | tuple) and len(value) == len(hints)
        _expect(sound, f"a list of {len(hints)}", value, at)
        return kind(*map(_read, hints.values(), value, [at] * len(hints)))
    test, what = _PLAIN[kind]
    _expect(test(value), what, value, at)
    return value


def _optional(kind: Any, value: Any, at: str) -> Any:
    return None if value is None else _read(get_args(kind)[0], value, at)


def _list(kind: Any, value: Any, at: str) -> Any:
    _expect(isinstance(value, list | tuple), "a list", value, at)
    return tuple(_read(get_args(kind)[0], each, at) for each in value)


def _table(kind: Any, value: Any, at: str) -> Any:
    _expect(isinstance(value, dict), "a table", value, at)
    key_kind, value_kind = get_args(kind)
    return {_read(key_kind, key, at): _read(value_kind, each, at) for key, each in value.items()}


def _annotated(kind: Any, value: Any, at: str) -> Any:
    of, *notes = get_args(kind)
    for note in notes:
        if isinstance(note, AtMost):
            value = _read(of, value, at)
            _expect(value <= note.most, f"at most {note.most}", value, at)
            return value
        if isinstance(note, Form):
            _expect(isinstance(value, note.kind), note.kind.__name__, value, at)
            try:
                return note.read(value)
            except ValueError as error:
                raise ValueError(f"{at}: {error}") from error
    return _read(of, value, at)


def _of_fields(kind: Any, value: Any, at: str) -> Any:
    """Return the dataclass of these fields."""
    within = f"{at}: " if at else ""
    _expect(isinstance(value, dict), "a table", value, at)
    hints = _hints(kind)
    for name in value:
        if name not in hints:
            raise ValueError(f"{within}{_shown(name)}: there is no such field")
    found = {}
    for name, of in hints.items():
        if name not in value:
            raise ValueError(f"{within}{name}: missing")
        found[name] = _read(of, value[name], f"{within}{name}")
    return kind(**found)


def _expect(sound: bool, what: str, value: Any, at: str) -> None:
    if not sound:
        raise ValueError(f"{at}: expected {what}, got {_shown(value)}")


def _shown(value: Any) -> str:
    return repr(value)[:40] if isinstance(value, int | float | str | bool) else type(value).__name__


def _is_number(value: Any) -> bool:
    return type(value) in {int, float} and math.isfinite(value) and 0 <= value <= NUMBER_AT_MOST


_READERS: Mapping[Any, Callable[[Any, Any, str], Any]] = {
    Annotated: _annotated,
    Union: _optional,  # of something and None
    types.UnionType: _optional,
    tuple: _list,
    dict: _table,
}

_PLAIN: Mapping[type, tuple[Callable[[Any], bool], str]] = {
    str: (
        lambda value: isinstance(value, str) and len(value) <= TEXT_AT_MOST,
        f"a text of at most {TEXT_AT_MOST} characters",
    ),
    int: (
        lambda value: type(value) is int and _is_number(value),
        "a whole number that is not negative",
    ),
    float: (_is_number, "a number that is not negative"),
    bool: (lambda value: isinstance(value, bool), "true or false"),
    bytes: (lambda value: isinstance(value, bytes), "bytes"),
}
