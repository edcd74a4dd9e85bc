"""A rate as it is written: a number, or how it moves over its phase.

What is written is checked here, alone (`RateField`) and against the phase's length (`fits`), and
kept as the frozen records of `rates`, which know nothing of YAML.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, ValidationInfo

from eiload.base.near import nearest
from eiload.base.quantity import shown
from eiload.base.units import format_duration, format_rate
from eiload.scenario.fields import duration, rate
from eiload.scenario.form import Form
from eiload.scenario.rate_points import points_of
from eiload.scenario.rates import (
    BurstRate,
    ConstantRate,
    MarkovRate,
    PointsRate,
    RampRate,
    Rate,
    SineRate,
    StepsRate,
)

__all__ = ["RUN_AT_MOST", "RateField", "fits", "written"]

RUN_AT_MOST = "30 d"

TURNS_AT_MOST = 100_000
"""Bursts or changes in one phase: each is a piece of the rate's profile, nobody looks at more."""

PERIODS_AT_MOST = 2_000
"""Of a sine, which has 128 pieces to a period."""

STEPS_AT_MOST, POINTS_AT_MOST = 1_000, 5_000
"""As many as a scenario's text may have values for (`document.VALUES_AT_MOST`)."""

PLAIN_RATE = rate()


def _span(example: str) -> object:
    return duration("0 s", RUN_AT_MOST, above=True, example=example)


class BurstForm(Form):
    """A rate with bursts: `base`, and at the end of every period a burst."""

    base: Annotated[float, rate()] = Field(description="the rate between bursts")
    burst: Annotated[float, rate(above=True)] = Field(description="the rate in a burst")
    burst_for: Annotated[int, _span("2 s")] = Field(description="how long a burst lasts")
    every: Annotated[int, _span("30 s")] = Field(
        description="from the start of one burst to the start of the next"
    )


class RampForm(Form):
    """A rate that rises or falls linearly over the phase."""

    start: Annotated[float, rate()] = Field(alias="from", description="the rate at the start")
    end: Annotated[float, rate()] = Field(alias="to", description="the rate at the end")


class StepsForm(Form):
    """One level after the other."""

    steps: Annotated[tuple[Annotated[float, rate()], ...], Field(strict=False)] = Field(
        min_length=1,
        max_length=STEPS_AT_MOST,
        description="the rates, in order",
        examples=[["5/s", "10/s", "20/s"]],
    )
    each: Annotated[int, _span("2 min")] | None = Field(
        default=None, description="how long each lasts; left out: the phase in equal parts"
    )


class Wave(Form):
    """A sine around a mean, rising at first."""

    mean: Annotated[float, rate(above=True)] = Field(description="the rate in the mean")
    amplitude: Annotated[float, rate()] = Field(description="the peak's height over the mean")
    period: Annotated[int, _span("10 min")] = Field(description="from peak to peak")


class SineForm(Form):
    """A rate that swings."""

    sine: Wave = Field(description="a sine around a mean")


class PointsForm(Form):
    """A rate through points, linear from each to the next."""

    points: Annotated[
        tuple[tuple[int, float], ...],
        BeforeValidator(points_of, json_schema_input_type=str | list[tuple[str, str]]),
        Field(strict=False),
    ] = Field(
        max_length=POINTS_AT_MOST,
        description="instants and the rates there, or a CSV file of them with the columns 'at' "
        "and 'rate'; two at one instant are a jump",
    )


class States(Form):
    """Two states that take turns, each for an exponential time."""

    calm: Annotated[float, rate()] = Field(description="the lower rate")
    busy: Annotated[float, rate(above=True)] = Field(description="the higher rate")
    calm_for: Annotated[int, _span("60 s")] = Field(description="how long it is calm, in the mean")
    busy_for: Annotated[int, _span("5 s")] = Field(description="how long it is busy, in the mean")


class MarkovForm(Form):
    """A rate that jumps between two states at seeded instants."""

    markov: States = Field(description="two states that take turns")


FORMS: Mapping[str, type[Form]] = {
    "from": RampForm,
    "to": RampForm,
    "base": BurstForm,
    "burst": BurstForm,
    "burst_for": BurstForm,
    "every": BurstForm,
    "steps": StepsForm,
    "each": StepsForm,
    "sine": SineForm,
    "points": PointsForm,
    "markov": MarkovForm,
}
"""Which form is meant, by the keys that are given."""


def _rate(value: object, info: ValidationInfo) -> Rate:
    if isinstance(value, Rate):
        return value
    if not isinstance(value, Mapping):
        return ConstantRate(PLAIN_RATE.number(value, info))
    form = next((FORMS[key] for key in FORMS if key in value), None)
    if form is None:
        given = next(iter(value), "")
        hint = nearest(given, FORMS) if isinstance(given, str) else ""
        raise ValueError(
            f"no such rate, got {shown(given)}; expected 8/s, {{from, to}}, {{base, burst, "
            f"burst_for, every}}, {{steps}}, {{sine}}, {{points}} or {{markov}}{hint}"
        )
    return _checked(form.read(value, info))


