"""What a form says of what it is given: itself, filled, or what pydantic found wrong, in our words.

pydantic tells types of errors and paths; it knows neither what a user calls things nor what would
have been right. Here each becomes a `Problem`: what is wrong, what was given, what was expected,
with the field's own example or the key that was probably meant. Values below ``metadata`` are never
shown, and of lists and mappings only that they are one. Pure.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from eiload.base.near import nearest
from eiload.base.quantity import shown
from eiload.scenario.fields import Unit
from eiload.scenario.problem import Path, Problem

__all__ = ["filled"]

F = TypeVar("F", bound=BaseModel)

SECRET = "metadata"  # noqa: S105 - the key under which secrets are
KEY = "[key]"
"""pydantic's last step of a path that ends at a mapping's key."""
KEYS_AT_MOST = 6
"""Of a mapping, that are listed where it is none."""


def filled(
    form: type[F], data: object, context: Mapping[str, Any]
) -> tuple[F | None, list[Problem]]:
    """Return the form that `data` fills, or None and everything that is wrong with it.

    Args:
        form: the model.
        data: keys and values as they are written, with units.
        context: ``base``, the folder that paths are relative to; ``resolved`` where no file is to
            be looked for.
    """
    try:
        return form.model_validate(data, context=context, by_alias=True, by_name=False), []
    except ValidationError as error:
        return None, _problems_of(error, form, data)


def _problems_of(error: ValidationError, model: type[BaseModel], data: object) -> list[Problem]:
    """Return what `error` says of `data`, which was to be a `model`."""
    return [
        _problem(each, model, data)
        for each in error.errors(include_url=False)
        # Entries that are wrong do not count for pydantic, but they have problems of their own.
        if each["type"] != "too_short" or each["input"] in ([], (), {})
    ]


def _problem(error: Mapping[str, Any], model: type[BaseModel], data: object) -> Problem:
    kind, context = error["type"], error.get("ctx", {})
    path, value = _walk(error["loc"], data)
    at_key = KEY in error["loc"] or kind in {"extra_forbidden", "missing"}
    models, field = _described(path, model)
    if kind == "value_error":
        return Problem(path, str(context["error"]), at_key)
    if kind == "missing":
        key = str(error["loc"][-1])
        _, field = _described((*path, key), model)
        return Problem(path, f"{key!r} is missing; expected {_wanted(key, field)}")
    if kind == "extra_forbidden":
        models, _ = _described(path[:-1], model)
        keys = list(dict.fromkeys(key for each in models for key in _fields(each)))
        hint = nearest(str(path[-1]), keys) or f"; expected one of {', '.join(map(repr, keys))}"
        return Problem(path, f"unknown key{hint}", at_key)
    what, expected = _EXPECTED.get(kind, _other)(context, error["msg"])
    got = "" if SECRET in path else f", got {_shown(value)}"
    example = _example(field) if kind in _TYPES and path and not isinstance(path[-1], int) else ""
    quoted = ", in quotes" if kind == "string_type" and isinstance(value, int | float) else ""
    if kind in _MAPPINGS and path:
        example = _keys(models)
    return Problem(path, f"{what}{got}; expected {expected}{example}{quoted}", at_key)


def _keys(models: Sequence[type[BaseModel]]) -> str:
    """Return the keys of a mapping that is not one, if they are few."""
    keys = list(dict.fromkeys(key for each in models for key in _fields(each)))
    few = 0 < len(keys) <= KEYS_AT_MOST
    return f" ({', '.join(map(repr, keys))})" if few else ""


def _walk(loc: Sequence[str | int], data: object) -> tuple[Path, object]:
    """Return the part of `loc` that leads through `data`, and where it ends.

    pydantic's paths also name alternatives of unions and keys that are missing.
    """
    path: Path = ()
    for part in loc:
        if (isinstance(data, Mapping) and part in data) or (
            isinstance(data, list | tuple) and isinstance(part, int) and part < len(data)
        ):
            data = data[part]  # type: ignore[index]
            path = (*path, part)
    return path, data


def _described(
    path: Path, model: type[BaseModel]
) -> tuple[list[type[BaseModel]], FieldInfo | None]:
    """Return the models that may be meant at `path`, and the field that leads there."""
    models, field = [model], None
    for part in path:
        found = [each for each in models if part in _fields(each)]
        if found:
            field = _fields(found[0])[str(part)]
            models = list(_models_in(field))
    return models, field


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return a model's fields by the keys under which they are written."""
    return {
        str(field.validation_alias or field.alias or name): field
        for name, field in model.model_fields.items()
        if name != "source"
    }


