"""What a coordinator and its agents say to each other.

What it knows: every message of a run, and what a scenario leaves possible in one. What it must not
know: Locust, who is whom, what is made of a message. In one process messages are handed over as
they are. Between machines `codec` makes plain data of them; what comes from there is anything at
all until `order_of` or `word_of` has returned.

An *order* goes to an agent, a *word* comes from one:

    prepare -> ready | failed        go -> report ... final | failed
    cede -> ceded                    own, stop, cancel, forget

Orders without an arrow need no answer. `report`s come by themselves, and each agent that has
gone makes one `final` report.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Annotated, Any

import numpy as np

from eiload.base.clock import NS_PER_S
from eiload.base.errors import EngineError, ScenarioError
from eiload.base.status import Status
from eiload.control.codec import AtMost, Form, decode, encode, kind_of
from eiload.record.buckets import BUCKETS
from eiload.record.facts import Answers, TargetFacts, WorkerFacts
from eiload.record.intervals import Intervals, Kind, class_of, parts_of
from eiload.record.served import Served
from eiload.scenario import Scenario, restore
from eiload.sending.result import FLAGS

__all__ = [
    "Cancel", "Cede", "Ceded", "Failed", "Final", "Forget", "Go", "Order", "Own", "Prepare",
    "Ready", "Report", "Stop", "Word", "encode", "kind_of", "order_of", "run_of", "versions",
    "word_of",
]  # fmt: skip

REPORT_BYTES = 1 << 26
"""How long one report may be, inflated: some hundred times a report of 3 s at 1,000 requests/s."""

Count = Annotated[int, AtMost(1 << 40)]


def versions() -> str:
    """Return what must be the same on all machines of a run.

    eiload's own version stands for the messages; numpy promises no equal random numbers between
    versions (NEP 19), and the schedule is made of them.
    """
    return f"eiload {version('eiload')}, numpy {np.__version__}"


def _restored(text: str) -> Scenario:
    """Return the scenario of a message.

    Raises:
        ValueError: it is none.
    """
    try:
        return restore(text)
    except ScenarioError as error:
        raise ValueError(str(error)) from error


def _inflated(data: bytes) -> Intervals:
    return Intervals.from_bytes(data, REPORT_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    """Any message."""

    run: str
    """Id of the run that it is about."""


# -- orders ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepare(_Message):
    """Get ready for a run: the answer is `Ready` or `Failed`."""

    versions: str = field(default_factory=versions)
    scenario: Annotated[Scenario, Form(str, Scenario.to_json, _restored)]
    index: Count
    """The agent's slice of the schedule, and how many slices there are."""
    count: Count
    addresses: dict[str, str] = field(default_factory=dict)
    """Where stand-ins are, by target name."""
    driven: bool = False
    """Locust's users make the requests."""
    drain_ns: int | None = None
    """How long answers are waited for at the end; the longest deadline if None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Go(_Message):
    """Begin: second 0 is at an instant."""

    origin_ns: int
    """The instant, for those on the sender's machine, by its monotonic clock."""
    in_ns: int
    """How long after the word has come it is, for all others."""
    ago_ns: int = 0
    """How long before the word has come it was, for one that comes late."""
    boot_id: str | None
    """Names the sender's machine, since it was started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own(_Message):
    """Take over slices: what is due in them from an offset on."""

    slices: tuple[Count, ...]
    from_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cede(_Message):
    """Leave slices to another: what is due in them from an offset on, or from a later one.

    The answer is `Ceded`. Until it has come they are whose they were: nobody else may begin with
    them, and be it that the order was never heard.
    """

    slices: tuple[Count, ...]
    from_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(_Message):
    """Send nothing that is due from this offset on, then drain."""

    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(_Message):
    """End the drain now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget(_Message):
    """The run is over."""


Order = Prepare | Go | Own | Cede | Stop | Cancel | Forget
_ORDERS: tuple[type[Order], ...] = (Prepare, Go, Own, Cede, Stop, Cancel, Forget)

