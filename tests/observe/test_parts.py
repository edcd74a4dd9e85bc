"""Where the time went on both sides: parts that add up, and what a difference is made of."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from eiload.base.clock import NS_PER_MS
from eiload.observe import parts
from eiload.observe.parts import TimeParts, excess, parts_of
from eiload.record.recorder import Recorder
from eiload.record.run import Run
from tests.golden import golden_run, instants, results
from tests.observe.made import latencies, source, with_sources

TEXT = """
name: parts
targets:
  gpu: {server: "127.0.0.1:8500", model: ssd}
  ei: {server: "127.0.0.1:9000", model: ssdresnet}
payload: {synthetic: 64x48}
traffic:
  - {phase: steady, rate: 10/s, arrivals: constant, for: 100 s}
compare: {baseline: gpu, candidate: ei}
"""
NUMBER = 1000
AT_S = (-0.5, 50.0, 101.0)


def run_of(gpu_ms: float, ei_ms: float, *, known: bool = True) -> Run:
    """Return a run in which each target takes so long: a fifth upload, a tenth download."""
    recorder = Recorder(0)
    for target, took_ms in enumerate((gpu_ms, ei_ms)):
        rng = np.random.default_rng(target)
        took_s = took_ms / 1e3 * (1 + 0.1 * rng.standard_normal(NUMBER))
        batch = results(target, 0, np.arange(NUMBER) / 10, took_s, lag_ms=0.5)
        recorder.record(instants(batch) if known else batch)
    return replace(golden_run(TEXT), intervals=recorder.take())


def pages(
    model: str, request_us: float, runtime_us: float, queue_us: float = 0.0
) -> "Sequence[object]":
    """Return the series of a server whose requests all take the same."""

    def of(name: str, us: float, **labels: str) -> list[object]:
        return list(latencies(name, [[], [us] * 500, [us] * 500], **labels))

    found = of("request_us", request_us, model=model, entrypoint="GRPC")
    found += of("runtime_us", runtime_us, model=model)
    return found + (of("queue_us", queue_us) if queue_us else [])


def observed(run: Run, **of: "Sequence[object]") -> Run:
    """Return a run whose servers said that."""
    return with_sources(
        run, {name: [source(*each, at_s=AT_S)] for name, each in of.items()}  # type: ignore[arg-type]
    )  # fmt: skip


def told(run: Run, target: int = 0) -> TimeParts:
    """Return a target's parts."""
    found = parts_of(run, target)
    assert found is not None
    return found


def milliseconds(of: TimeParts) -> dict[str, float]:
    """Return the means."""
    return {part.name: part.mean_ns / NS_PER_MS for part in of.parts}


def test_the_parts_add_up_to_the_response_time() -> None:
    """Exactly, in the mean; the server's lie within our wait."""
    run = observed(run_of(100, 100), gpu=pages("ssd", 60_000, 45_000, 10_000))
    of = told(run)
    assert [part.name for part in of.parts] == [
        *("lag", "upload", "outside", "queue", "handling", "runtime", "download"),
    ]
    assert of.response_ns == pytest.approx(run.sample(0).mean_ns(), rel=1e-9)
    means = milliseconds(of)
    service = run.sample(0).mean_ns() / NS_PER_MS - 0.5
    assert means["lag"] == pytest.approx(0.5, abs=1e-3)
    assert means["upload"] == pytest.approx(service / 5, rel=1e-3)
    assert means["outside"] == pytest.approx(0.7 * service - 60, abs=0.01)
    assert means["queue"] == 10
    assert means["handling"] == 15
    assert means["runtime"] == 35  # TensorFlow Serving's holds the wait in the queue
    assert of.requests == NUMBER


def test_without_batching_there_is_no_queue() -> None:
    """And the runtime is all of it."""
    means = milliseconds(told(observed(run_of(100, 100), gpu=pages("ssd", 60_000, 45_000))))
    assert "queue" not in means
    assert means["runtime"] == 45


def test_quantiles_are_bounds() -> None:
    """Ours are exact; the server's its bucket's; the outside's hold whatever goes with what."""
    of = told(observed(run_of(100, 100), gpu=pages("ssd", 60_000, 45_000)))
    by_name = {part.name: part.quantiles for part in of.parts}
    upload = by_name["upload"][0.5]
    assert upload is not None
    assert upload.low == upload.high == pytest.approx(20e6, rel=0.02)
    runtime = by_name["runtime"][0.99]
    assert runtime is not None
    assert (runtime.low, runtime.high) == pytest.approx((37_481_300, 67_466_300), rel=1e-3)
    outside = by_name["outside"][0.5]
    assert outside is not None
    assert 0 <= outside.low <= 0.7 * 99.5e6 - 60e6 <= outside.high
    assert by_name["handling"][0.5] is None


def test_a_client_that_knows_no_parts() -> None:
    """Everything that is neither lag nor the server's is the network's."""
    run = observed(run_of(100, 100, known=False), gpu=pages("ssd", 60_000, 45_000))
    means = milliseconds(told(run))
    assert list(means) == ["lag", "network", "handling", "runtime"]
    assert means["network"] == pytest.approx(run.sample(0).mean_ns() / NS_PER_MS - 60.5, abs=0.01)


def test_nothing_is_known() -> None:
    """Without a page, of another model, of a build that times no requests."""
    run = run_of(100, 100)
    assert parts_of(run, 0) is None
    assert parts_of(observed(run, gpu=pages("other", 60_000, 45_000)), 0) is None


def test_what_a_difference_is_made_of() -> None:
    """Ei is 40 ms slower: most of it is the network's, the rest the runtime's."""
    run = observed(
        run_of(100, 140), gpu=pages("ssd", 60_000, 50_000), ei=pages("ssdresnet", 65_000, 56_000)
    )
    shares = {s.name: s.difference_ns / NS_PER_MS for s in excess(told(run, 0), told(run, 1))}
    difference = (run.sample(1).mean_ns() - run.sample(0).mean_ns()) / NS_PER_MS
    assert sum(shares.values()) == pytest.approx(difference)
    assert shares["runtime"] == pytest.approx(6)
    assert shares["server's handling"] == pytest.approx(-1)
    assert shares["network and transfer"] == pytest.approx(difference - 5, abs=1e-6)
    assert next(iter(shares)) == "network and transfer"


def test_every_part_belongs_somewhere() -> None:
    """A comparison leaves none out."""
    run = observed(run_of(100, 100), gpu=pages("ssd", 60_000, 45_000, 10_000))
    assert {part.name for part in told(run).parts} <= set(parts.GROUPS)