def _models_in(part: object) -> Iterator[type[BaseModel]]:
    """Yield the models that an annotation (or field, or validator in one) speaks of."""
    if isinstance(part, FieldInfo):
        for each in (part.annotation, *part.metadata):
            yield from _models_in(each)
    elif isinstance(part, type) and issubclass(part, BaseModel):
        yield part
    else:
        # `json_schema_input_type` is how a validator says what it takes instead of the annotation.
        for each in (*get_args(part), getattr(part, "json_schema_input_type", None)):
            if each is not None and each is not part:
                yield from _models_in(each)


def _wanted(key: str, field: FieldInfo | None) -> str:
    """Return how a missing key could be written."""
    what = f" ({field.description})" if field and field.description else ""
    if field and field.examples:
        return f"'{key}: {_plain(field.examples[0])}'"
    examples = _examples(field)
    return f"'{key}: {_plain(examples[0])}'{what}" if examples else f"'{key}:'{what}"


def _example(field: FieldInfo | None) -> str:
    examples = _examples(field)
    return f" such as {shown(examples[0])}" if examples and isinstance(examples[0], str) else ""


def _examples(field: FieldInfo | None) -> Sequence[object]:
    """Return a field's examples, or those of the unit it is written with."""
    if field is None:
        return ()
    units = [each for each in field.metadata if isinstance(each, Unit)]
    return field.examples or (units[0].examples if units else ())


def _plain(example: object) -> str:
    if isinstance(example, list):
        return f"[{', '.join(map(str, example))}]"
    return str(example)


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return "nothing" if value is None else shown(value)


_Words = Callable[[Mapping[str, Any], str], tuple[str, str]]


def _say(what: str, expected: str) -> _Words:
    """Return how to say an error whose words may need numbers from pydantic's context."""
    return lambda context, _: (what, expected.format_map(context))


def _other(context: Mapping[str, Any], message: str) -> tuple[str, str]:
    del context
    return "not valid", message[:1].lower() + message[1:]


_MAPPINGS = ("model_type", "model_attributes_type")
_TYPES: dict[str, _Words] = {
    "string_type": _say("not a text", "a text"),
    "int_type": _say("not a whole number", "a whole number"),
    "int_from_float": _say("not a whole number", "a whole number"),
    "int_parsing": _say("not a whole number", "a whole number"),
    "float_type": _say("not a number", "a number"),
    "float_parsing": _say("not a number", "a number"),
    "bool_type": _say("neither true nor false", "true or false"),
    "bool_parsing": _say("neither true nor false", "true or false"),
    "tuple_type": _say("not a list", "a list"),
    "list_type": _say("not a list", "a list"),
    "dict_type": _say("not a mapping", "a mapping"),
    "path_type": _say("not a path", "the path of a file or folder"),
    "model_type": _say("not a mapping", "a mapping of keys to values"),
    "model_attributes_type": _say("not a mapping", "a mapping of keys to values"),
}
_EXPECTED: dict[str, _Words] = _TYPES | {
    "greater_than": _say("out of range", "more than {gt}"),
    "greater_than_equal": _say("out of range", "{ge} or more"),
    "less_than": _say("out of range", "less than {lt}"),
    "less_than_equal": _say("out of range", "{le} at most"),
    "finite_number": _say("not finite", "a number"),
    "literal_error": _say("unknown word", "{expected}"),
    "too_short": _say("too few", "at least {min_length}"),
    "too_long": _say("too many", "at most {max_length}"),
}
