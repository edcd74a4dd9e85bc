"""The run file's shape, as types: what `eiload schema --run-file` prints as a JSON Schema.

It describes what is written (`report.json.document`); its reader (`record.run.load`) is stricter.
A test holds every field of real documents against it, both ways. Fields may be added under the same
schema number, so a reader passes over what it does not know.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["RunFile", "json_schema"]

DRAFT = "https://json-schema.org/draft/2020-12/schema"

Number = float | None | Literal["inf", "-inf"]
"""null: not known, or more than the data support; "inf": the time of a request that failed."""

Count = Annotated[int, Field(ge=0)]
Status = Literal[0, 1, 2, 3, 4, 5, 6, 129, 130, 143]


class _Open(BaseModel):
    """An object that may have more fields in later versions."""

    model_config = ConfigDict(extra="allow")


class TargetFacts(_Open):
    """What preflight and the answers told of a target."""

    name: str
    address: str
    model: str
    emulated: str = Field(description="what was emulated; empty for a real server")
    first_inference_ns: int | None
    notes: list[str]
    answers_checked: Count
    answers_bad: Count
    answers_compared: Count
    answers_agreed: Count
    details: dict[str, Count] = Field(description="failures by STATUS: text of the server")
    answers: list[list[Count]] = Field(description="by phase: checked, bad, compared, agreed")
    failures: list[dict[str, Count]] = Field(description="`details` by phase")
    served: list[Any] = Field(description="by phase: answers, bytes, versions, addresses")
    request_bytes: list[Count]


class WorkerFacts(_Open):
    """What one load-generating pair of processes says of itself."""

    name: str
    cpu_s: float
    wall_s: float
    loop_delay_max_ns: int
    rss_bytes: int
    steal_share: float
    lost: str = Field(description="why its record is not whole; empty when it is")


class Figures(_Open):
    """A target over all judged phases, one of them, or one class of a mix."""

    target: str
    emulated: bool
    phase: str | None = Field(description="null: all that are not warm-up")
    scheduled: Count
    ok: Count
    failed: Count
    dropped: Count
    unfinished: Count
    lost: Count
    error_share: Number
    throughput_per_s: Number
    response_ms: dict[str, Number] = Field(description="by percentile: p50, p99.9 ...")
    mean_ok_ms: Number
    max_ok_ms: Number
    service_p99_ms: Number
    lag_p99_ms: Number
    of_class: str | None = Field(default=None, alias="class", description="of a mix")


Steps = dict[str, list[tuple[int, int, Number]]]


class Series(_Open):
    """A target over time; columns of `column_s` seconds, the last of which may be shorter."""

    target: str
    start_s: int
    column_s: int
    due: list[Count]
    answered: list[Count]
    failed: list[Count]
    response_ms: Steps = Field(description="by percentile: [from s, to s, ms] each")
    lag_ms: Steps


class Interval(_Open):
    """An estimate with its 95 % confidence interval."""

    value: Number
    low: Number
    high: Number


class Objective(_Open):
    """What was asked."""

    text: str
    target: str | None
    phase: str | None
    of_class: str | None


class Verdict(_Open):
    """What is said of an objective for one target."""

    word: Literal["pass", "fail", "undecided"]
    objective: Objective
    target: str
    observed: str
    reason: str
    used: Interval | None = Field(description="of what is allowed; 1 is the limit")
    longer: Number = Field(description="times as much of the same would decide it; null: decided")


class Shift(_Open):
    """One percentile of two targets."""

    q: float
    baseline_ns: Number
    candidate_ns: Number
    ratio: Interval | None
    difference_ns: Interval | None
    needs: int | None


class Phase(_Open):
    """The comparison of one phase."""

    name: str
    response: list[Shift]
    service: list[Shift]


class Side(_Open):
    """One of the compared targets."""

    name: str
    address: str
    requests: Count
    good: Count
    throughput_per_s: Number


class Comparison(_Open):
    """The candidate against the baseline."""

    kind: Literal["paired", "separate runs", "repeated runs"]
    runs: int
    baseline: Side
    candidate: Side
    headline: float
    margin: float
    response: list[Shift]
    service: list[Shift]
    word: str | None
    statement: str
    notes: list[str]
    phases: list[Phase]


class Validity(_Open):
    """Whether the run can be judged."""

    valid: bool
    reasons: list[str]
    cautions: list[str]


class Judgement(_Open):
    """Everything that is said of a run."""

    validity: Validity
    verdicts: list[Verdict]
    comparison: Comparison | None
    cost: dict[str, Any] | None
    agreement: dict[str, Any] | None
    exit_status: Status
    summary: str


class TimePart(_Open):
    """A part of the response times."""

    share: Number
    mean_ms: Number
    p50_ms: Number
    p99_ms: Number


class Checksum(_Open):
    """Whether the file is as it was written."""

    of: list[str] = Field(description="the fields it is of")
    crc32: str = Field(description="of their compact JSON with sorted keys, hexadecimal")


class Look(_Open):
    """A look at a run that went on until everything was decided."""

    second: int = Field(description="up to which second of the run it is")
    taken_ns: int = Field(description="when it was judged, from the start of the load")
    open: list[str]


class RunFile(_Open):
    """A run of eiload: what was measured, and beside it what was derived from that."""

    run_schema: Literal["eiload-run/1"] = Field(alias="schema")
    scenario: dict[str, Any] = Field(description="with all defaults filled in; `eiload schema`")
    started_wall_ns: int = Field(description="ns since the epoch: a label, no measurement")
    ended_ns: int = Field(description="length of the load")
    stopped: str = Field(description="what ended it before its plan did; empty if nothing")
    environment: dict[str, str]
    targets: list[TargetFacts]
    workers: list[WorkerFacts]
    problems: list[str] = Field(description="of the generator; any makes the run invalid")
    looks: list[Look] = Field(description="taken while it went on until decided")
    cuts_ns: list[int] = Field(
        description="up to when each slice of the schedule is accounted for, if not `ended_ns`"
    )
    observed: list[Any] = Field(description="what was read beside the load, by target")
    intervals: str = Field(description="every request, counted: base64, docs/run-file.md")
    checksum: Checksum = Field(description="of the fields before; absent in files of before")
    emulated: bool = Field(description="derived: whether any target was a stand-in")
    figures: list[Figures] = Field(description="derived")
    where_the_time_went: dict[str, dict[str, TimePart] | None] = Field(description="derived")
    series: list[Series] = Field(description="derived: each target over time")
    server_side: list[Any] = Field(description="derived: what servers, GPUs and hosts said")
    judgement: Judgement = Field(description="derived")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a run file."""
    made = RunFile.model_json_schema()
    return {"$schema": DRAFT, **made, "title": "eiload run"}
