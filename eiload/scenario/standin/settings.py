"""The settings of one stand-in: what can be set, what is not set, what does not go together."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from eiload.base.errors import ScenarioError
from eiload.base.near import nearest
from eiload.base.status import Status
from eiload.base.units import format_share
from eiload.scenario.fields import FromText, Real, Text, Whole, YesNo
from eiload.scenario.form import Form
from eiload.scenario.problem import Problem
from eiload.scenario.scalar import Expanded
from eiload.scenario.standin.containers import Containers, misplaced
from eiload.scenario.standin.fields import (
    Bandwidth,
    DurationNs,
    File,
    RequestShare,
    SomeDurationNs,
    absolute,
)
from eiload.scenario.standin.laws import Compute, RoundTrip
from eiload.scenario.standin.profiles import PROFILES
from eiload.scenario.words import filled

__all__ = ["Batching", "Fail", "Reattach", "Stalls", "StandIn", "option", "parse"]


class Stalls(Form):
    """Rare spans in which nothing moves over the network; they begin at random (Poisson)."""

    every_ns: SomeDurationNs = Field(alias="every", description="mean time from end to beginning")
    for_ns: SomeDurationNs = Field(alias="for", description="how long each one lasts")


class Reattach(Form):
    """An accelerator that was idle for long has to be attached anew."""

    idle_ns: SomeDurationNs = Field(alias="idle", description="idle for at least this long")
    for_ns: SomeDurationNs = Field(alias="for", description="the next inference waits this long")


class Fail(Form):
    """Some requests take their turn and their time, and then fail."""

    rate: RequestShare = Field(description="share of the requests")
    status: Text = Field(default="UNAVAILABLE", description="name of the gRPC status")

    @field_validator("status")
    @classmethod
    def _known(cls, status: str) -> str:
        names = [each.name for each in Status if Status.OK < each <= Status.UNAUTHENTICATED]
        if status not in names:
            raise ValueError(
                f"expected a gRPC status such as UNAVAILABLE, "
                f"got {status!r}{nearest(status.upper(), names)}"
            )
        return status


class Batching(Form):
    """TensorFlow Serving's `--enable_batching` and its parameters file."""

    max_batch_size: Whole = Field(default=1000, ge=1, le=100_000, description="examples in a batch")
    batch_timeout_ns: DurationNs = Field(
        default=0, alias="batch_timeout", description="how long a batch waits to be filled"
    )
    max_enqueued_batches: Whole = Field(default=10, ge=1, le=100_000, description="in the queue")
    num_batch_threads: Whole = Field(default=1, ge=1, le=1024, description="batches at a time")


_NETWORK = ("round_trip", "bandwidth", "stalls", "reattach")

_EMULATION = (
    *("profile", "compute", "slowdown", "further_image", "attach", "cold_start_ns", *_NETWORK),
    *("fail", "hang", "encoded", "raw_outputs", "seed", "answers_seed"),
)
"""What a real model has by itself or not at all."""


