"""A moment's metrics: their names, what they say, what changes between two."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

from eiload.base.status import Status
from eiload.export.exponential import BOUNDS_S
from eiload.export.metrics import (
    NAMES,
    Form,
    Histogram,
    Metric,
    Moment,
    moment,
    since,
)
from eiload.export.prometheus import name_of
from eiload.record.buckets import bucket_mid_ns
from eiload.record.intervals import Kind
from eiload.record.run import Run
from tests.export.moments import moment_of
from tests.export.test_totals import cut
from tests.golden import MIX, TWO, away, golden_run, steady

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"


def the_run() -> Run:
    """Return a run of two targets, one of which was away."""
    return golden_run(TWO, {"ei": away(steady(120, 2), 100, 130)})


def of(found: Moment, name: str) -> Metric:
    """Return a metric by its name."""
    (metric,) = (each for each in found.metrics if each.name.name == name)
    return metric


def histogram(metric: Metric, **attributes: str) -> Histogram:
    """Return the histogram of a target and phase."""
    wanted = {(f"eiload.{key}", value) for key, value in attributes.items()}
    (value,) = (each.value for each in metric.points if wanted <= set(each.attributes))
    assert isinstance(value, Histogram)
    return value


def test_the_runs_numbers() -> None:
    """Requests by target, phase and outcome; times of those that ended OK; both add up."""
    run = the_run()
    found = moment_of(run)
    requests = {
        tuple(value for _, value in point.attributes): point.value
        for point in of(found, "eiload.requests").points
    }
    for target, name in enumerate(run.scenario.targets):
        for span in run.phases():
            for status, number in run.statuses(target, [span]).items():
                assert requests.pop((name, span.name, status.name)) == number
    assert not requests
    for name, kind in (
        ("rpc.client.call.duration", Kind.SERVICE),
        ("eiload.response.duration", Kind.RESPONSE),
        ("eiload.lag.duration", Kind.LAG),
    ):
        for target in range(2):
            sample = run.sample(target, kind=kind)
            whose = {"target": list(run.scenario.targets)[target], "phase": "steady"}
            value = histogram(of(found, name), **whose)
            assert value.count == sample.good == sum(value.classic)
            assert value.sum_ns == sample.sum_ns
            assert sum(value.exponential.counts) + value.exponential.zero == sample.good
            under = sum(value.classic[: BOUNDS_S.index(0.1) + 1])
            assert under == sample.count[bucket_mid_ns(sample.bucket) <= 1e8].sum()


def test_attributes_are_opentelemetrys() -> None:
    """The call says what OpenTelemetry's conventions ask of it; what has no convention is ours."""
    found = moment_of(the_run())
    attributes = dict(of(found, "rpc.client.call.duration").points[0].attributes)
    assert attributes["rpc.system.name"] == "grpc"
    assert attributes["rpc.method"] == "tensorflow.serving.PredictionService/Predict"
    assert attributes["rpc.response.status_code"] == "OK"
    assert (attributes["server.address"], attributes["server.port"]) == ("127.0.0.1", 8500)
    for metric in found.metrics:
        for point in metric.points:
            assert {key for key, _ in point.attributes} <= set(metric.name.attributes)
            for key, _ in point.attributes:
                assert key.startswith(("eiload.", "rpc.", "server.")), key


def test_a_mix_has_classes() -> None:
    """By class where there are classes, and nowhere else."""
    points = of(moment_of(golden_run(MIX)), "eiload.requests").points
    assert {dict(each.attributes)["eiload.class"] for each in points} == {"small", "large"}
    points = of(moment_of(the_run()), "eiload.requests").points
    assert all("eiload.class" not in dict(each.attributes) for each in points)


def test_before_the_first_run() -> None:
    """Only who makes the load is known."""
    assert [each.name.name for each in moment(None, 0, 1).metrics] == ["eiload.build.info"]


def test_differences_add_up() -> None:
    """What came between moments, added up, is what there is at the last one."""
    run = the_run()
    reports = cut(run, 5)
    before = None
    requests, buckets, sums = Counter[Any](), Counter[Any](), Counter[Any]()
    for number in range(1, 6):
        now = moment_of(run, *reports[:number], wall_s=number)
        told = since(before, now)
        assert told.began_wall_ns == (before.wall_ns if before else now.began_wall_ns)
        for attributes, value in of(told, "eiload.requests").points:
            assert isinstance(value, float)
            requests[attributes] += int(value)
        for attributes, value in of(told, "eiload.response.duration").points:
            assert isinstance(value, Histogram)
            sums[attributes] += value.sum_ns
            for place, count in enumerate(value.exponential.counts, value.exponential.offset):
                assert count >= 0
                buckets[attributes, place] += count
        before = now
    whole = moment_of(run)
    assert requests == dict(of(whole, "eiload.requests").points)
    for attributes, value in of(whole, "eiload.response.duration").points:
        assert isinstance(value, Histogram)
        assert sums[attributes] == value.sum_ns
        for place, count in enumerate(value.exponential.counts, value.exponential.offset):
            assert buckets[attributes, place] == count
    assert before is not None
    left = {each.name.form for each in since(before, moment_of(run)).metrics}
    assert left == {Form.GAUGE}  # nothing has changed
    assert Status.UNAVAILABLE.name in {dict(each)["eiload.outcome"] for each in requests}


def test_the_docs_tell_of_all() -> None:
    """docs/metrics.md has each metric by both names, with form and attributes."""
    rows = re.findall(
        r"^\| `(.+?)` \| `(.+?)` \| (\w+) \| (.*?) \| (.+?) \|$", DOCS.read_text(), re.MULTILINE
    )
    told = {row[0]: row for row in rows}
    assert list(told) == [name.name for name in NAMES]
    for name in NAMES:
        _, prometheus, form, attributes, _ = told[name.name]
        total = "_total" if name.form is Form.COUNTER else ""
        assert prometheus == name_of(name) + total
        assert form == name.form.value
        assert re.findall(r"`(.+?)`", attributes) == list(name.attributes)
