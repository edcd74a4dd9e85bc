"""A phase of traffic as it is written, and as `eiload.scenario.arrivals` computes it.

``{phase: steady, rate: 8/s, for: 10 min}`` is an open loop, as is ``{phase: monday, replay: {file:
trace.csv}, for: 1 h}``; ``{phase: users, users: 10, think: 1 s, for: 5 min}`` is a closed one. The
keys say which is meant; how long a phase lasts is `until_field`'s. What is written is checked here
and kept as arrivals' own frozen records, which know nothing of YAML; `written` goes the way back.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, PlainSerializer, PlainValidator, ValidationInfo

from eiload.base.quantity import shown
from eiload.scenario import law_field, rate_field, replay_field, until_field, users_field
from eiload.scenario.arrivals import ClosedPhase, OpenPhase, Phase, Replay
from eiload.scenario.fields import Name, YesNo
from eiload.scenario.form import Form
from eiload.scenario.law_field import LawField
from eiload.scenario.presets import PresetForm
from eiload.scenario.rate_field import RUN_AT_MOST, RateField
from eiload.scenario.replay_field import ReplayField
from eiload.scenario.until_field import LengthField
from eiload.scenario.users_field import ThinkField, UsersField

__all__ = ["RUN_AT_MOST", "PhaseField"]


class OpenForm(Form):
    """A phase in which requests arrive on their own schedule, whatever the server does."""

    phase: Name = Field(description="name of the phase, unique in the scenario")
    rate: RateField = Field(
        description="arrivals per second at each target: 8/s (0/s is a pause), or a ramp {from, "
        "to}, bursts {base, burst, burst_for, every}, {steps, each}, {sine}, {points}, {markov}"
    )
    arrivals: LawField = Field(
        default="poisson",
        description="poisson: as from many independent users; constant: evenly spaced; or "
        "{gamma: {cv}}, {weibull: {cv}}: bursty; {batch: {size}}: several at one instant",
    )
    for_: LengthField = Field(alias="for", description="how long the phase lasts")
    warm_up: YesNo = Field(default=False, description="measured and shown, but never judged")


class ReplayedForm(Form):
    """A phase in which requests arrive as they were recorded."""

    phase: Name = Field(description="name of the phase, unique in the scenario")
    replay: ReplayField = Field(description="the trace, and how it is played")
    for_: LengthField = Field(alias="for", description="how long the phase lasts")
    warm_up: YesNo = Field(default=False, description="measured and shown, but never judged")


class ClosedForm(Form):
    """A phase with users, each of whom waits for its answer before the next request."""

    phase: Name = Field(description="name of the phase, unique in the scenario")
    users: UsersField = Field(
        description="users of each target: a number, {from, to} over the phase, or {steps, each}"
    )
    think: ThinkField = Field(
        default=0,
        description="what a user waits between an answer and the next request: a time, "
        "{exponential: {mean}} or {lognormal: {median, p99}}",
    )
    for_: LengthField = Field(alias="for", description="how long the phase lasts")
    warm_up: YesNo = Field(default=False, description="measured and shown, but never judged")


def _phase(value: object, info: ValidationInfo) -> Phase:
    if isinstance(value, Phase):
        return value
    if not isinstance(value, Mapping):
        raise ValueError(  # noqa: TRY004 - pydantic collects ValueErrors
            f"not a phase, got {shown(value)}; "
            "expected a mapping such as {phase: steady, rate: 8/s, for: 10 min}"
        )
    if "at" in value:
        raise ValueError(
            "phases do not overlap: each second of a run is one phase's, and what is judged is cut "
            "by them; expected no 'at', and phases in order (for users under a burst, run two "
            "scenarios at once)"
        )
    if "replay" in value:
        if also := next((key for key in ("rate", "arrivals", "users") if key in value), None):
            raise ValueError(f"both a replay and {also!r}; expected one of them")
        replayed = ReplayedForm.read(value, info)
        length = replayed.for_
        replay_field.fits(replayed.replay, length.duration_ns)
        return OpenPhase(
            replayed.phase, length.duration_ns, replayed.replay,
            warm_up=replayed.warm_up, until=length.until,
        )  # fmt: skip
    if not {"users", "think"} & value.keys():
        form = OpenForm.read(value, info)
        length = form.for_
        phase = OpenPhase(
            form.phase, length.duration_ns, form.rate, form.arrivals, form.warm_up, length.until
        )
        rate_field.fits(phase.rate, phase.duration_ns)
        until_field.fits(phase)
        return phase
    if "rate" in value:
        raise ValueError(
            "both a rate and users; expected 'rate' for an open loop or 'users' for a closed one"
        )
    closed = ClosedForm.read(value, info)
    length_ns = closed.for_.duration_ns  # until decided it cannot be: the scenario says so
    users_field.fits(closed.users, length_ns)
    return ClosedPhase(closed.phase, length_ns, closed.users, closed.think, closed.warm_up)


def _written(phase: Phase) -> dict[str, object]:
    """Return the phase as it is written in a scenario."""
    until = phase.until if isinstance(phase, OpenPhase) else None
    match phase:
        case OpenPhase(name, duration_ns, Replay() as replay, _, warm_up):
            how: dict[str, object] = {"replay": replay_field.written(replay)}
        case OpenPhase(name, duration_ns, rate, process, warm_up):
            how = {
                "rate": rate_field.written(rate),
                "arrivals": law_field.written(process),
            }
        case ClosedPhase(name, duration_ns, users, think, warm_up):
            how = {
                "users": users_field.users_written(users),
                "think": users_field.think_written(think),
            }
    length = until_field.written(duration_ns, until)
    return {"phase": name, **how, "for": length, "warm_up": warm_up}


PhaseField = Annotated[
    Phase,
    PlainValidator(
        _phase, json_schema_input_type=OpenForm | ReplayedForm | ClosedForm | PresetForm
    ),
    PlainSerializer(_written),
]
