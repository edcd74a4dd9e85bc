"""OTLP's message, decoded and held against the moment that it is of."""

import math
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from eiload.base.clock import NS_PER_S
from eiload.export.metrics import Form, Histogram
from eiload.export.otlp import Temporality, message, refused
from tests.export.collectors import attributes, metrics
from tests.export.moments import BEGAN_NS, moment_of
from tests.golden import TWO, away, golden_run, steady

WORDS: tuple[tuple[Temporality, int], ...] = (
    ("cumulative", AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE),
    ("delta", AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA),
)


@pytest.mark.parametrize(("word", "number"), WORDS)
def test_read_back(word: Temporality, number: int) -> None:
    """Every metric with every point, what they count from, and who makes the load."""
    moment = moment_of(golden_run(TWO, {"ei": away(steady(120, 2), 100, 130)}))
    read = ExportMetricsServiceRequest.FromString(
        message(moment, word, {"service.name": "eiload"}, "0.1")
    )
    (of,) = read.resource_metrics
    assert attributes(of.resource) == {"service.name": "eiload"}
    assert (of.scope_metrics[0].scope.name, of.scope_metrics[0].scope.version) == ("eiload", "0.1")
    found = metrics(read)
    assert list(found) == [metric.name.name for metric in moment.metrics]
    for metric in moment.metrics:
        made = found[metric.name.name]
        assert (made.unit, made.description) == (metric.name.unit, metric.name.says)
        of_form: Any = {
            Form.COUNTER: made.sum, Form.GAUGE: made.gauge,
            Form.HISTOGRAM: made.exponential_histogram,
        }[metric.name.form]  # fmt: skip
        if metric.name.form is not Form.GAUGE:
            assert of_form.aggregation_temporality == number
        if metric.name.form is Form.COUNTER:
            assert made.sum.is_monotonic
        assert len(of_form.data_points) == len(metric.points)
        for (wanted, value), point in zip(metric.points, of_form.data_points, strict=True):
            assert attributes(point) == dict(wanted)
            assert point.start_time_unix_nano == BEGAN_NS
            assert point.time_unix_nano == moment.wall_ns
            if isinstance(value, Histogram):
                assert (point.count, point.zero_count) == (value.count, value.exponential.zero)
                assert point.sum == value.sum_ns / NS_PER_S
                assert point.positive.offset == value.exponential.offset
                assert tuple(point.positive.bucket_counts) == value.exponential.counts
                base = 2 ** (2**-point.scale)
                assert math.log2(base) == pytest.approx(1 / 32)
            elif metric.name.form is Form.COUNTER:
                assert point.as_int == value
            else:
                assert point.as_double == value


def test_what_a_collector_refuses() -> None:
    """Points that were not taken are told with the reason; garbage says nothing."""
    answer = ExportMetricsServiceResponse()
    assert refused(answer.SerializeToString()) == ""
    answer.partial_success.rejected_data_points = 3
    answer.partial_success.error_message = "too old"
    assert refused(answer.SerializeToString()) == "3 points rejected: too old"
    assert refused(b"<html>") == ""
