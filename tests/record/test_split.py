"""split: where the time went, of requests whose five instants are known."""

from dataclasses import replace

import numpy as np
import pytest

from eiload.base.clock import NS_PER_MS
from eiload.record.intervals import PARTS, Kind
from eiload.record.recorder import Recorder
from eiload.record.run import Run
from eiload.record.split import NAMES, split_of
from tests.golden import ONE, Floats, golden_run, instants, results


def due(count: int) -> Floats:
    """Return when so many requests were due, s."""
    return np.linspace(20, 30, count, dtype=np.float64)


def of(batch: "np.ndarray") -> Run:
    """Return a run of one target that had these results."""
    recorder = Recorder(0)
    recorder.record(batch)
    return replace(golden_run(ONE), intervals=recorder.take())


def test_shares_and_means_add_up() -> None:
    """Of the whole response time; a wait for a free stream is a part of its own."""
    times_s = np.full(400, 0.1)
    batch = instants(results(0, 0, due(400), times_s), blocked_of=100)
    split = split_of(of(batch), 0)
    assert split is not None
    assert split.requests == 400
    assert sum(map(split.share, NAMES)) == pytest.approx(1)
    assert sum(map(split.mean_ns, NAMES)) == pytest.approx(100 * NS_PER_MS)
    assert split.mean_ns(Kind.LAG) == pytest.approx(0.2 * NS_PER_MS)
    service_ns = 99.8 * NS_PER_MS
    assert split.mean_ns(Kind.BLOCKED) == pytest.approx(0.1 * service_ns * 100 / 400)
    assert split.mean_ns(Kind.DOWNLOAD) == pytest.approx(0.1 * service_ns)
    blocked = split.samples[Kind.BLOCKED]
    assert blocked.quantile_ns(0.5) < 1
    assert blocked.quantile_ns(0.9) == pytest.approx(0.1 * service_ns, rel=0.01)


def test_nobody_could_tell() -> None:
    """GRPC's own client, an older run file, no good answer: not known, which is not zero."""
    assert split_of(of(results(0, 0, due(9), np.full(9, 0.1))), 0) is None
    failed = instants(results(0, 0, due(9), np.full(9, np.inf)))
    assert split_of(of(failed), 0) is None
    assert all(part in NAMES for part in PARTS)
