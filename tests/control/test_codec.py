"""Dataclasses to plain data and back, and nothing else back."""

import math
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.control.codec import TEXT_AT_MOST, AtMost, Form, decode, encode, kind_of


class Pair(NamedTuple):
    """Two of a kind."""

    one: int
    other: int


@dataclass(frozen=True)
class Inner:
    """Stands in a message."""

    share: float
    note: str = ""


@dataclass(frozen=True)
class Whole:
    """A message with a field of every kind."""

    text: str
    few: Annotated[int, AtMost(7)]
    sure: bool
    data: bytes
    inner: Inner
    maybe: int | None
    several: tuple[Inner, ...]
    table: dict[str, tuple[Pair, ...]]
    number: Annotated[complex, Form(str, str, complex)]


@dataclass(frozen=True)
class Bare:
    """A message without fields."""


WHOLE = Whole("a", 7, True, b"b", Inner(0.5), None, (Inner(1, "c"),), {"d": (Pair(1, 2),)}, 1 + 2j)


def test_there_and_back() -> None:
    """What comes back is what went; what travels is plain, and says what it is."""
    assert encode(Bare()) == {"type": "bare"}
    data = encode(WHOLE)
    assert (data["type"], data["number"]) == ("whole", "(1+2j)")
    assert data["inner"] == {"share": 0.5, "note": ""}
    assert decode(data, (Whole, Bare)) == WHOLE
    assert decode({**data, "several": [{"share": 1, "note": "c"}]}, (Whole,)) == WHOLE


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("text", 1, "text: expected a text of at most 100000 characters, got 1 (in 'whole')"),
        ("text", "x" * (TEXT_AT_MOST + 1), "text: expected a text of at most"),
        ("few", 8, "few: expected at most 7, got 8 (in 'whole')"),
        ("few", -1, "few: expected a whole number that is not negative, got -1"),
        ("few", True, "few: expected a whole number that is not negative, got True"),
        ("few", 1.0, "few: expected a whole number"),
        ("sure", 1, "sure: expected true or false, got 1"),
        ("data", "b", "data: expected bytes, got 'b'"),
        ("inner", [], "inner: expected a table, got list"),
        ("inner", {"share": 1}, "inner: note: missing (in 'whole')"),
        ("inner", {"share": math.inf, "note": ""}, "inner: share: expected a number"),
        ("inner", {"share": 1, "note": "", "\n": 1}, "inner: '\\n': there is no such field"),
        ("maybe", "", "maybe: expected a whole number"),
        ("several", {}, "several: expected a list, got dict"),
        ("several", [None], "several: expected a table, got NoneType"),
        ("table", {1: []}, "table: expected a text"),
        ("table", {"d": [[1]]}, "table: expected a list of 2, got list"),
        ("number", 1, "number: expected str, got 1"),
        ("number", "one", "number: complex() arg is a malformed string (in 'whole')"),
        ("other", 1, "'other': there is no such field (in 'whole')"),
    ],
)
def test_what_does_not_fit(field: str, value: object, said: str) -> None:
    """The field, what was expected, what came and of which message: in one line."""
    with pytest.raises(ValueError, match=r" \(in 'whole'\)$") as refused:
        decode({**encode(WHOLE), field: value}, (Whole,))
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("data", [None, 7, [], "bare", {}, {"type": 7}, {"type": "other"}])
def test_what_is_none_of_them(data: Any) -> None:
    """Something else is refused by what there might have been."""
    with pytest.raises(ValueError, match=r"^type: expected one of whole, bare, got "):
        decode(data, (Whole, Bare))
    assert kind_of(data) in {"", "other"}


@given(st.recursive(st.none() | st.integers() | st.text() | st.binary(), st.lists))
def test_a_field_of_anything(value: object) -> None:
    """Whatever stands in a field, no other error comes of it."""
    for field in encode(WHOLE):
        refused = ""
        try:
            decode({**encode(WHOLE), field: value}, (Whole,))
        except ValueError as error:
            refused = str(error)
        assert len(refused) < 400
