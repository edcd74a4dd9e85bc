"""A run as HdrHistogram's interval log, read by HdrHistogram's own reader."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eiload.base.clock import NS_PER_S
from eiload.record.buckets import bucket_of
from eiload.record.intervals import Kind
from eiload.record.run import Run
from eiload.report import hlog
from tests.golden import ONE, away, golden_run, steady
from tests.report import runs

histograms = pytest.importorskip("hdrh.histogram", reason="no hdrhistogram")
logs = pytest.importorskip("hdrh.log", reason="no hdrhistogram")

TEXT = ONE.replace("for: 5 min}", "for: 20 s}\n  - {phase: busy, rate: 50/s, for: 30 s}").replace(
    "traffic:", "traffic:\n  - {phase: warm-up, rate: 5/s, for: 5 s, warm_up: true}"
)


def read(run: Run, folder: Path) -> dict[str, list[Any]]:
    """Return the histograms of a run's log, by tag."""
    path = folder / "run.hlog"
    path.write_text(hlog.render(run), encoding="utf-8")
    reader = logs.HistogramLogReader(str(path), histograms.HdrHistogram(1, hlog.HIGHEST_NS, 3))
    found: dict[str, list[Any]] = {}
    while (histogram := reader.get_next_interval_histogram()) is not None:
        found.setdefault(histogram.get_tag(), []).append(histogram)
    reader.close()
    return found


def together(parts: Iterable[Any]) -> Any:
    """Return the sum of histograms."""
    whole = histograms.HdrHistogram(1, hlog.HIGHEST_NS, 3)
    for each in parts:
        whole.add(each)
    return whole


def test_every_time_is_in_it(tmp_path: Path) -> None:
    """As many as the run has, at the same percentiles, in the seconds in which they were due."""
    run = golden_run(TEXT, {"gpu": away(steady(100, 1), 30, 33)})
    found = read(run, tmp_path)
    assert found.keys() == {
        f"gpu{kind}{of}" for kind in ("", ".service", ".lag") for of in ("", ".warm-up")
    }
    for kind, suffix in ((Kind.RESPONSE, ""), (Kind.SERVICE, ".service"), (Kind.LAG, ".lag")):
        sample, whole = run.sample(0, kind=kind), together(found[f"gpu{suffix}"])
        assert whole.get_total_count() == sample.good
        assert whole.get_max_value() == pytest.approx(sample.max_ns, rel=1e-3)
        for q in (0.5, 0.95):  # its ranks are rounded otherwise, by one request at most
            expected_ns = sample.answered().quantile_ns(q)
            assert whole.get_value_at_percentile(q * 100) == pytest.approx(expected_ns, rel=0.01)
    starts = [each.get_start_time_stamp() for each in found["gpu"]]
    first_ms = run.started_wall_ns / 1e6
    assert [round((start - first_ms) / 1000) for start in starts] == [
        second for second in range(5, 55) if second not in {30, 31, 32}
    ]
    of = run.statuses(0, run.phases())
    failed = sum(of.values()) - run.sample(0, run.phases()).good
    assert f"#[gpu: {failed} of {sum(of.values())} requests did not end OK" in hlog.render(run)


@pytest.mark.parametrize("times_ns", [[0], [1, 1, 2], [1023, 1024, 1025, 2047, 2048], [7 * 10**15]])
def test_the_smallest_and_the_largest(times_ns: list[int]) -> None:
    """A time below a microsecond, and one of months."""
    buckets, counts = np.unique(bucket_of(np.array(times_ns)), return_counts=True)
    histogram = histograms.HdrHistogram.decode(hlog.encoded(buckets, counts))
    assert histogram.get_total_count() == len(times_ns)
    assert histogram.get_min_value() == pytest.approx(min(times_ns), rel=1e-3)
    assert histogram.get_max_value() == pytest.approx(max(times_ns), rel=2e-3)


def test_hostile_names_make_no_lines() -> None:
    """A name is one tag, whatever is in it."""
    tame, wild = hlog.render(runs.golden()), hlog.render(runs.hostile())
    assert tame.count("\n") == wild.count("\n")
    for line in wild.splitlines():
        if line.startswith("Tag="):
            assert line.count(",") == 4
    assert hlog.tag_of("a b,c=d\ne") == "a_b_c_d\\ne"
    assert run_of_nothing().count("Tag=") == 0


def run_of_nothing() -> str:
    """Return the log of a run in which nothing was due."""
    from dataclasses import replace

    from eiload.record.intervals import Intervals

    return hlog.render(replace(runs.golden(), intervals=Intervals.empty(), ended_ns=NS_PER_S))
