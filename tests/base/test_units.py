"""units: what is written is read, what is formatted is read back, what is wrong says why."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.base import units

PARSERS: list[Callable[[object], float]] = [
    units.parse_bandwidth,
    units.parse_duration,
    units.parse_percentile,
    units.parse_price,
    units.parse_rate,
    units.parse_share,
    units.parse_size,
]

READ = [
    (units.parse_duration, "250 ms", 250_000_000),
    (units.parse_duration, "250ms", 250_000_000),
    (units.parse_duration, "  1.5 s ", 1_500_000_000),
    (units.parse_duration, "10 min", 600_000_000_000),
    (units.parse_duration, "2 h", 7_200_000_000_000),
    (units.parse_duration, "1 d", 86_400_000_000_000),
    (units.parse_duration, "7 us", 7_000),
    (units.parse_duration, "7 µs", 7_000),
    (units.parse_duration, "7 μs", 7_000),
    (units.parse_duration, "7 ns", 7),
    (units.parse_duration, "0 s", 0),
    (units.parse_duration, ".5 s", 500_000_000),
    (units.parse_duration, "1e3 ms", 1_000_000_000),
    (units.parse_duration, "0.000000001 s", 1),
    (units.parse_rate, "20/s", 20.0),
    (units.parse_rate, "90/min", 1.5),
    (units.parse_rate, "3600 / h", 1.0),
    (units.parse_rate, "0.1 /s", 0.1),
    (units.parse_share, "0.1 %", 0.001),
    (units.parse_share, "99.9%", 0.999),
    (units.parse_share, "100 %", 1.0),
    (units.parse_size, "512 MB", 512_000_000),
    (units.parse_size, "1.5GiB", 3 << 29),
    (units.parse_size, "0 B", 0),
    (units.parse_bandwidth, "1.2 Gbit/s", 150_000_000.0),
    (units.parse_bandwidth, "100 MB/s", 100_000_000.0),
    (units.parse_price, "0.90 USD/h", 0.9),
    (units.parse_price, "0.085 USD/h + 0.12 USD/h", 0.205),
    (units.parse_percentile, "p50", 0.5),
    (units.parse_percentile, "p99", 0.99),
    (units.parse_percentile, "p99.9", 0.999),
    (units.parse_percentile, "P99.99", 0.9999),
]

REFUSED = [
    (units.parse_duration, "500", "no unit, got '500'; "),
    (units.parse_duration, "500", "(did you mean '500 ms' or '500 s'?)"),
    (units.parse_duration, 500, "(did you mean '500 ms' or '500 s'?)"),
    (units.parse_duration, "5m", "(did you mean '5 ms' or '5 min'?)"),
    (units.parse_duration, "5 MS", "(did you mean '5 ms'?)"),
    (units.parse_duration, "3 seconds", "(did you mean '3 s'?)"),
    (units.parse_duration, "3 parsecs", "unknown unit 'parsecs'"),
    (units.parse_duration, "-5 ms", "negative, got '-5 ms'"),
    (units.parse_duration, "0.1 ns", "not a whole number of ns"),
    (units.parse_duration, "1e300 s", "absurdly large"),
    (units.parse_duration, "nan s", "not a duration, got 'nan s'"),
    (units.parse_duration, math.inf, "not a duration, got inf"),
    (units.parse_duration, True, "not a duration, got True"),
    (units.parse_duration, None, "not a duration, got None"),
    (units.parse_duration, "\u0661 s", "not a duration"),
    (units.parse_rate, 8, "(did you mean '8/s' or '8/min'?)"),
    (units.parse_rate, "8 rps", "(did you mean '8/s'?)"),
    (units.parse_rate, "8 per second", "(did you mean '8/s'?)"),
    (units.parse_rate, "-1/s", "negative"),
    (units.parse_rate, "1e999/s", "absurdly large"),
    (units.parse_share, 0.1, "('0.1 %' or '10 %'?)"),
    (units.parse_share, "5", "(did you mean '5 %'?)"),
    (units.parse_share, "101 %", "more than 100 %"),
    (units.parse_size, 512, "(did you mean '512 MB' or '512 GB'?)"),
    (units.parse_size, "512m", "(did you mean '512 MB'?)"),
    (units.parse_size, "0.1 B", "not a whole number of bytes"),
    (units.parse_bandwidth, "10 Gbps", "(did you mean '10 Gbit/s'?)"),
    (units.parse_price, "0.9", "(did you mean '0.9 USD/h'?)"),
    (units.parse_price, "0.9 $/h", "(did you mean '0.9 USD/h'?)"),
    (units.parse_price, "0.9 USD/h + ", "not a price"),
    (units.parse_percentile, "p999", "(did you mean 'p99.9'?)"),
    (units.parse_percentile, 0.99, "(did you mean 'p99'?)"),
    (units.parse_percentile, 99, "(did you mean 'p99'?)"),
    (units.parse_percentile, "p49", "out of range, got 'p49'"),
    (units.parse_percentile, "p99.999", "not a percentile"),
]

WRITTEN = [
    (units.format_duration, 0, "0 s"),
    (units.format_duration, 1, "1 ns"),
    (units.format_duration, 1_500, "1.5 us"),
    (units.format_duration, 250_000_000, "250 ms"),
    (units.format_duration, 1_234_567, "1234.567 us"),
    (units.format_duration, 1_500_000_000, "1.5 s"),
    (units.format_duration, 90_000_000_000, "90 s"),
    (units.format_duration, 600_000_000_000, "10 min"),
    (units.format_duration, 7_200_000_000_000, "2 h"),
    (units.format_rate, 8.0, "8/s"),
    (units.format_rate, 1.5, "1.5/s"),
    (units.format_rate, 100 / 60, "100/min"),
    (units.format_rate, 0.0, "0/s"),
    (units.format_share, 0.001, "0.1 %"),
    (units.format_share, 1.0, "100 %"),
    (units.format_size, 512_000_000, "512 MB"),
    (units.format_size, 1_234_000, "1.234 MB"),
    (units.format_size, 1 << 20, "1048.576 kB"),
    (units.format_size, 1_234_567_891, "1234567.891 kB"),
    (units.format_size, 0, "0 B"),
    (units.format_bandwidth, 150_000_000.0, "1.2 Gbit/s"),
    (units.format_bandwidth, 5.0, "5 B/s"),
    (units.format_price, 0.9, "0.90 USD/h"),
    (units.format_price, 12.0, "12.00 USD/h"),
    (units.format_price, 0.1664, "0.1664 USD/h"),
    (units.format_percentile, 0.5, "p50"),
    (units.format_percentile, 0.999, "p99.9"),
]


@pytest.mark.parametrize(("parse", "text", "number"), READ)
def test_reads_what_people_write(
    parse: Callable[[object], float], text: str, number: float
) -> None:
    """A number with a unit is read exactly, with and without the space."""
    assert parse(text) == number


@pytest.mark.parametrize(("parse", "value", "message"), REFUSED)
def test_says_what_was_expected(
    parse: Callable[[object], float], value: object, message: str
) -> None:
    """What is no such quantity is refused, with the value and a way out."""
    with pytest.raises(ValueError, match=r"got .*expected a ") as refused:
        parse(value)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("write", "number", "text"), WRITTEN)
def test_writes_the_short_form(write: Callable[[float], str], number: float, text: str) -> None:
    """A number is written in the unit in which a person would write it."""
    assert write(number) == text


REALS = st.floats(min_value=0, allow_nan=False, allow_infinity=False)


@given(st.integers(0, 2**63 - 1))
def test_durations_round_trip(duration_ns: int) -> None:
    """Every whole number of ns is written such that the same number is read back."""
    assert units.parse_duration(units.format_duration(duration_ns)) == duration_ns


@given(REALS)
def test_real_quantities_round_trip(number: float) -> None:
    """Every float is written such that the same float is read back."""
    assert units.parse_rate(units.format_rate(number)) == number
    assert units.parse_bandwidth(units.format_bandwidth(number)) == number
    assert units.parse_price(units.format_price(number)) == number


@given(st.floats(0, 1))
def test_shares_round_trip(share: float) -> None:
    """Every share is written such that the same float is read back."""
    assert units.parse_share(units.format_share(share)) == share


@given(st.integers(5000, 9999))
def test_percentiles_round_trip(hundredths: int) -> None:
    """Every percentile with at most two places is read back as the same quantile."""
    quantile = units.parse_percentile(f"p{hundredths / 100}")
    assert units.parse_percentile(units.format_percentile(quantile)) == quantile
    assert quantile == hundredths / 10_000


@given(
    st.text()
    | st.from_regex(r"[+-]?[0-9.eE]{0,12} ?(ms|s|%|/s|/min|USD/h|kB|Gbit/s)?", fullmatch=True)
    | st.integers()
    | st.floats()
    | st.none()
    | st.booleans()
)
def test_any_value_is_read_or_refused(value: object) -> None:
    """Whatever is given is a finite number >= 0 or a ValueError of one line."""
    for parse in PARSERS:
        try:
            number = parse(value)
        except ValueError as refused:
            assert "expected" in str(refused)  # noqa: PT017
            assert "\n" not in str(refused)  # noqa: PT017
        else:
            assert isinstance(value, str)
            assert 0 <= number < math.inf