# -- words -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready(_Message):
    """The agent can go."""

    digest: str
    """Fingerprint of the payload's tensors."""
    targets: tuple[TargetFacts, ...]
    """What it found out about them, in the scenario's order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(_Message):
    """The agent cannot take part, or no longer."""

    why: str
    exit_status: Count
    """That of the error's kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceded(_Message):
    """The agent sends nothing of these slices that is due from this offset on."""

    slices: tuple[Count, ...]
    from_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(_Message):
    """What an agent has counted."""

    intervals: Annotated[Intervals, Form(bytes, Intervals.to_bytes, _inflated)]
    """Since its last report."""
    failures: dict[str, tuple[dict[str, Count], ...]]
    """Failures so far, by target name, phase and ``STATUS: text``."""
    answers: dict[str, tuple[Answers, ...]]
    """Sampled answers so far, by target name and phase."""
    served: dict[str, tuple[Served, ...]] = field(default_factory=dict)
    """What served the requests so far, by target name and phase; empty if nobody looked."""
    rows: dict[str, Count] = field(default_factory=dict)
    """How many failed in a row so far, by target name; empty if nobody asks."""
    in_flight: Count = 0
    """Requests that its sender has on their way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Final(Report):
    """An agent's last report."""

    facts: WorkerFacts
    ended_ns: int
    """The offset from which it sent nothing."""


Word = Ready | Failed | Ceded | Report | Final
_WORDS: tuple[type[Word], ...] = (Ready, Failed, Ceded, Report, Final)

# -- from elsewhere --------------------------------------------------------------------------------


def run_of(data: object) -> str:
    """Return which run something says it is about; empty if it says nothing of the kind."""
    run = data.get("run") if isinstance(data, dict) else None
    return run if isinstance(run, str) else ""


def order_of(data: Any) -> Order:
    """Return the order that something from a master is.

    Raises:
        ScenarioError: the master has other versions, so that its orders may be others.
        EngineError: it is none; says which field does not fit and what was expected.
    """
    theirs = data.get("versions") if kind_of(data) == "prepare" else None
    if isinstance(theirs, str) and theirs != (ours := versions()):
        raise ScenarioError(
            f"a worker runs {ours} and the master {theirs}; install the same on both, or they "
            "would not compute the same schedule"
        )
    try:
        return decode(data, _ORDERS)
    except ValueError as error:
        raise EngineError(f"a message of the master is damaged: {error}") from error


def word_of(data: object, scenario: Scenario) -> Word:
    """Return the word that something from a worker is.

    Raises:
        ValueError: it is none, or not one about this scenario; says which field does not fit and
            what was expected.
    """
    word = decode(data, _WORDS)
    names = list(scenario.targets)
    if isinstance(word, Ready) and [each.name for each in word.targets] != names:
        raise ValueError("targets: not those of the scenario (in 'ready')")
    if isinstance(word, Report):
        phases = len(scenario.traffic)
        _check_per_phase("answers", word.answers, names, phases)
        _check_per_phase("failures", word.failures, names, phases)
        if word.served:
            _check_per_phase("served", word.served, names, phases)
        if word.rows and word.rows.keys() != set(names):
            raise ValueError("rows: not of the scenario's targets (in a report)")
        _check_counts(word.intervals, scenario)
    return word


def _check_per_phase(
    what: str, given: Mapping[str, Sequence[object]], names: list[str], phases: int
) -> None:
    """Look at what there must be for each target and phase, and for no other."""
    if given.keys() != set(names):
        raise ValueError(f"{what}: not of the scenario's targets (in a report)")
    if any(len(each) != phases for each in given.values()):
        raise ValueError(f"{what}: not one for each of {phases} phases (in a report)")


def _check_counts(intervals: Intervals, scenario: Scenario) -> None:
    """Look whether counts are of the scenario's targets, phases and seconds."""
    seconds = -(-scenario.duration_ns // NS_PER_S) + 1
    classes = max(1, len(scenario.payload.mix))
    for name, keys in (("counts", intervals.keys), ("times", intervals.moment_keys)):
        target, phase, kind, second, bucket = parts_of(keys)
        for what, found, most in (
            ("class", class_of(keys), classes),
            ("target", target, len(scenario.targets)),
            ("phase", phase, len(scenario.traffic)),
            ("second", second, seconds),
        ):
            if len(found) and int(found.max()) >= most:
                raise ValueError(
                    f"intervals: {name} of {what} {int(found.max())}; there are {most} "
                    "(in a report)"
                )
        of_status = kind == Kind.STATUS
        known = np.where(of_status, np.isin(bucket, list(Status)), bucket < BUCKETS)
        known &= (kind <= max(Kind)) & ((kind != Kind.WIRE) | np.isin(bucket, FLAGS))
        if not known.all():
            raise ValueError(f"intervals: {name} of no status or time there is (in a report)")
