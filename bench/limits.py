"""What is to be reached beside the peers, and whether it was.

Pure. What it knows: requests, contenders' names, the largest ratio of CPU per request that is
allowed. What it must not know: how anything is measured.
"""

import math
from collections.abc import Mapping, Sequence

from bench.figures import Spread, spread
from bench.server import LARGE, SMALL, Payload
from bench.table import Table

__all__ = ["LIMITS", "P50_LIMIT_MS", "RECIPE", "SCENARIO", "USERS", "Key", "reached"]

SCENARIO, USERS = "eiload, scenario", "eiload, Locust users"
RECIPE = "Locust's gRPC recipe"

Key = tuple[str, Payload, int]
"""A contender, what it sends, and how many are in flight."""

LIMITS: tuple[tuple[Payload, tuple[int, ...], str, str, float], ...] = (
    (LARGE, (1, 16), SCENARIO, "perf_analyzer", 0.8),
    (LARGE, (1, 16), SCENARIO, "h2load", 0.8),
    (SMALL, (1, 16), SCENARIO, "perf_analyzer", 0.7),
    (SMALL, (16,), SCENARIO, "h2load", 4.0),
    (LARGE, (1,), USERS, RECIPE, 1.0),
    (SMALL, (1,), USERS, RECIPE, 1.0),
)
"""What is sent, how many in flight, by whom; what that may cost at most, as a multiple of what it
costs whom."""

P50_LIMIT_MS = 0.15
"""What an eiload scenario may add: its p50 of small requests to a server that answers at once, one
in flight."""


def reached(
    ratios: Mapping[tuple[Key, str], Spread], p50_ms: Sequence[float], rounds: str
) -> Table:
    """Return the table of what was to be reached.

    Args:
        ratios: of CPU per request, of whom (with what) and against whom; without rounds where none
            may be told.
        p50_ms: an eiload scenario's, of small requests, one in flight, of each round.
        rounds: how many rounds there were, in words.
    """
    rows = []
    for payload, in_flights, ours, peer, limit in LIMITS:
        for in_flight in in_flights:
            ratio = ratios.get(((ours, payload, in_flight), peer)) or spread([])
            what = (payload.name, str(in_flight), f"CPU of {ours} / of {peer}")
            rows.append((*what, f"{limit:g}", ratio.text(), _word(ratio, limit)))
    p50 = spread(p50_ms)
    what = (SMALL.name, "1", f"p50 of {SCENARIO}, ms")
    rows.append((*what, f"{P50_LIMIT_MS:g}", p50.text(3), _word(p50, P50_LIMIT_MS)))
    return Table(
        f"To be reached, {rounds}",
        ("request", "in flight", "what", "at most", "measured", "reached"),
        tuple(rows),
    )


def _word(found: Spread, limit: float) -> str:
    if not found.rounds or math.isnan(found.median):
        return "not measured"
    return "yes" if found.median <= limit else "no"