def _checked(form: Form) -> Rate:
    """Return the rate that a form says, if what it says makes sense.

    Raises:
        ValueError: it does not.
    """
    match form:
        case RampForm(start=start, end=end):
            if start == end == 0:
                raise ValueError("a ramp from 0/s to 0/s; expected one of the two above 0/s")
            return RampRate(start, end)
        case StepsForm(steps=levels, each=each):
            if not any(levels):
                raise ValueError("nothing but 0/s; expected a step above it")
            return StepsRate(levels, each)
        case SineForm(sine=wave):
            if wave.amplitude > wave.mean:
                raise ValueError(
                    f"an amplitude of {format_rate(wave.amplitude)} around a mean of "
                    f"{format_rate(wave.mean)}; expected no more than the mean"
                )
            return SineRate(wave.mean, wave.amplitude, wave.period)
        case PointsForm(points=points):
            if not any(per_s for _, per_s in points):
                raise ValueError("nothing but 0/s; expected a point above it")
            return PointsRate(points)
        case MarkovForm(markov=states):
            _expect_higher("busy", states.busy, "calm", states.calm)
            return MarkovRate(states.calm, states.busy, states.calm_for, states.busy_for)
        case BurstForm() as burst:
            if burst.burst_for >= burst.every:
                raise ValueError(
                    f"a burst of {format_duration(burst.burst_for)} every "
                    f"{format_duration(burst.every)}; expected 'burst_for' shorter than 'every'"
                )
            _expect_higher("burst", burst.burst, "base", burst.base)
            return BurstRate(burst.base, burst.burst, burst.burst_for, burst.every)
    raise AssertionError(form)


def _expect_higher(high: str, high_per_s: float, low: str, low_per_s: float) -> None:
    if high_per_s <= low_per_s:
        what = f"a {high} of" if high == "burst" else f"{high} at"
        over = f"over a {low} of" if low == "base" else f"and {low} at"
        raise ValueError(
            f"{what} {format_rate(high_per_s)} {over} {format_rate(low_per_s)}; "
            f"expected {high!r} above {low!r}"
        )


def fits(rate: Rate, duration_ns: int) -> None:
    """Look whether a rate goes with the length of its phase.

    Raises:
        ValueError: part of it would never be, or it turns more often than anyone needs.
    """
    length = format_duration(duration_ns)
    match rate:
        case BurstRate(_, _, burst_for_ns, every_ns):
            if every_ns - burst_for_ns >= duration_ns:
                first = format_duration(every_ns - burst_for_ns)
                raise ValueError(
                    f"no burst within {length}, the first is due after {first}; "
                    "expected a longer phase or a shorter 'every'"
                )
            _expect_few("a burst every", every_ns, duration_ns, TURNS_AT_MOST)
        case StepsRate(levels, each_ns) if each_ns and each_ns * len(levels) != duration_ns:
            whole = format_duration(each_ns * len(levels))
            raise ValueError(
                f"{len(levels)} steps of {format_duration(each_ns)} are {whole}, the phase is "
                f"{length}; expected 'for: {whole}', or no 'each' for equal parts"
            )
        case SineRate(_, _, period_ns):
            _expect_few("a period every", period_ns, duration_ns, PERIODS_AT_MOST)
        case PointsRate(points) if points[-1][0] != duration_ns:
            last = format_duration(points[-1][0])
            raise ValueError(
                f"the last point is at {last}, the phase is {length}; expected 'for: {last}', or "
                f"a last point at {length}"
            )
        case MarkovRate(_, _, calm_for_ns, busy_for_ns):
            mean_ns = (calm_for_ns + busy_for_ns) / 2
            _expect_few("a change every", round(mean_ns), duration_ns, TURNS_AT_MOST)


def _expect_few(what: str, every_ns: int, duration_ns: int, most: int) -> None:
    if duration_ns // max(1, every_ns) > most:
        raise ValueError(
            f"{what} {format_duration(every_ns)} for {format_duration(duration_ns)} is absurd; "
            f"expected at most {most:,}"
        )


def written(rate: Rate) -> object:
    """Return a rate as it is written in a scenario."""
    if isinstance(rate, ConstantRate):
        return format_rate(rate.per_s)
    how: dict[str, object]
    match rate:
        case RampRate(start, end):
            how = {"from": format_rate(start), "to": format_rate(end)}
        case BurstRate(base, burst, burst_for_ns, every_ns):
            how = {"base": format_rate(base), "burst": format_rate(burst)}
            how |= {"burst_for": format_duration(burst_for_ns), "every": format_duration(every_ns)}
        case StepsRate(levels, each_ns):
            how = {"steps": [format_rate(level) for level in levels]}
            how |= {} if each_ns is None else {"each": format_duration(each_ns)}
        case SineRate(mean, amplitude, period_ns):
            wave = {"mean": format_rate(mean), "amplitude": format_rate(amplitude)}
            how = {"sine": wave | {"period": format_duration(period_ns)}}
        case PointsRate(points):
            how = {"points": [[format_duration(at), format_rate(per_s)] for at, per_s in points]}
        case MarkovRate(calm, busy, calm_for_ns, busy_for_ns):
            states = {"calm": format_rate(calm), "busy": format_rate(busy)}
            states |= {"calm_for": format_duration(calm_for_ns)}
            how = {"markov": states | {"busy_for": format_duration(busy_for_ns)}}
    return how


RateField = Annotated[
    Rate,
    PlainValidator(
        _rate,
        json_schema_input_type=Annotated[float, PLAIN_RATE]
        | BurstForm
        | RampForm
        | StepsForm
        | SineForm
        | PointsForm
        | MarkovForm,
    ),
    PlainSerializer(written),
]
