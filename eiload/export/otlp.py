"""A moment's metrics as OTLP has them: one message, built from our own buckets.

What it knows: OpenTelemetry's messages (opentelemetry-proto, metrics/v1). What it must not know:
how they travel. Imported only where the extra ``eiload[otel]`` is.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    ExponentialHistogramDataPoint,
    NumberDataPoint,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric as Message

from eiload.base.clock import NS_PER_S
from eiload.export.exponential import SCALE
from eiload.export.metrics import Form, Histogram, Metric, Moment

__all__ = ["Temporality", "message", "refused"]

Temporality = Literal["cumulative", "delta"]
"""Whether counters count from the run's beginning, or from the points that were sent last."""

_TEMPORALITIES = {
    "cumulative": AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE,
    "delta": AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA,
}


def message(
    moment: Moment, temporality: Temporality, resource: Mapping[str, str], scope_version: str
) -> bytes:
    """Return a moment as an ``ExportMetricsServiceRequest``.

    Args:
        moment: all since the beginning, or for delta since the last that was taken.
        temporality: which of the two.
        resource: attributes of what makes the load.
        scope_version: eiload's.
    """
    made = ExportMetricsServiceRequest()
    of = made.resource_metrics.add()
    of.resource.attributes.extend(_attributes(resource.items()))
    scope = of.scope_metrics.add()
    scope.scope.name, scope.scope.version = "eiload", scope_version
    for metric in moment.metrics:
        _fill(scope.metrics.add(), metric, moment, _TEMPORALITIES[temporality])
    return bytes(made.SerializeToString())


def refused(answer: bytes) -> str:
    """Return what a collector's answer says of points that it did not take; empty if it took all.

    An answer that is none says nothing.
    """
    try:
        partial = ExportMetricsServiceResponse.FromString(answer).partial_success
    except Exception:  # protobuf's, which differs between its implementations
        return ""
    if not partial.rejected_data_points:
        return ""
    return f"{partial.rejected_data_points} points rejected: {partial.error_message}".rstrip(": ")


def _attributes(pairs: Iterable[tuple[str, str | int]]) -> list[KeyValue]:
    return [
        KeyValue(
            key=key,
            value=AnyValue(int_value=value)
            if isinstance(value, int)
            else AnyValue(string_value=value),
        )
        for key, value in pairs
    ]


def _fill(
    made: Message, metric: Metric, moment: Moment, temporality: "AggregationTemporality.ValueType"
) -> None:
    name = metric.name
    made.name, made.unit, made.description = name.name, name.unit, name.says
    match name.form:
        case Form.HISTOGRAM:
            made.exponential_histogram.aggregation_temporality = temporality
            for attributes, value in metric.points:
                if isinstance(value, Histogram):
                    point = made.exponential_histogram.data_points.add()
                    _stamp(point, attributes, moment)
                    _buckets(point, value)
        case Form.COUNTER:
            made.sum.is_monotonic = True
            made.sum.aggregation_temporality = temporality
            for attributes, value in metric.points:
                if not isinstance(value, Histogram):
                    point = made.sum.data_points.add(as_int=round(value))
                    _stamp(point, attributes, moment)
        case Form.GAUGE:
            for attributes, value in metric.points:
                if not isinstance(value, Histogram):
                    gauge = made.gauge.data_points.add(as_double=value)
                    _stamp(gauge, attributes, moment)


def _stamp(
    point: NumberDataPoint | ExponentialHistogramDataPoint,
    attributes: Iterable[tuple[str, str | int]],
    moment: Moment,
) -> None:
    point.attributes.extend(_attributes(attributes))
    point.start_time_unix_nano, point.time_unix_nano = moment.began_wall_ns, moment.wall_ns


def _buckets(point: ExponentialHistogramDataPoint, value: Histogram) -> None:
    point.count, point.sum, point.scale = value.count, value.sum_ns / NS_PER_S, SCALE
    point.zero_count = value.exponential.zero
    point.positive.offset = value.exponential.offset
    point.positive.bucket_counts.extend(value.exponential.counts)
