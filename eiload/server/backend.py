"""TensorFlow Serving behind whatever face: a model, emulated or real, the service and its numbers.

Faces differ (gRPC, REST, a container, one variant of an endpoint); what is behind them is put
together here. A face knows nothing of models, and a model nothing of faces.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, NamedTuple

from eiload.base.clock import NS_PER_S, Clock
from eiload.scenario.standin import StandIn
from eiload.server.emulated import EmulatedModel, EmulatedRepository
from eiload.server.http.exchange import Handler
from eiload.server.metrics import Metrics
from eiload.server.model import Repository
from eiload.server.release import Releases
from eiload.server.savedmodel import SavedModel
from eiload.server.service import Service
from eiload.server.versions import Versions
from eiload.server.watcher import Watcher

__all__ = ["Backend", "Face", "Shared", "backend"]


@dataclass(frozen=True, slots=True)
class Shared:
    """What all of one process is made with."""

    clock: Clock
    releases: Releases
    stack: AsyncExitStack
    """Closes what was opened."""


@dataclass(frozen=True, slots=True)
class Backend:
    """One model server."""

    kind: str
    """``emulated p2.xlarge`` or ``SavedModel DIR``."""
    service: Service
    metrics: Metrics
    gpu: Callable[[], dict[str, Any]] | None
    """How its emulated GPU is, None for a real model."""


class Face(NamedTuple):
    """What answers on a port of HTTP."""

    handler: Handler
    kind: str
    """What the answers say they are from."""
    behind: Backend | None
    """TensorFlow Serving, where there is one behind it."""


async def backend(
    settings: StandIn, model: str, labels: Mapping[str, int], shared: Shared
) -> Backend:
    """Load a model and return what serves it.

    Args:
        settings: what it is like.
        model: its name.
        labels: which labels stand for which versions.
        shared: the process's.

    Raises:
        ScenarioError: it cannot be served so.
    """
    metrics = Metrics(settings.words)
    repository: Repository
    gpu: Callable[[], dict[str, Any]] | None = None
    if settings.saved_model is None:
        kind = f"emulated {settings.profile or 'stand-in'}"
        emulated = EmulatedModel(settings, shared.releases, metrics, shared.clock)
        repository = EmulatedRepository(model, emulated, labels)
        gpu = emulated.gpu
    else:
        kind = f"SavedModel {settings.saved_model}"
        repository = versions = Versions(model, labels)
        watcher = Watcher(
            settings.saved_model,
            versions,
            lambda path: SavedModel(path, settings, shared.releases, metrics, shared.clock),
        )
        await watcher.first()
        watching = asyncio.ensure_future(watcher.watch())
        shared.stack.callback(watcher.abandon)
        shared.stack.callback(watching.cancel)
    await asyncio.sleep(settings.load_time_ns / NS_PER_S)
    return Backend(kind, Service(repository, metrics, api=settings.words), metrics, gpu)
