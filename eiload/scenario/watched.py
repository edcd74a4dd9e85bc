"""Objectives on what is observed beside the load: their grammar, and what they demand.

``server p99 < 400 ms`` and ``server mean < 300 ms`` are of the time in the server by its own
account; ``gpu use < 90 %`` is of the busiest GPU, in the mean; ``throttled = 0``: no GPU ever was;
``foreign < 1 %``: of the requests that the server counted, so many at most are not ours. Each needs
`observe:` in its target. Judging is `eiload.judging.sla.watched`'s; nothing here knows data.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from eiload.base.quantity import shown
from eiload.base.units import (
    format_duration,
    format_percentile,
    format_share,
    parse_duration,
    parse_percentile,
    parse_share,
)
from eiload.scenario.problem import Problem

__all__ = [
    "ForeignLoad",
    "GpuUse",
    "ServerMean",
    "ServerQuantile",
    "Throttled",
    "Watched",
    "parse_watched",
    "unobserved",
]


@dataclass(frozen=True, slots=True)
class ServerQuantile:
    """A quantile of the time in the server, by its own account, stays below a limit."""

    q: float
    limit_ns: int


@dataclass(frozen=True, slots=True)
class ServerMean:
    """The mean time in the server, by its own account, stays below a limit."""

    limit_ns: int


@dataclass(frozen=True, slots=True)
class GpuUse:
    """The busiest GPU is in use for less than a share of the time, in the mean."""

    limit: float


@dataclass(frozen=True, slots=True)
class Throttled:
    """No GPU is ever throttled."""


@dataclass(frozen=True, slots=True)
class ForeignLoad:
    """Of the requests that the server counted, less than a share is not ours."""

    limit: float


Watched = ServerQuantile | ServerMean | GpuUse | Throttled | ForeignLoad

NEVER = "throttled = 0"

_BEGINS = re.compile(r"\s*(server|gpu|throttled|foreign)\b", re.IGNORECASE)
_LIMITED = re.compile(
    r"\s*(?P<what>server\s+(?P<of>p[0-9.]+|mean)|gpu\s+use|foreign)\s*(?P<relation><=?)\s*"
    r"(?P<limit>\S.*?)\s*",
    re.IGNORECASE,
)
_NEVER = re.compile(r"\s*throttled\s*={1,2}\s*0\s*", re.IGNORECASE)

_EXPECTED = (
    "expected such as 'server p99 < 400 ms', 'server mean < 300 ms', 'gpu use < 90 %', "
    f"{NEVER!r} or 'foreign < 1 %'"
)


def parse_watched(text: str) -> tuple[Watched, str] | None:
    """Return what `text` demands of what is observed, and its normal form; None if of else.

    Raises:
        ValueError: it is about something observed, and no objective.
    """
    if not _BEGINS.match(text):
        return None
    if _NEVER.fullmatch(text):
        return Throttled(), NEVER
    found = _LIMITED.fullmatch(text)
    if found is None:
        raise ValueError(f"not an objective, got {shown(text)}; {_EXPECTED}")
    what = " ".join(found["what"].lower().split())
    relation, limit, of = found["relation"], found["limit"], found["of"]
    metric: Watched
    if of is None:
        share = parse_share(limit)
        metric = GpuUse(share) if what == "gpu use" else ForeignLoad(share)
        _some(share, text)
        return metric, f"{what} {relation} {format_share(share)}"
    limit_ns = parse_duration(limit)
    _some(limit_ns, text)
    if of.lower() == "mean":
        return ServerMean(limit_ns), f"server mean {relation} {format_duration(limit_ns)}"
    q = parse_percentile(of)
    written = f"server {format_percentile(q)} {relation} {format_duration(limit_ns)}"
    return ServerQuantile(q, limit_ns), written


def _some(limit: float, text: str) -> None:
    """Refuse a limit of 0: no run shows that something never happens."""
    if limit == 0:
        raise ValueError(f"a limit of 0, got {shown(text)}; expected one above 0 (no run proves 0)")


def unobserved(
    text: object, target: object, of_class: object, targets: object
) -> Iterator[Problem]:
    """Yield what an objective on something observed needs and is not there.

    Args:
        text: the objective's text, as it was given.
        target: the name of its target; None for every one.
        of_class: the name of its class.
        targets: the scenario's targets, by name, however wrong they may be.
    """
    try:
        found = parse_watched(text) if isinstance(text, str) else None
    except ValueError:
        return  # which is its own problem
    if found is None or not isinstance(targets, Mapping):
        return
    metric, written = found
    if of_class is not None:
        yield Problem(("class",), "a server does not tell classes apart; expected no class here")
    device = isinstance(metric, GpuUse | Throttled)
    wanted = "gpu: ...' or a DCGM exporter's page" if device else "metrics: ...'"
    for name in targets if target is None else (target,):
        of = targets.get(name)
        if of is None:
            continue
        observe = of.get("observe") if isinstance(of, Mapping) else getattr(of, "observe", None)
        if not _has(observe, "metrics") and not (device and _has(observe, "gpu")):
            yield Problem(
                (),
                f"{written} of {shown(name)}, which is not observed so;"
                f" expected 'observe: {{{wanted} in that target",
            )


def _has(observe: object, what: str) -> bool:
    if isinstance(observe, Mapping):
        return bool(observe.get(what))
    return bool(getattr(observe, what, None))
