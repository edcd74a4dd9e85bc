"""Many requests told to Locust's statistics at once, where nobody asks for each.

What it knows: who listens to Locust's `request` event, and how Locust adds statistics up. What it
must not know: who made the requests, what our own report counts.

Firing the event takes more of a load process than everything else does with a small request. As
long as Locust's own statistics are all that listens, their sums are what matters: those of a batch
are made into a `StatsEntry`, which is merged as a master merges what its workers report. Response
times are grouped by Locust's own rule, also if a locustfile replaces it. As soon as anybody else
listens, each request is an event again.
"""

import time
from collections import Counter

import numpy as np
from locust import stats as locust_stats
from locust.env import Environment

from eiload.base.clock import NS_PER_MS
from eiload.scenario.http import PORTS
from eiload.sending.arrays import Results

__all__ = ["REQUEST_TYPE", "REQUEST_TYPES", "Totals"]

REQUEST_TYPE = "grpc"
"""What Locust's statistics call the method of a request; one over HTTP is called by its API."""

REQUEST_TYPES = frozenset({REQUEST_TYPE, *PORTS})
"""All that are ours."""

STATISTICS = ("locust.runners", "Runner.__init__.<locals>.on_request")
"""Module and name of the listener by which Locust's statistics hear of requests."""


class Totals:
    """Locust's statistics of one load process.

    Args:
        environment: Locust's.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    @property
    def suffice(self) -> bool:
        """Tell whether sums say all that is heard: nobody but Locust's statistics listens."""
        listeners = self._environment.events.request._handlers  # noqa: SLF001  # no other way
        names = [(getattr(each, "__module__", ""), getattr(each, "__qualname__", ""))
                 for each in listeners]  # fmt: skip
        return names == [STATISTICS] and type(self._environment.stats) is locust_stats.RequestStats

    def add(self, name: str, results: Results, request_type: str = REQUEST_TYPE) -> None:
        """Add requests that ended well.

        Args:
            name: what the statistics call them.
            results: records of `RESULT_DTYPE`, shape (n,), each with its end.
            request_type: the API of the target.
        """
        stats = self._environment.stats
        now_s = time.time()
        times_ms = ((results["done_ns"] - results["intended_ns"]) / NS_PER_MS).tolist()
        sums = locust_stats.StatsEntry(stats, name, request_type)
        sums.num_requests = len(times_ms)
        sums.total_response_time = sum(times_ms)
        sums.min_response_time = min(times_ms)
        sums.max_response_time = max(times_ms)
        sums.total_content_length = int(results["response_bytes"].sum(dtype=np.int64))
        sums.num_reqs_per_sec = {int(now_s): len(times_ms)}
        sums.last_request_timestamp = now_s
        # Looked up at each call: Locust says that it may be replaced.
        sums.response_times = Counter(map(locust_stats.bucket_response_time, times_ms))
        stats.total.extend(sums)
        stats.entries[name, request_type].extend(sums)
