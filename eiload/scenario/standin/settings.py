"""The settings of one stand-in: what can be set, what is not set, what does not go together."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from eiload.base.errors import ScenarioError
from eiload.base.near import nearest
from eiload.base.status import Status
from eiload.base.units import format_share
from eiload.scenario.standin.fields import (
    Bandwidth,
    DurationNs,
    Settings,
    Share,
    SomeDurationNs,
    absolute,
)
from eiload.scenario.standin.laws import Compute, RoundTrip
from eiload.scenario.standin.profiles import PROFILES

__all__ = ["Batching", "Fail", "Reattach", "Stalls", "StandIn", "parse"]


class Stalls(Settings):
    """Rare spans in which nothing moves over the network; they begin at random (Poisson)."""

    every_ns: SomeDurationNs = Field(alias="every", description="mean time from end to beginning")
    for_ns: SomeDurationNs = Field(alias="for", description="how long each one lasts")


class Reattach(Settings):
    """An accelerator that was idle for long has to be attached anew."""

    idle_ns: SomeDurationNs = Field(alias="idle", description="idle for at least this long")
    for_ns: SomeDurationNs = Field(alias="for", description="the next inference waits this long")


class Fail(Settings):
    """Some requests take their turn and their time, and then fail."""

    rate: Share = Field(description="share of the requests")
    status: str = Field(default="UNAVAILABLE", description="name of the gRPC status")

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


class Batching(Settings):
    """TensorFlow Serving's `--enable_batching` and its parameters file."""

    max_batch_size: int = Field(default=1000, ge=1, le=100_000, description="examples in a batch")
    batch_timeout_ns: DurationNs = Field(
        default=0, alias="batch_timeout", description="how long a batch waits to be filled"
    )
    max_enqueued_batches: int = Field(default=10, ge=1, le=100_000, description="in the queue")
    num_batch_threads: int = Field(default=1, ge=1, le=1024, description="batches at a time")


_NETWORK = ("round_trip", "bandwidth", "stalls", "reattach")

_EMULATION = (
    *("profile", "compute", "slowdown", "further_image", "attach", "cold_start_ns", *_NETWORK),
    *("fail", "hang", "encoded", "raw_outputs", "seed", "answers_seed"),
)
"""What a real model has by itself or not at all."""


class StandIn(Settings):
    """The settings of one stand-in. What is not set comes from `profile`, or is as said here."""

    profile: str | None = Field(default=None, description="named profile to begin with")
    compute: Compute = Field(
        default="10 ms",
        validate_default=True,
        description="computing time of an inference: a duration, {median, p99} (lognormal), "
        "{mean, cv} (gamma) or {csv: FILE}",
    )
    slowdown: float = Field(
        default=1.0, gt=0, le=1000, description="multiplies the computing time: 1.3 is 30 % slower"
    )
    further_image: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="what each further image of a batch costs, as a share of the first",
    )
    concurrency: int = Field(default=1, ge=1, le=1024, description="inferences at a time")
    queue: int | None = Field(
        default=None,
        ge=0,
        le=1_000_000,
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
    hang: Share = Field(default=0.0, description="share of the requests never answered")
    load_time_ns: DurationNs = Field(
        default=0, alias="load_time", description="the port opens after this long"
    )
    max_threads: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="calls at a time before RESOURCE_EXHAUSTED (TF Serving's grpc_max_threads, "
        "since 2.5 by default 4 x CPUs); no limit if not set, as before 2.5",
    )
    batching: Batching | None = Field(
        default=None,
        description="batching: {max_batch_size, batch_timeout, max_enqueued_batches, "
        "num_batch_threads}",
    )
    api: Literal["tfs", "ei"] = Field(
        default="tfs", description="whose details: current TensorFlow Serving or EI's 1.12 to 2.3"
    )
    encoded: bool = Field(
        default=False, description="the model takes JPEG or PNG bytes instead of uint8 pixels"
    )
    raw_outputs: bool = Field(
        default=False, description="with the raw outputs of later exporters: answers of 19 MB"
    )
    tensor_content: bool = Field(
        default=False,
        description="answers carry tensor_content, as with TF Serving's "
        "--enable_serialization_as_tensor_content, instead of typed fields",
    )
    seed: int = Field(default=1, ge=0, lt=2**63, description="of times and faults")
    answers_seed: int = Field(
        default=1, ge=0, lt=2**63, description="of detections: same seed and image, same answer"
    )
    saved_model: Path | None = Field(
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
    def emulated(self) -> bool:
        """Return whether times and answers are made up (else a real model makes them)."""
        return self.saved_model is None

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

    @model_validator(mode="before")
    @classmethod
    def _from_profile(cls, data: object) -> object:
        if not isinstance(data, Mapping) or data.get("profile") is None:
            return data
        name = data["profile"]
        profile = PROFILES.get(name) if isinstance(name, str) else None
        if profile is None:
            raise ValueError(
                f"profile: expected one of {', '.join(PROFILES)}, "
                f"got {name!r}{nearest(str(name), PROFILES)}"
            )
        settings = dict(profile.settings)
        if data.get("attach") == "pcie":
            # The same accelerator, put into the host: a question that the profiles are there for.
            for name in _NETWORK:
                settings.pop(name, None)
        return {**settings, **data}

    @field_validator("saved_model")
    @classmethod
    def _absolute(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        # Whether there is a model in it is found out when it is loaded: a scenario is good without
        # the model that another command has still to write.
        return None if path is None else absolute(path, info)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.attach == "pcie":
            for name in _NETWORK:
                if getattr(self, name) is not None:
                    raise ValueError(f"{name}: expected only with attach: network")
        if self.fail is not None and self.fail.rate + self.hang > 1:
            raise ValueError("fail and hang: together more than 100 % of the requests")
        if self.batching is not None and self.queue is not None:
            raise ValueError("queue: with batching, max_enqueued_batches bounds the queue instead")
        if self.saved_model is not None:
            unset = type(self)()
            for name in _EMULATION:
                if getattr(self, name) != getattr(unset, name):
                    shown = type(self).model_fields[name].alias or name
                    raise ValueError(f"{shown}: emulation, not to be had with saved_model")
        return self


def parse(settings: Mapping[str, object], where: str, base: Path | None = None) -> StandIn:
    """Return a stand-in from settings written as in a scenario.

    Args:
        settings: field names (as in YAML) and values.
        where: what the error message begins with, such as ``eiload serve``.
        base: the directory that relative paths are relative to; None for the working directory.

    Raises:
        ScenarioError: one line that says all that is wrong.
    """
    try:
        return StandIn.model_validate(settings, context={"base": base or Path.cwd()})
    except ValidationError as error:
        problems = []
        for each in error.errors(include_url=False):
            # Of `compute` pydantic names the law, too, which the user has not written.
            parts = [part for index, part in enumerate(each["loc"]) if (index, part) not in _LAWS]
            at = ".".join(map(str, parts))
            text = _WORDS.get(each["type"], each["msg"].removeprefix("Value error, "))
            problems.append(f"{at}: {text}" if at else text)
        raise ScenarioError(f"{where}: {'; '.join(problems)}") from None


_WORDS = {
    "missing": "missing",
    "extra_forbidden": "unknown setting",
    "model_type": "expected a mapping of settings, such as {key: value}",
}
_LAWS = frozenset((1, tag) for tag in ("constant", "lognormal", "gamma", "empirical")) | {
    (2, "constant")
}
