"""Prometheus' protobuf form of a page, the only one that has native histograms.

What it knows: the messages of ``io.prometheus.client`` (prometheus/client_model, metrics.proto; the
fields that are written here, by number). What it must not know: what the metrics are of. There is
no Python package of these messages, so they are described here; protobuf itself writes them.

A native histogram's buckets come in spans, as differences from one bucket to the next; bucket i is
OpenTelemetry's i - 1.
"""

import functools
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from eiload.base.clock import NS_PER_S
from eiload.export.exponential import BOUNDS_S, SCALE
from eiload.export.metrics import Form, Histogram, Metric, Moment, Name

__all__ = ["CONTENT_TYPE", "messages", "page"]

CONTENT_TYPE = (
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
)

_PACKAGE = "io.prometheus.client"

# message: (field, number, type), with "*" for repeated ones
_MESSAGES: dict[str, tuple[tuple[str, int, str], ...]] = {
    "LabelPair": (("name", 1, "string"), ("value", 2, "string")),
    "Gauge": (("value", 1, "double"),),
    "Counter": (("value", 1, "double"), ("created_timestamp", 3, "Timestamp")),
    "Timestamp": (("seconds", 1, "int64"), ("nanos", 2, "int32")),
    "Bucket": (("cumulative_count", 1, "uint64"), ("upper_bound", 2, "double")),
    "BucketSpan": (("offset", 1, "sint32"), ("length", 2, "uint32")),
    "Histogram": (
        ("sample_count", 1, "uint64"), ("sample_sum", 2, "double"), ("bucket", 3, "*Bucket"),
        ("schema", 5, "sint32"), ("zero_threshold", 6, "double"), ("zero_count", 7, "uint64"),
        ("positive_span", 12, "*BucketSpan"), ("positive_delta", 13, "*sint64"),
        ("created_timestamp", 15, "Timestamp"),
    ),
    "Metric": (
        ("label", 1, "*LabelPair"), ("gauge", 2, "Gauge"), ("counter", 3, "Counter"),
        ("histogram", 7, "Histogram"),
    ),
    "MetricFamily": (
        ("name", 1, "string"), ("help", 2, "string"), ("type", 3, "int32"),
        ("metric", 4, "*Metric"),
    ),
}  # fmt: skip
"""A number of an enum travels as one of int32 does; google.protobuf.Timestamp as ours."""

_TYPES = {Form.COUNTER: 0, Form.GAUGE: 1, Form.HISTOGRAM: 4}


@functools.cache
def messages() -> dict[str, Any]:
    """Return the messages' classes by name."""
    field_type = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="eiload/prometheus.proto", package=_PACKAGE, syntax="proto2"
    )
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for name, number, said in fields:
            many, kind = said.startswith("*"), said.removeprefix("*")
            field = described.field.add(name=name, number=number)
            field.label = field_type.LABEL_REPEATED if many else field_type.LABEL_OPTIONAL
            if kind in _MESSAGES:
                field.type, field.type_name = field_type.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
            else:
                field.type = field_type.Type.Value(f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in _MESSAGES
    }


def page(moment: Moment, name_of: Callable[[Name], str], label_of: Callable[[str], str]) -> bytes:
    """Return a moment's metrics, each family behind its length.

    Args:
        moment: what the page says.
        name_of: returns a metric's name.
        label_of: returns an attribute's name.
    """
    return b"".join(
        _delimited(_family(metric, moment.began_wall_ns, name_of(metric.name), label_of))
        for metric in moment.metrics
    )


def _delimited(message: Any) -> bytes:
    body: bytes = message.SerializeToString()
    size, length = len(body), bytearray()
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return bytes(length) + body


def _family(metric: Metric, began_ns: int, name: str, label_of: Callable[[str], str]) -> Any:
    form = metric.name.form
    family = messages()["MetricFamily"](
        name=name if form is not Form.COUNTER else f"{name}_total",
        help=metric.name.says,
        type=_TYPES[form],
    )
    for attributes, value in metric.points:
        made = family.metric.add()
        for label, text in attributes:
            made.label.add(name=label_of(label), value=str(text))
        if isinstance(value, Histogram):
            _fill(made.histogram, value)
            _stamp(made.histogram.created_timestamp, began_ns)
        elif form is Form.COUNTER:
            made.counter.value = value
            _stamp(made.counter.created_timestamp, began_ns)
        else:
            made.gauge.value = value
    return family


def _stamp(timestamp: Any, wall_ns: int) -> None:
    timestamp.seconds, timestamp.nanos = divmod(wall_ns, NS_PER_S)


def _fill(made: Any, value: Histogram) -> None:
    made.sample_count, made.sample_sum = value.count, value.sum_ns / NS_PER_S
    reached = accumulate(value.classic)
    for bound, number in zip(BOUNDS_S, reached, strict=False):
        made.bucket.add(cumulative_count=number, upper_bound=bound)
    zero, offset, counts = value.exponential
    made.schema, made.zero_threshold, made.zero_count = SCALE, 0.0, zero
    before, last = 0, 0
    for start, run in _spans(counts):
        made.positive_span.add(offset=offset + 1 + start - last, length=len(run))
        last = offset + 1 + start + len(run)
        for number in run:
            made.positive_delta.append(number - before)
            before = number
    if not made.positive_span:
        made.positive_span.add(offset=0, length=0)  # or it would be taken for a classic one


def _spans(counts: tuple[int, ...]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield where counts begin that are not 0, each with these."""
    start = 0
    while start < len(counts):
        if not counts[start]:
            start += 1
            continue
        end = start
        while end < len(counts) and counts[end]:
            end += 1
        yield start, counts[start:end]
        start = end
