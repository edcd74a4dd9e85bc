"""The grammar of a quantity: a number and a unit that is always required.

What it knows: how a number is written, which unit was meant, what is said of a text that is no
quantity. Which quantities there are is `base.units`. Arithmetic between text and number is exact.
"""

import re
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

__all__ = ["TEXT_AT_MOST", "Quantity", "decimal", "is_number", "plain", "shown"]

TEXT_AT_MOST = 200
"""Longer texts are no quantities; the bound keeps exact arithmetic cheap whatever is given."""

_NUMBER = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_QUANTITY = re.compile(rf"(?P<sign>[+-]?)(?P<number>{_NUMBER})\s*(?P<unit>.*)", re.DOTALL)
_SPACED_SLASH = re.compile(r"\s*/\s*")

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = 60


def shown(value: object) -> str:
    """Return `value` as error messages show it: its repr, cut in the middle when it is long."""
    return _repr.repr(value)


@dataclass(frozen=True, slots=True)
class Quantity:
    """One kind of quantity: its units, and what its error messages say."""

    noun: str
    examples: tuple[str, str]
    units: Mapping[str, Fraction]
    """Unit as written: its size in the unit that the code counts in."""
    readings: tuple[str, ...]
    """Units to offer when a number comes without one."""
    misnomers: Mapping[str, str] = field(default_factory=dict)
    """Unit: what people write instead of it, in lower case, separated by commas."""

    @property
    def expected(self) -> str:
        """Return what is said to whoever gave something else."""
        return f"expected a {self.noun} such as {' or '.join(map(repr, self.examples))}"

    def parse(self, value: object) -> Fraction:
        """Return the exact quantity, >= 0, in the unit that the code counts in."""
        written = isinstance(value, str | int | float) and not isinstance(value, bool)
        text = str(value).strip() if written else ""
        found = _QUANTITY.fullmatch(text) if len(text) <= TEXT_AT_MOST else None
        if found is None:
            raise ValueError(f"not a {self.noun}, got {shown(value)}; {self.expected}")
        number, unit = found["number"], _SPACED_SLASH.sub("/", found["unit"])
        if unit not in self.units:
            what = f"unknown unit {shown(unit)}" if unit else "no unit"
            meant = [_joined(number, each) for each in self._meant(unit)]
            hint = f" (did you mean {' or '.join(map(repr, meant))}?)" if meant else ""
            raise ValueError(f"{what}, got {shown(value)}; {self.expected}{hint}")
        if found["sign"] == "-":
            raise ValueError(f"negative, got {shown(value)}; {self.expected}")
        return Fraction(number) * self.units[unit]

    def whole(self, value: object, of: str) -> int:
        """Return `parse(value)`, which has to be a whole number `of` that fits 63 bits."""
        quantity = self.parse(value)
        if quantity >= 2**63:
            raise ValueError(f"absurdly large, got {shown(value)}; {self.expected}")
        if quantity.denominator != 1:
            raise ValueError(f"not a whole number of {of}, got {shown(value)}; {self.expected}")
        return int(quantity)

    def real(self, quantity: Fraction, value: object) -> float:
        """Return the float nearest to `quantity`, which was given as `value`."""
        try:
            return float(quantity)
        except OverflowError:
            raise ValueError(f"absurdly large, got {shown(value)}; {self.expected}") from None

    def _meant(self, unit: str) -> tuple[str, ...]:
        if not unit:
            return self.readings
        word = unit.lower()
        return tuple(
            each
            for each in self.units
            if each.lower() == word or word in self.misnomers.get(each, "").split(", ")
        )


def _joined(number: str, unit: str) -> str:
    """Return number and unit as this module writes them: ``8/s``, ``250 ms``."""
    return f"{number}{unit}" if unit.startswith("/") else f"{number} {unit}"


def plain(number: Decimal) -> str:
    """Return `number` exactly, without trailing zeros; with an exponent only where far from 1."""
    text = f"{number:f}" if -12 <= number.adjusted() <= 20 else f"{number:e}"
    return re.sub(r"\.?0+$", "", text) if "." in text and "e" not in text else text


def decimal(number: float) -> Decimal:
    """Return the shortest decimal that reads back as `number`."""
    return Decimal(repr(number))


def is_number(text: str) -> bool:
    """Tell whether Python reads a text as a number, ``nan`` and ``inf`` included."""
    try:
        float(text)
    except ValueError:
        return False
    return True