class StandIn(Containers):
    """The settings of one stand-in. What is not set comes from `profile`, or is as said here."""

    profile: Text | None = Field(default=None, description="named profile to begin with")
    compute: Compute = Field(
        default="10 ms",
        validate_default=True,
        description="computing time of an inference: a duration, {median, p99} (lognormal), "
        "{mean, cv} (gamma) or {csv: FILE}",
    )
    slowdown: Real = Field(
        default=1.0, gt=0, le=1000, description="multiplies the computing time: 1.3 is 30 % slower"
    )
    further_image: Real = Field(
        default=1.0,
        ge=0,
        le=1,
        description="what each further image of a batch costs, as a share of the first",
    )
    concurrency: Whole = Field(default=1, ge=1, le=1024, description="inferences at a time")
    queue: Annotated[int, Field(ge=0, le=1_000_000), FromText] | None = Field(
        default=None,
        description="requests that may wait for a slot before UNAVAILABLE; no limit if not set, "
        "as TensorFlow Serving without batching has none",
    )
    attach: Literal["pcie", "network"] = Field(
        default="pcie", description="how the accelerator is attached to the host"
    )
    round_trip: RoundTrip | None = Field(
        default=None, description="network: time on the way, {median, p99}"
    )
    bandwidth: Bandwidth | None = Field(
        default=None, description="network: how fast tensors are carried, such as 10 Gbit/s"
    )
    stalls: Stalls | None = Field(
        default=None, description="network: rare spans without movement, {every, for}"
    )
    reattach: Reattach | None = Field(
        default=None, description="network: after an idle time the next one waits, {idle, for}"
    )
    cold_start_ns: DurationNs = Field(
        default=0, alias="cold_start", description="what the first inference waits in addition"
    )
    fail: Fail | None = Field(default=None, description="requests that fail, {rate, status}")
    hang: RequestShare = Field(default=0.0, description="share of the requests never answered")
    load_time_ns: DurationNs = Field(
        default=0, alias="load_time", description="the port opens after this long"
    )
    max_threads: Annotated[int, Field(ge=1, le=1_000_000), FromText] | None = Field(
        default=None,
        description="calls at a time before RESOURCE_EXHAUSTED (TF Serving's grpc_max_threads, "
        "since 2.5 by default 4 x CPUs); no limit if not set, as before 2.5",
    )
    batching: Batching | None = Field(
        default=None,
        description="batching: {max_batch_size, batch_timeout, max_enqueued_batches, "
        "num_batch_threads}",
    )
    encoded: YesNo = Field(
        default=False, description="the model takes JPEG or PNG bytes instead of uint8 pixels"
    )
    raw_outputs: YesNo = Field(
        default=False, description="with the raw outputs of later exporters: answers of 19 MB"
    )
    tensor_content: YesNo = Field(
        default=False,
        description="answers carry tensor_content, as with TF Serving's "
        "--enable_serialization_as_tensor_content, instead of typed fields",
    )
    seed: Whole = Field(default=1, ge=0, lt=2**63, description="of times and faults")
    answers_seed: Whole = Field(
        default=1, ge=0, lt=2**63, description="of detections: same seed and image, same answer"
    )
    saved_model: File | None = Field(
        default=None,
        description="run this SavedModel with TensorFlow instead of emulating; `concurrency` "
        "inferences at a time",
    )

    @classmethod
    def of(cls, **settings: object) -> Self:
        """Return a stand-in from settings written as in a scenario.

        Raises:
            pydantic.ValidationError: something is wrong with them.
        """
        return cls.model_validate(settings)

    @property
    def words(self) -> Literal["tfs", "ei"]:
        """Return which build of the model server it is like in its details."""
        return "ei" if self.api == "ei" else "tfs"

    @property
    def emulated(self) -> bool:
        """Return whether times and answers are made up (else a real model makes them)."""
        return self.saved_model is None and self.torchscript is None

    def describe(self) -> str:
        """Return what is emulated, in a few words for reports; empty if a real model runs."""
        if not self.emulated:
            return ""
        parts = [self.profile or "stand-in", self.compute.describe()]
        if self.slowdown != 1.0:
            parts.append(f"x {self.slowdown:g}")
        if self.concurrency > 1:
            parts.append(f"{self.concurrency} at a time")
        if self.attach == "network":
            parts.append("over a network")
        if self.batching is not None:
            parts.append("batching")
        if self.fail is not None:
            parts.append(f"{format_share(self.fail.rate)} {self.fail.status}")
        if self.hang:
            parts.append(f"{format_share(self.hang)} hang")
        return ", ".join(parts)

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield what cannot be had together."""
        whole = _with_profile(given)
        if whole.get("attach", "pcie") == "pcie":
            for name in _NETWORK:
                if whole.get(name) is not None:
                    yield Problem((name,), "expected only with attach: network")
        if whole.get("batching") is not None and whole.get("queue") is not None:
            yield Problem(
                ("queue",), "with batching, max_enqueued_batches bounds the queue instead"
            )

    @model_validator(mode="before")
    @classmethod
    def _from_profile(cls, data: object) -> object:
        if not isinstance(data, Mapping):
            return data
        name = data.get("profile")
        if name is not None and (not isinstance(name, str) or name not in PROFILES):
            raise ValueError(
                f"profile: expected one of {', '.join(PROFILES)}, "
                f"got {name!r}{nearest(str(name), PROFILES)}"
            )
        if data.get("torchscript") is not None:
            data = {**data, "container": "pytorch"}
        return _with_profile(data)

    @field_validator("saved_model")
    @classmethod
    def _absolute(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        # Whether there is a model in it is found out when it is loaded: a scenario is good without
        # the model that another command has still to write.
        return None if path is None else absolute(path, info)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.fail is not None and self.fail.rate + self.hang > 1:
            raise ValueError("fail and hang: together more than 100 % of the requests")
        for name, why in misplaced(self):
            raise ValueError(f"{name}: {why}")
        if not self.emulated:
            real = "torchscript" if self.saved_model is None else "saved_model"
            unset = type(self)()
            for name in _EMULATION:
                if getattr(self, name) != getattr(unset, name):
                    shown = type(self).model_fields[name].alias or name
                    raise ValueError(f"{shown}: emulation, not to be had with {real}")
        return self


def _with_profile(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings with those of their profile, if they name one that there is."""
    name = given.get("profile")
    profile = PROFILES.get(name) if isinstance(name, str) else None
    if profile is None:
        return given
    settings = dict(profile.settings)
    if given.get("attach") == "pcie":
        # The same accelerator, put into the host: a question that the profiles are there for.
        for each in _NETWORK:
            settings.pop(each, None)
    return {**settings, **given}


def option(text: str) -> object:
    """Return the text of a command's option as `parse` takes it: a number where one is wanted."""
    return Expanded(text)


def parse(settings: Mapping[str, object], where: str, base: Path | None = None) -> StandIn:
    """Return a stand-in from settings written as in a scenario.

    Args:
        settings: field names (as in YAML) and values.
        where: what the error message begins with, such as ``eiload serve``.
        base: the directory that relative paths are relative to; None for the working directory.

    Raises:
        ScenarioError: one line that says all that is wrong.
    """
    stand_in, problems = filled(StandIn, settings, {"base": base or Path.cwd()})
    if stand_in is None:
        raise ScenarioError(f"{where}: {'; '.join(map(str, problems))}")
    return stand_in
