"""The users of a closed loop and their think times, as they are written."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, PlainSerializer, PlainValidator, ValidationInfo

from eiload.base.near import nearest
from eiload.base.quantity import shown
from eiload.base.units import format_duration
from eiload.scenario.fields import Whole, duration
from eiload.scenario.form import Form
from eiload.scenario.scalar import number_in
from eiload.scenario.users import Exponential, Lognormal, RampUsers, StepUsers, Think, Users

__all__ = ["ThinkField", "UsersField", "fits", "think_written", "users_written"]

USERS_AT_MOST = 100_000
STEPS_AT_MOST = 1_000

CONSTANT = duration("0 s", "1 h", example="1 s")
POSITIVE = duration("0 s", "1 h", above=True, example="1 s")


class RampUsersForm(Form):
    """Users who come, or go, one after the other over the phase."""

    start: Whole = Field(alias="from", ge=0, le=USERS_AT_MOST, description="users at the start")
    end: Whole = Field(alias="to", ge=0, le=USERS_AT_MOST, description="users at the end")


class StepUsersForm(Form):
    """One number of users after the other."""

    steps: Annotated[
        tuple[Annotated[Whole, Field(ge=0, le=USERS_AT_MOST)], ...], Field(strict=False)
    ] = Field(max_length=STEPS_AT_MOST, description="users, in order", examples=[["5", "10"]])
    each: Annotated[int, duration("0 s", "30 d", above=True, example="2 min")] | None = Field(
        default=None, description="how long each lasts; left out: the phase in equal parts"
    )


class MeanForm(Form):
    """A law with a mean."""

    mean: Annotated[int, POSITIVE] = Field(description="in the mean")


class ExponentialForm(Form):
    """Think times from an exponential law."""

    exponential: MeanForm = Field(description="without a memory, as of many tasks")


class MedianForm(Form):
    """A law with a median and a tail."""

    median: Annotated[int, POSITIVE] = Field(description="half of the times are shorter")
    p99: Annotated[int, POSITIVE] = Field(description="99 % of the times are shorter")


class LognormalForm(Form):
    """Think times from a lognormal law."""

    lognormal: MedianForm = Field(description="most short, some very long, as people's")


def _users(value: object, info: ValidationInfo) -> Users:
    if isinstance(value, RampUsers | StepUsers):
        return value
    if not isinstance(value, Mapping):
        return _count(number_in(value))
    if {"from", "to"} & value.keys():
        ramp = RampUsersForm.read(value, info)
        if ramp.start == ramp.end:
            raise ValueError(
                f"a ramp from {ramp.start} to {ramp.end}; expected two different numbers"
            )
        return RampUsers(ramp.start, ramp.end)
    if not {"steps", "each"} & value.keys():
        given = next(iter(value), "")
        hint = nearest(given, ("from", "to", "steps")) if isinstance(given, str) else ""
        raise ValueError(
            f"no such users, got {shown(given)}; expected 10, {{from, to}} or {{steps}}{hint}"
        )
    steps = StepUsersForm.read(value, info)
    if not any(steps.steps):
        raise ValueError("nobody; expected a step above 0")
    return StepUsers(steps.steps, steps.each)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        got = "a list" if isinstance(value, list | tuple) else shown(value)
        got = "nothing" if value is None else got
        raise ValueError(  # noqa: TRY004 - pydantic collects ValueErrors
            f"not a whole number, got {got}; expected 10, {{from, to}} or {{steps}}"
        )
    if not 1 <= value <= USERS_AT_MOST:
        expected = "1 or more" if value < 1 else f"{USERS_AT_MOST} at most"
        raise ValueError(f"out of range, got {value}; expected {expected}")
    return value


def fits(users: Users, duration_ns: int) -> None:
    """Look whether the steps of users are as long as their phase.

    Raises:
        ValueError: they are not.
    """
    if isinstance(users, StepUsers) and users.each_ns:
        whole_ns = users.each_ns * len(users.levels)
        if whole_ns != duration_ns:
            whole = format_duration(whole_ns)
            raise ValueError(
                f"{len(users.levels)} steps of {format_duration(users.each_ns)} are {whole}, the "
                f"phase is {format_duration(duration_ns)}; expected 'for: {whole}', or no 'each' "
                "for equal parts"
            )


def users_written(users: Users) -> object:
    """Return users as they are written in a scenario."""
    match users:
        case RampUsers(start, end):
            return {"from": start, "to": end}
        case StepUsers(levels, each_ns):
            each = {} if each_ns is None else {"each": format_duration(each_ns)}
            return {"steps": list(levels), **each}
        case count:
            return count


def _think(value: object, info: ValidationInfo) -> Think:
    if isinstance(value, Exponential | Lognormal):
        return value
    if not isinstance(value, Mapping):
        return int(CONSTANT.number(value, info))
    if "exponential" in value:
        return Exponential(ExponentialForm.read(value, info).exponential.mean)
    if "lognormal" in value:
        law = LognormalForm.read(value, info).lognormal
        if law.p99 <= law.median:
            raise ValueError(
                f"a p99 of {format_duration(law.p99)} and a median of "
                f"{format_duration(law.median)}; expected 'p99' above 'median'"
            )
        return Lognormal(law.median, law.p99)
    given = next(iter(value), "")
    hint = nearest(given, ("exponential", "lognormal")) if isinstance(given, str) else ""
    raise ValueError(
        f"no such law, got {shown(given)}; expected 1 s, {{exponential: {{mean: 1 s}}}} or "
        f"{{lognormal: {{median: 1 s, p99: 8 s}}}}{hint}"
    )


def think_written(think: Think) -> object:
    """Return think times as they are written in a scenario."""
    match think:
        case Exponential(mean_ns):
            return {"exponential": {"mean": format_duration(mean_ns)}}
        case Lognormal(median_ns, p99_ns):
            law = {"median": format_duration(median_ns), "p99": format_duration(p99_ns)}
            return {"lognormal": law}
        case constant_ns:
            return format_duration(constant_ns)


UsersField = Annotated[
    Users,
    PlainValidator(
        _users,
        json_schema_input_type=Annotated[int, Field(ge=1, le=USERS_AT_MOST)]
        | RampUsersForm
        | StepUsersForm,
    ),
    PlainSerializer(users_written),
]

ThinkField = Annotated[
    Think,
    PlainValidator(
        _think, json_schema_input_type=Annotated[int, CONSTANT] | ExponentialForm | LognormalForm
    ),
    PlainSerializer(think_written),
]
