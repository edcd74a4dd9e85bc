"""How long a phase lasts, as it is written: a time, or until everything is decided.

``for: 10 min``, or ``for: {at_least: 5 min, at_most: 1 h, until: decided}``. What does not fit the
rest of the scenario is found here as well: `problems`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from eiload.base.quantity import shown
from eiload.base.units import format_duration, format_share, parse_duration, parse_share
from eiload.scenario.arrivals import OpenPhase
from eiload.scenario.fields import Unit, duration, share
from eiload.scenario.form import Form
from eiload.scenario.problem import Problem, part
from eiload.scenario.rate_field import RUN_AT_MOST
from eiload.scenario.rates import BurstRate, PointsRate, RampRate, SineRate, StepsRate
from eiload.scenario.replay import Replay
from eiload.scenario.until import LOOKS_AT_MOST, MOST_TIMES, STEPPED_NS, Until

__all__ = ["CLOSED", "Length", "LengthField", "UntilForm", "fits", "problems", "written"]

EXAMPLE = "{at_least: 5 min, at_most: 1 h, until: decided}"

CLOSED = (
    "until decided in a closed loop, which can show a miss but never that it holds; expected a "
    "time, or 'rate' instead of 'users'"
)
MOST_WRONG = 0.05
"""How often a word on a run of a fixed length may be wrong, at most (docs/statistics.md)."""

MOVING = ("from", "steps", "points")
"""Keys of rates that are another load later than sooner: what an early end would leave out."""


@dataclass(frozen=True, slots=True)
class Length:
    """How long a phase lasts."""

    duration_ns: int
    """At most, if it may end before."""
    until: Until | None = None


Ns = Annotated[int, duration("0 s", RUN_AT_MOST, above=True, example="5 min")]


class UntilForm(Form):
    """A phase goes on until every objective of it and the comparison are decided."""

    until: Literal["decided"] = Field(
        description="when it ends: at the first planned look at which nothing is open any more",
        examples=["decided"],
    )
    at_most: Ns = Field(description="how long it lasts if something stays open", examples=["1 h"])
    at_least: Ns | None = Field(
        default=None, description="no look before; 5 min, or a twelfth of at_most if that is longer"
    )
    looks: Annotated[tuple[Ns, ...], Field(strict=False)] = Field(
        default=(),
        max_length=LOOKS_AT_MOST,
        description="when it is looked at, from its start; if absent at_least, twice that, four "
        "times ... The last look is always at at_most",
        examples=[["5 min", "20 min"]],
    )
    give_up: Literal["hopeless"] | None = Field(
        default=None,
        description="hopeless: end at a look, too, when the rest of at_most would hardly decide "
        "what is open; shorter, and less often decided",
    )
    error: Annotated[float, share(above=True, example="1 %")] | None = Field(
        default=None,
        description="how often a word may be wrong, by all looks together: less often than on a "
        "run of a fixed length (5 %), which takes longer",
    )

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield times that do not fit together."""
        most_ns, least_ns = _ns(given.get("at_most")), _ns(given.get("at_least"))
        if most_ns and least_ns and least_ns > most_ns:
            least, most = shown(given["at_least"]), shown(given["at_most"])
            yield Problem(
                ("at_least",), f"longer than at_most ({most}), got {least}; expected at most {most}"
            )
        if _share(given.get("error")) > MOST_WRONG:
            text = f"wrong more often than on a fixed run, got {shown(given['error'])}"
            yield Problem(("error",), f"{text}; expected at most {format_share(MOST_WRONG)}")
        looks = given.get("looks")
        looks = looks if isinstance(looks, list | tuple) else []
        times_ns = [_ns(each) for each in looks]
        for index, look_ns in enumerate(times_ns):
            before_ns = times_ns[index - 1] if index else None
            if not look_ns:
                continue
            if before_ns and look_ns <= before_ns:
                text = f"not after the look before it, got {shown(looks[index])}"
                yield Problem(("looks", index), f"{text}; expected looks in order")
            if most_ns and look_ns > most_ns:
                text = f"after at_most ({shown(given['at_most'])}), got {shown(looks[index])}"
                yield Problem(("looks", index), f"{text}; expected looks before the end")
            soonest_ns = -(-most_ns // MOST_TIMES) if most_ns and most_ns >= STEPPED_NS else 0
            if not index and look_ns < soonest_ns:
                text = f"too soon in a plan of {shown(given['at_most'])}, got {shown(looks[index])}"
                soonest = format_duration(soonest_ns)
                yield Problem(("looks", index), f"{text}; expected {soonest} or later")
            if least_ns and look_ns < least_ns:
                text = f"before at_least ({shown(given['at_least'])}), got {shown(looks[index])}"
                yield Problem(("looks", index), f"{text}; expected the first look no sooner")

    def length(self) -> Length:
        """Return what it says."""
        until = Until(self.at_least, self.looks, self.give_up == "hopeless", self.error or 0.0)
        return Length(self.at_most, until)


@dataclass(frozen=True, slots=True)
class Lasting(Unit):
    """A duration, or a mapping that says until when."""

    json_schema_input_type: type[Form] = field(default=UntilForm)
    """What a mapping there is (`eiload.scenario.words`)."""

    def length(self, value: object, info: ValidationInfo) -> Length:
        """Return the length that `value` says.

        Raises:
            ValueError: it is none.
        """
        if isinstance(value, Length):
            return value
        if isinstance(value, Mapping):
            return UntilForm.read(value, info).length()
        return Length(int(self.number(value, info)))

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Read either form."""
        del source, handler
        return core_schema.with_info_plain_validator_function(self.length)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe either form."""
        time = Unit.__get_pydantic_json_schema__(self, schema, handler)
        return {"anyOf": [time, handler(UntilForm.__pydantic_core_schema__)]}


_TIME = duration("0 s", RUN_AT_MOST, above=True, example="10 min")
LengthField = Annotated[
    Length,
    Lasting(
        _TIME.parse, _TIME.write, _TIME.pattern, _TIME.examples, _TIME.low, _TIME.high, _TIME.above
    ),
]


def written(duration_ns: int, until: Until | None) -> object:
    """Return how long a phase lasts, as it is written in a scenario."""
    if until is None:
        return format_duration(duration_ns)
    said: dict[str, object] = {"until": "decided", "at_most": format_duration(duration_ns)}
    if until.at_least_ns is not None:
        said["at_least"] = format_duration(until.at_least_ns)
    if until.given_ns:
        said["looks"] = [format_duration(each) for each in until.given_ns]
    if until.give_up:
        said["give_up"] = "hopeless"
    if until.error:
        said["error"] = format_share(until.error)
    return said


def _ns(given: object) -> int | None:
    """Return a duration, however wrong what was given may be; None if it cannot be read."""
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    try:
        return parse_duration(given)
    except ValueError:
        return None


def _share(given: object) -> float:
    """Return a share, however wrong what was given may be; 0 if it cannot be read."""
    if isinstance(given, float):
        return given
    try:
        return parse_share(given)
    except ValueError:
        return 0.0


def fits(phase: OpenPhase) -> None:
    """Look whether a phase's rate is the same load at each look.

    Raises:
        ValueError: its rate has periods that are longer than the time before the first look.
    """
    if phase.until is None:
        return
    first_ns = phase.until.looks_ns(phase.duration_ns)[0]
    match phase.rate:
        case SineRate(period_ns=period_ns) | BurstRate(every_ns=period_ns):
            if period_ns > first_ns:
                raise ValueError(
                    f"looked at within a period ({format_duration(period_ns)}), first after "
                    f"{format_duration(first_ns)}; expected 'at_least' to be a period or more"
                )


# -- beside the rest of a scenario -----------------------------------------------------------------


def problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what stands against phases that last until all is decided.

    Args:
        given: the scenario's keys and values, however wrong they are; phases may be records.
    """
    traffic = given.get("traffic")
    if not isinstance(traffic, Sequence) or isinstance(traffic, str):
        return
    for index, phase in enumerate(traffic):
        if not _goes_on(phase):
            continue
        where = ("traffic", index, "for")
        if index < len(traffic) - 1:
            yield Problem(
                where,
                "until decided in a phase that is not the last, and the ones after it would begin "
                "nobody knows when; expected a time here, or this phase at the end",
            )
        if part(phase, "warm_up") is True:
            yield Problem(where, "until decided in a warm-up, which is not judged; expected a time")
        if part(phase, "users") is not None or part(phase, "think") is not None:
            yield Problem(where, CLOSED)
        if part(phase, "replay") is not None or _moves(part(phase, "rate")):
            yield Problem(
                where,
                "until decided where the load changes over the phase, so that an early end would "
                "judge another load; expected a time, or a rate that stays",
            )
        if not _asks(given, part(phase, "phase", "name")):
            yield Problem(
                where,
                "until decided, and nothing is to be decided; expected an objective of this phase "
                "under 'objectives:', or 'compare:'",
            )


def _goes_on(phase: object) -> bool:
    if isinstance(phase, Mapping):
        return isinstance(phase.get("for"), Mapping)
    return getattr(phase, "until", None) is not None


def _moves(rate: object) -> bool:
    if isinstance(rate, Mapping):
        return any(key in rate for key in MOVING)
    return isinstance(rate, RampRate | StepsRate | PointsRate | Replay)


def _asks(given: Mapping[str, Any], name: object) -> bool:
    """Tell whether anything is asked of the phase of a name, as far as it can be read."""
    if given.get("compare") is not None:
        return True
    objectives = given.get("objectives", ())
    if not isinstance(objectives, Sequence) or isinstance(objectives, str):
        return True  # it has its own problem
    named = [each if isinstance(each, str) else part(each, "phase") for each in objectives]
    return any(
        isinstance(each, str) or phase in (None, name)
        for each, phase in zip(objectives, named, strict=True)
    )
