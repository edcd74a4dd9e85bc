"""Locust's `request` event: the one place that fires it (`totals` goes past it, by the batch).

What it knows: the event's keywords, its units (ms, seconds since the epoch), how Locust groups
failures. What it must not know: who made the request and how it is counted for our own report.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.status import Status
from eiload.plugin.totals import REQUEST_TYPE

__all__ = ["RequestFailed", "Times", "failure", "fire", "times"]


class RequestFailed(Exception):  # noqa: N818  # read in Locust's failures table, as a sentence
    """Why a request failed, in the form that Locust's statistics group by."""


class Times(NamedTuple):
    """A request's instants, ns on the monotonic clock; 0 for one that never came."""

    intended_ns: int
    sent_ns: int
    done_ns: int


def fire(
    handlers: Callable[..., None],
    name: str,
    instants: Times,
    wall_s: float,
    *,
    status: Status,
    detail: str,
    response_bytes: int,
    response: object,
    context: Mapping[str, object],
    request_type: str = REQUEST_TYPE,
) -> None:
    """Tell Locust's statistics, and whoever listens, of one finished request.

    Args:
        handlers: fires the event of the environment.
        name: what the statistics call it.
        instants: of the request.
        wall_s: seconds since the epoch at instant 0 of the monotonic clock.
        status: how it ended.
        detail: the words that came with a status that is not OK.
        response_bytes: size of the serialised response.
        response: the user's `Answer`; None for scheduled requests.
        context: of the user or the scenario; the service time and the lag are added, ms.
        request_type: the API of the target.
    """
    intended_ns, _, done_ns = instants
    handlers(
        request_type=request_type,
        name=name,
        response_time=(done_ns - intended_ns) / NS_PER_MS if done_ns else None,
        response_length=response_bytes,
        response=response,
        exception=failure(status, detail),
        start_time=wall_s + intended_ns / NS_PER_S,
        context={**context, **times(instants)},
    )


def failure(status: Status, detail: str) -> RequestFailed | None:
    """Return what Locust records as the exception of a request; None for one that ended OK."""
    if status is Status.OK:
        return None
    return RequestFailed(f"{status.name}: {detail}" if detail else status.name)


def times(instants: Times) -> dict[str, float]:
    """Return a request's service time and lag, ms, as far as there are any."""
    intended_ns, sent_ns, done_ns = instants
    if not sent_ns:
        return {}
    known = {"lag_ms": (sent_ns - intended_ns) / NS_PER_MS}
    if done_ns:
        known["service_time_ms"] = (done_ns - sent_ns) / NS_PER_MS
    return known
