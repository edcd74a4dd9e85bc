"""quantity: the grammar alone, on a quantity that there is not."""

from decimal import Decimal
from fractions import Fraction

import pytest

from eiload.base.quantity import TEXT_AT_MOST, Quantity, is_number, plain, shown

ELLS = Quantity("length", ("2 ell", "1 nail"), {"ell": Fraction(16), "nail": Fraction(1)}, ("ell",))


def test_a_number_and_its_unit() -> None:
    """The number is exact, in the unit that is counted in."""
    assert ELLS.parse("0.1 ell") == Fraction(8, 5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2", "no unit, got '2'; expected a length such as '2 ell' or '1 nail' (did you mean"),
        ("2 Ell", "unknown unit 'Ell'"),
        ("-2 ell", "negative"),
        ("2 " + "l" * TEXT_AT_MOST, "not a length"),
        (True, "not a length"),
    ],
)
def test_what_is_no_quantity_is_refused(text: object, said: str) -> None:
    """What was given and what was expected, in one line."""
    with pytest.raises(ValueError, match="got ") as refused:
        ELLS.parse(text)
    assert str(refused.value).startswith(said)


def test_whole_numbers_only_where_they_are_wanted() -> None:
    """A part of the smallest unit is refused, and what no 63 bits hold."""
    with pytest.raises(ValueError, match="not a whole number of nails"):
        ELLS.whole("0.5 nail", of="nails")
    with pytest.raises(ValueError, match="absurdly large"):
        ELLS.whole("1e30 ell", of="nails")


def test_numbers_are_written_plainly() -> None:
    """No trailing zeros, and an exponent only far from 1."""
    assert [plain(Decimal(n)) for n in ("1.500", "100", "1e-20")] == ["1.5", "100", "1e-20"]


def test_long_values_are_cut_in_the_middle() -> None:
    """An error message stays one line whatever was given."""
    assert len(shown("x" * 10_000)) < 70


def test_what_is_a_number() -> None:
    """As Python reads it."""
    assert [is_number(text) for text in ("1", " -2.5e3 ", "nan", "", "dog", "1,2")] == [
        True
    ] * 3 + [False] * 3
