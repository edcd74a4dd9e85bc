"""What can be said of a stand-in behind HTTP: its container, its place in an endpoint.

SageMaker's containers differ in which content types they take, in how many requests may wait, in
when they load a model, and in how long they keep a connection; `eiload.server.http` acts on it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from eiload.scenario.fields import FromText, Real, YesNo
from eiload.scenario.form import Form
from eiload.scenario.standin.fields import File, SomeDurationNs, absolute

__all__ = ["Api", "Containers", "misplaced"]

Api = Literal["tfs", "ei", "tf-rest", "container", "sagemaker"]

IN_CONTAINERS: tuple[Api, ...] = ("container", "sagemaker")

_WHERE: dict[str, tuple[Api, ...]] = {
    "container": IN_CONTAINERS,
    "handler": IN_CONTAINERS,
    "torchscript": IN_CONTAINERS,
    "inference": IN_CONTAINERS,
    "keep_alive_ns": ("tf-rest", *IN_CONTAINERS),
    "throttle": ("sagemaker",),
    "weight": ("sagemaker",),
}
"""Which settings are those of which APIs."""

_TENSORFLOW = ("batching", "encoded", "raw_outputs", "tensor_content", "saved_model")
"""What the PyTorch container has not."""

_FEWER = {"max_threads": ("tfs", "ei")}


class Containers(Form):
    """The settings of a stand-in that are HTTP's."""

    api: Api = Field(
        default="tfs",
        description="what it is to its clients: tfs, current TensorFlow Serving over gRPC; ei, "
        "EI's 1.12 to 2.3; tf-rest, TensorFlow Serving's REST; container, SageMaker's container "
        "(/invocations, /ping); sagemaker, an endpoint in front of containers",
    )
    container: Literal["tensorflow", "pytorch"] = Field(
        default="tensorflow",
        description="which of SageMaker's containers; pytorch answers a thousand scores, and each "
        "of `concurrency` workers waits `cold_start` at its own first request",
    )
    handler: YesNo = Field(
        default=False,
        description="container: its model came with an inference.py that takes pictures "
        "(application/x-image, image/jpeg, image/png), and application/x-npy, too",
    )
    torchscript: File | None = Field(
        default=None,
        description="container pytorch: run this TorchScript file with PyTorch instead of "
        "emulating, or the folder of a model.pt and perhaps code/inference.py; `concurrency` "
        "workers",
    )
    inference: File | None = Field(
        default=None,
        description="torchscript: a Python file with model_fn, input_fn, predict_fn, output_fn or "
        "transform_fn; the folder's code/inference.py if not set",
    )
    keep_alive_ns: SomeDurationNs | None = Field(
        default=None,
        alias="keep_alive",
        description="how long a connection stays open unused; if not set, 3 s with the TensorFlow "
        "container, as its nginx has it, else for ever",
    )
    throttle: Annotated[int, Field(ge=1, le=1_000_000), FromText] | None = Field(
        default=None,
        description="sagemaker: requests at a time before ThrottlingException; no limit if not set",
    )
    weight: Real = Field(
        default=1.0,
        ge=0,
        le=1_000_000,
        description="sagemaker: this variant's share of the requests that name none",
    )

    @property
    def idle_ns(self) -> int | None:
        """Return how long a connection stays open unused, None for ever."""
        if self.keep_alive_ns is not None:
            return self.keep_alive_ns
        return NGINX_NS if self.api == "container" and self.container == "tensorflow" else None

    @field_validator("torchscript", "inference")
    @classmethod
    def _located(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        return None if path is None else absolute(path, info)


NGINX_NS = 3_000_000_000
"""keepalive_timeout (aws/sagemaker-tensorflow-serving-container, nginx.conf)."""


def misplaced(settings: Containers) -> Iterator[tuple[str, str]]:
    """Yield settings, by their names in a file, that these others leave no place, and why."""
    fields = type(settings).model_fields

    def given(name: str) -> bool:
        return bool(getattr(settings, name) != fields[name].default)

    for name, apis in (_WHERE | _FEWER).items():
        if given(name) and settings.api not in apis:
            yield _shown(settings, name), f"expected only with api: {' or '.join(apis)}"
    if settings.container == "pytorch":
        for name in _TENSORFLOW:
            if given(name):
                yield _shown(settings, name), "expected only without container: pytorch"
    if settings.inference is not None and settings.torchscript is None:
        yield "inference", "expected only with torchscript"


def _shown(settings: Containers, name: str) -> str:
    return type(settings).model_fields[name].alias or name
