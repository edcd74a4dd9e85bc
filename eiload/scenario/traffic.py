"""A phase of traffic as it is written, and as `eiload.scenario.arrivals` computes it.

``{phase: steady, rate: 8/s, for: 10 min}`` is an open loop, ``{phase: users, users: 10, think: 1 s,
for: 5 min}`` a closed one; which one is meant is said by the keys. What is written is checked here
and kept as arrivals' own frozen records, which know nothing of YAML; `written` goes the way back.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer, PlainValidator, ValidationInfo

from eiload.base.quantity import shown
from eiload.base.units import format_duration, format_rate
from eiload.scenario.arrivals import (
    BurstRate,
    ClosedPhase,
    ConstantRate,
    OpenPhase,
    Phase,
    RampRate,
    Rate,
)
from eiload.scenario.fields import Name, Whole, YesNo, duration, rate
from eiload.scenario.form import Form

__all__ = ["RUN_AT_MOST", "PhaseField"]

RUN_AT_MOST = "30 d"
USERS_AT_MOST = 100_000
BURSTS_AT_MOST = 100_000
"""In one phase: each is a piece of the rate's profile, and nobody looks at more."""

CONSTANT_RATE = rate(above=True)


class BurstForm(Form):
    """A rate with bursts: `base`, and at the end of every period a burst."""

    base: Annotated[float, rate()] = Field(description="the rate between bursts")
    burst: Annotated[float, rate(above=True)] = Field(description="the rate in a burst")
    burst_for: Annotated[int, duration("0 s", RUN_AT_MOST, above=True, example="2 s")] = Field(
        description="how long a burst lasts"
    )
    every: Annotated[int, duration("0 s", RUN_AT_MOST, above=True, example="30 s")] = Field(
        description="from the start of one burst to the start of the next"
    )


class RampForm(Form):
    """A rate that rises or falls linearly over the phase."""

    start: Annotated[float, rate()] = Field(alias="from", description="the rate at the start")
    end: Annotated[float, rate()] = Field(alias="to", description="the rate at the end")


def _rate(value: object, info: ValidationInfo) -> Rate:
    if isinstance(value, Rate):
        return value
    if not isinstance(value, Mapping):
        return ConstantRate(CONSTANT_RATE.number(value, info))
    if {"from", "to"} & value.keys():
        ramp = RampForm.read(value, info)
        if ramp.start == ramp.end == 0:
            raise ValueError("a ramp from 0/s to 0/s; expected one of the two above 0/s")
        return RampRate(ramp.start, ramp.end)
    burst = BurstForm.read(value, info)
    if burst.burst_for >= burst.every:
        raise ValueError(
            f"a burst of {format_duration(burst.burst_for)} every {format_duration(burst.every)}; "
            "expected 'burst_for' shorter than 'every'"
        )
    if burst.burst <= burst.base:
        raise ValueError(
            f"a burst of {format_rate(burst.burst)} over a base of {format_rate(burst.base)}; "
            "expected 'burst' above 'base'"
        )
    return BurstRate(burst.base, burst.burst, burst.burst_for, burst.every)


RateField = Annotated[
    Rate,
    PlainValidator(
        _rate, json_schema_input_type=Annotated[float, CONSTANT_RATE] | BurstForm | RampForm
    ),
]
PhaseNs = Annotated[int, duration("0 s", RUN_AT_MOST, above=True, example="10 min")]


class OpenForm(Form):
    """A phase in which requests arrive on their own schedule, whatever the server does."""

    phase: Name = Field(description="name of the phase, unique in the scenario")
    rate: RateField = Field(
        description="arrivals per second at each target: 8/s, or bursts {base, burst, burst_for, "
        "every}, or a ramp {from, to}"
    )
    arrivals: Literal["poisson", "constant"] = Field(
        default="poisson",
        description="poisson: as from many independent users; constant: evenly spaced",
    )
    for_: PhaseNs = Field(alias="for", description="how long the phase lasts")
    warm_up: YesNo = Field(default=False, description="measured and shown, but never judged")


class ClosedForm(Form):
    """A phase with a fixed number of users, each waiting for its answer before the next request."""

    phase: Name = Field(description="name of the phase, unique in the scenario")
    users: Whole = Field(ge=1, le=USERS_AT_MOST, description="users of each target")
    think: Annotated[int, duration("0 s", "1 h", example="1 s")] = Field(
        default=0, description="what a user waits between an answer and the next request"
    )
    for_: PhaseNs = Field(alias="for", description="how long the phase lasts")
    warm_up: YesNo = Field(default=False, description="measured and shown, but never judged")


def _phase(value: object, info: ValidationInfo) -> Phase:
    if isinstance(value, Phase):
        return value
    if not isinstance(value, Mapping):
        raise ValueError(  # noqa: TRY004 - pydantic collects ValueErrors
            f"not a phase, got {shown(value)}; "
            "expected a mapping such as {phase: steady, rate: 8/s, for: 10 min}"
        )
    if not {"users", "think"} & value.keys():
        form = OpenForm.read(value, info)
        phase = OpenPhase(form.phase, form.for_, form.rate, form.arrivals, form.warm_up)
        _expect_bursts(phase)
        return phase
    if "rate" in value:
        raise ValueError(
            "both a rate and users; expected 'rate' for an open loop or 'users' for a closed one"
        )
    closed = ClosedForm.read(value, info)
    return ClosedPhase(closed.phase, closed.for_, closed.users, closed.think, closed.warm_up)


def _expect_bursts(phase: OpenPhase) -> None:
    """Raise a ValueError if the phase has bursts by name only, or more than anyone needs."""
    if not isinstance(phase.rate, BurstRate):
        return
    calm_ns = phase.rate.every_ns - phase.rate.burst_for_ns
    length, every = format_duration(phase.duration_ns), format_duration(phase.rate.every_ns)
    if calm_ns >= phase.duration_ns:
        raise ValueError(
            f"no burst within {length}, the first is due after {format_duration(calm_ns)}; "
            "expected a longer phase or a shorter 'every'"
        )
    if phase.duration_ns // phase.rate.every_ns > BURSTS_AT_MOST:
        raise ValueError(
            f"a burst every {every} for {length} is absurd; expected at most {BURSTS_AT_MOST:,}"
        )


def _written_rate(rate: Rate) -> object:
    match rate:
        case ConstantRate(per_s):
            return format_rate(per_s)
        case RampRate(start, end):
            return {"from": format_rate(start), "to": format_rate(end)}
        case BurstRate(base, burst, burst_for_ns, every_ns):
            return {
                "base": format_rate(base),
                "burst": format_rate(burst),
                "burst_for": format_duration(burst_for_ns),
                "every": format_duration(every_ns),
            }


def _written(phase: Phase) -> dict[str, object]:
    """Return the phase as it is written in a scenario."""
    match phase:
        case OpenPhase(name, duration_ns, rate, process, warm_up):
            how: dict[str, object] = {"rate": _written_rate(rate), "arrivals": process}
        case ClosedPhase(name, duration_ns, users, think_ns, warm_up):
            how = {"users": users, "think": format_duration(think_ns)}
    return {"phase": name, **how, "for": format_duration(duration_ns), "warm_up": warm_up}


PhaseField = Annotated[
    Phase,
    PlainValidator(_phase, json_schema_input_type=OpenForm | ClosedForm),
    PlainSerializer(_written),
]
