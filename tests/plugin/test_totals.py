"""Locust's statistics by the batch: the same as by one event for each request."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from locust import stats as locust_stats
from locust.env import Environment

from eiload.base.clock import NS_PER_MS, SystemClock
from eiload.base.status import Status
from eiload.plugin import event
from eiload.plugin.requests import FEW, Requests
from eiload.plugin.totals import Totals
from eiload.sending.arrays import RESULT_DTYPE, Results

APIS = ("grpc", "tf-rest")
"""Of the two targets."""


@pytest.fixture
def environment() -> Iterator[Environment]:
    """Return an environment to whose requests Locust's statistics alone listen."""
    one = Environment()
    one.create_local_runner()
    yield one
    assert one.runner is not None
    one.runner.quit()


def some(count: int, seed: int = 1) -> Results:
    """Return results that ended well, from less than 1 ms to 30 s."""
    rng = np.random.default_rng(seed)
    results = np.zeros(count, RESULT_DTYPE)
    results["intended_ns"] = rng.integers(1, 1 << 40, count)
    took_ns = np.exp(rng.uniform(np.log(0.01), np.log(30_000), count)) * NS_PER_MS
    results["done_ns"] = results["intended_ns"] + took_ns.astype(np.int64)
    results["sent_ns"] = results["intended_ns"]
    results["response_bytes"] = rng.integers(0, 1 << 31, count)
    results["target"] = rng.integers(0, 2, count)
    return results


def fired(environment: Environment, results: Results) -> None:
    """Tell the statistics of each result by an event."""
    for one in results:
        instants = event.Times(int(one["intended_ns"]), int(one["sent_ns"]), int(one["done_ns"]))
        event.fire(
            environment.events.request.fire, f"t{one['target']} Predict", instants, 0.0,
            status=Status(int(one["status"])), detail="gone",
            response_bytes=int(one["response_bytes"]), response=None, context={},
            request_type=APIS[one["target"]],
        )  # fmt: skip


def said(stats: locust_stats.RequestStats) -> dict[str, Any]:
    """Return all that a statistics' entries say but when; sums of floats to their rounding."""
    return {
        f"{entry.name}|{entry.method}": {
            "sums": (entry.num_requests, entry.num_none_requests, entry.num_failures,
                     entry.total_content_length, entry.min_response_time,
                     entry.max_response_time),
            "times": dict(sorted(entry.response_times.items())),
            "ms": pytest.approx(entry.total_response_time),
            "per second": sum(entry.num_reqs_per_sec.values()),
            "failed per second": sum(entry.num_fail_per_sec.values()),
            "percentiles": [entry.get_response_time_percentile(q) for q in (0.5, 0.99, 1.0)],
            "known last": entry.last_request_timestamp is not None,
        }
        for entry in (stats.total, *stats.entries.values())
    }  # fmt: skip


def requests(environment: Environment, totals: Totals) -> Requests:
    """Return what tells Locust of a scenario's results, in a run with two targets."""
    told = Requests(
        environment.events.request.fire, SystemClock(), (), lambda: False, print, totals=totals
    )
    scenario = SimpleNamespace(
        targets={f"t{number}": SimpleNamespace(api=api) for number, api in enumerate(APIS)},
        traffic=[SimpleNamespace(name="all")],
    )
    told.agent = cast("Any", SimpleNamespace(session=SimpleNamespace(scenario=scenario)))
    return told


def test_the_same_as_by_events(environment: Environment) -> None:
    """Counts, times, bytes and failures of both ways agree, whatever comes in which batch."""
    by_event = Environment()
    by_event.create_local_runner()
    told = requests(environment, Totals(environment))
    for count, seed in ((300, 1), (1, 2), (FEW, 3), (FEW + 1, 4), (50, 5)):
        results = some(count, seed)
        results["status"][::7] = Status.UNAVAILABLE
        fired(by_event, results)
        told.fire(results, lambda _number: "gone")
    assert said(by_event.stats) == said(environment.stats)
    assert [error.occurrences for error in by_event.stats.errors.values()] == [
        error.occurrences for error in environment.stats.errors.values()
    ]
    assert by_event.runner is not None
    by_event.runner.quit()


def test_whoever_listens_hears_each(environment: Environment) -> None:
    """With a listener of the user's every request is an event; without it, failures are."""
    totals = Totals(environment)
    assert totals.suffice
    told, heard = requests(environment, totals), []

    def listen(exception: object = None, **_: object) -> None:
        heard.append(exception)

    environment.events.request.add_listener(listen)
    assert not totals.suffice
    told.fire(some(20), str)
    assert heard == [None] * 20
    environment.events.request.remove_listener(listen)
    assert totals.suffice


@pytest.mark.parametrize("listener", [print, lambda **_: None])
def test_another_listener_alone(listener: Callable[..., None]) -> None:
    """Who has taken Locust's listener away, or has statistics of their own, gets each event."""
    environment = Environment()
    assert not Totals(environment).suffice
    environment.events.request.add_listener(listener)
    assert not Totals(environment).suffice


def test_statistics_of_the_users_own(environment: Environment) -> None:
    """Statistics of another class may want each request."""

    class Own(locust_stats.RequestStats):
        pass

    environment.stats = Own()
    assert not Totals(environment).suffice


def test_a_rule_of_the_users_own(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locust says that its grouping of response times may be replaced: then that is the rule."""
    monkeypatch.setattr(locust_stats, "bucket_response_time", lambda time_ms: 7)
    Totals(environment).add("t0 Predict", some(20))
    assert environment.stats.total.response_times == {7: 20}
