"""SageMaker's faces, put together: a container behind a port, or an endpoint before its variants.

Knows all parts and none of their reasons, as `server.app` does for the whole.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from eiload.base.clock import NS_PER_S
from eiload.scenario.standin import StandIn
from eiload.server.backend import Face, Shared, backend
from eiload.server.http.classifier import EmulatedClassifier
from eiload.server.http.endpoint import Endpoint, Variant
from eiload.server.http.predict import JsonPredict
from eiload.server.http.sigv4 import Keys
from eiload.server.http.tf_container import TensorFlowContainer
from eiload.server.http.torch_container import TorchContainer
from eiload.server.http.torchscript import TorchScript
from eiload.server.metrics import Metrics

__all__ = ["ALL_TRAFFIC", "EndpointOptions", "container", "endpoint"]

ALL_TRAFFIC = "AllTraffic"
"""What the SageMaker SDK calls the only variant."""


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """What is an endpoint's, and not one variant's."""

    name: str = ""
    """Empty for the model's."""
    variants: Mapping[str, StandIn] = field(default_factory=dict)
    """Empty for one, which is like the server's own settings."""
    keys: Keys | None = None
    """What requests have to be signed with; None for not looking."""
    region: str | None = None
    clock_ahead_ns: int = 0
    """By how much its clock is wrong."""


async def container(settings: StandIn, model: str, shared: Shared) -> Face:
    """Load a model into its container.

    Raises:
        ScenarioError: it cannot be served so.
    """
    if settings.container == "tensorflow":
        behind = await backend(settings, model, {}, shared)
        predict = JsonPredict(behind.service, shared.clock)
        shared.stack.callback(predict.close)
        handler = TensorFlowContainer(behind.service, predict, handler=settings.handler)
        return Face(handler, behind.kind, behind)
    await asyncio.sleep(settings.load_time_ns / NS_PER_S)
    if settings.torchscript is not None:
        script = TorchScript(settings, model, shared.clock)
        shared.stack.callback(script.close)
        return Face(TorchContainer(script), script.kind, None)
    classifier = EmulatedClassifier(
        settings, model, shared.releases, Metrics(settings.words), shared.clock
    )
    return Face(TorchContainer(classifier), f"emulated {settings.profile or 'stand-in'}", None)


async def endpoint(settings: StandIn, options: EndpointOptions, model: str, shared: Shared) -> Face:
    """Load the models of all variants, and put the endpoint in front of them.

    Raises:
        ScenarioError: one cannot be served so.
    """
    wanted = options.variants or {ALL_TRAFFIC: settings}
    variants: list[Variant] = []
    behind = None
    for name, own in wanted.items():
        face = await container(own, model, shared)
        variants.append(Variant(name, face.handler, own.weight, own.throttle, face.kind))
        behind = face.behind if len(wanted) == 1 else None
    clock, ahead_ns = shared.clock, options.clock_ahead_ns
    handler = Endpoint(
        options.name or model,
        variants,
        keys=options.keys,
        region=options.region,
        wall_ns=lambda: clock.wall_ns() + ahead_ns,
        seed=settings.seed,
    )
    kinds = ", ".join(dict.fromkeys(each.kind for each in variants))
    return Face(handler, kinds, behind)
