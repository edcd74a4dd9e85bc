"""What a server did over some phases, by its page; and what stands against believing it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from eiload.observe import server
from eiload.record.observed import Series, Source
from eiload.record.run import Run
from eiload.record.stopping import UNFINISHED
from tests.golden import golden_run, with_target
from tests.observe.made import Values, latencies, series, source, with_sources

PHASES = """
name: observed
targets:
  gpu: {server: "127.0.0.1:8500", model: ssd}
payload: {synthetic: 64x48}
traffic:
  - {phase: warm-up, rate: 10/s, arrivals: constant, for: 4 s, warm_up: true}
  - {phase: steady, rate: 10/s, arrivals: constant, for: 4 s}
  - {phase: more, rate: 10/s, arrivals: constant, for: 2 s}
"""
AT_S = (-0.5, *(float(n) for n in range(1, 11)), 10.3)
COUNTS = (0.0, *(10.0 * n for n in range(1, 11)), 100.0)


def requests(values: Values, model: str = "ssd", status: str = "OK") -> Series:
    """Return a counter of requests."""
    return series("requests", values, model=model, status=status)


def times(us: float) -> list[Sequence[float]]:
    """Return so many times at each reading as requests were counted up to it."""
    return [[us] * int(n) for n in np.diff(COUNTS, prepend=0.0)]


def page(*more: Series, counts: Values = COUNTS, at_s: Sequence[float] = AT_S) -> Source:
    """Return a page on which a model's requests are counted."""
    return source(requests(counts), *more, at_s=at_s)


def observed(*sources: Source) -> Run:
    """Return a run of which that was read."""
    return with_sources(golden_run(PHASES), {"gpu": sources})


def test_phases_that_follow_one_another_are_one_stretch() -> None:
    """Those that count are two here, and the run ends with them."""
    run = observed()
    assert server.stretches(run) == [(4.0, 10.0, True)]
    assert server.stretches(run, [run.phases()[0], run.phases()[2]]) == [
        (0.0, 4.0, False),
        (8.0, 10.0, True),
    ]
    assert server.server_of(run, 0) is None


def test_a_phase_has_its_own_requests() -> None:
    """From the last reading before it to the first after it; the last one with what was left."""
    run = observed(page())
    warm_up, steady, more = run.phases()
    counts = []
    for spans in ([warm_up], [steady], [more], [steady, more], run.phases()):
        found = server.server_of(run, 0, spans)
        assert found is not None
        counts.append(dict(found.by_status))
    assert counts == [{"OK": n} for n in (40, 40, 20, 60, 100)]


def test_times_are_exact_in_the_mean() -> None:
    """Of the target's model and of gRPC alone; quantiles are between a bucket's limits."""
    run = observed(
        page(
            *latencies("request_us", times(25_000), model="ssd", entrypoint="GRPC"),
            *latencies("request_us", times(9), model="ssd", entrypoint="REST"),
            *latencies("request_us", times(9), model="other", entrypoint="GRPC"),
            *latencies("runtime_us", times(20_000), model="ssd"),
            *latencies("queue_us", times(3_000)),
            series("graph_runs", COUNTS),
        )
    )
    found = server.server_of(run, 0)
    assert found is not None
    assert found.request is not None
    assert found.runtime is not None
    assert found.queue is not None
    assert (found.request.mean, found.request.count) == (25_000, 60)
    assert (found.runtime.mean, found.queue.mean) == (20_000, 3_000)
    assert found.batch is None
    assert found.graph_runs == 60
    assert found.request.quantile(0.99).low < 25_000 < found.request.quantile(0.99).high
    assert found.queue_in_runtime


def test_replicas_with_a_page_each_add_up() -> None:
    """They are one server to a client."""
    half = [n / 2 for n in COUNTS]
    pages = [page(counts=half), page(counts=half)]
    found = server.server_of(observed(*pages), 0)
    assert found is not None
    assert found.total == 60
    assert found.per_s == pytest.approx(10)


def test_after_a_restart_what_was_counted_since_counts() -> None:
    """What was before it is lost."""
    counts = [0, 10, 20, 30, 40, 50, None, 10, 20, 30, 40, 40]
    found = server.server_of(observed(page(counts=counts)), 0)
    assert found is not None
    assert found.total == 10 + 40


def test_of_several_servers_nothing_is_computed() -> None:
    """Differences of two of them are of nothing."""
    counts = [0, 500, 10, 20, 520, 530, 30, 540, 550, 40, 560, 570]
    assert server.server_of(observed(page(counts=counts)), 0) is None


def test_a_run_that_was_killed() -> None:
    """Its last phase ends with it: no reading after a drain belongs to it, nor is time unread."""
    whole = page(counts=[*COUNTS[:-3], 90.0, 90.0, 90.0])
    run = replace(observed(whole), stopped=UNFINISHED)
    assert server.stretches(run) == [(4.0, 10.0, False)]
    early = page(counts=COUNTS[:9], at_s=AT_S[:9])  # the last reading is of 8 s
    found = server.server_of(replace(observed(early), stopped=UNFINISHED), 0)
    assert found is not None
    assert found.total == 40
    assert found.per_s == pytest.approx(10)


def test_a_histogram_that_contradicts_itself_is_left_out() -> None:
    """The rest stands, and it is said."""
    broken = latencies("request_us", times(25_000), model="ssd", entrypoint="GRPC")[:-1]
    found = server.server_of(observed(page(*broken)), 0)
    assert found is not None
    assert found.request is None
    assert found.total == 60
    assert found.notes == ("request_us: the buckets do not add up to the count",)


def test_another_model_of_the_scenario() -> None:
    """The label is the model's name as clients send it."""
    run = with_target(observed(page()), "gpu", model="other")
    found = server.server_of(run, 0)
    assert found is not None
    assert found.by_status == {}
