"""Native histograms: the protobuf page, read back and held against the moment."""

from itertools import accumulate, pairwise
from typing import Any

from eiload.export import native
from eiload.export.exponential import BOUNDS_S, SCALE
from eiload.export.metrics import Form, Histogram
from eiload.export.prometheus import label_of, name_of
from eiload.serving.varint import varint
from tests.export.moments import BEGAN_NS, moment_of
from tests.golden import TWO, golden_run


def families(body: bytes) -> list[Any]:
    """Return a page's families."""
    found, at = [], 0
    while at < len(body):
        length, at = varint(body, at)
        found.append(native.messages()["MetricFamily"].FromString(body[at : at + length]))
        at += length
    assert at == len(body)
    return found


def test_read_back() -> None:
    """All metrics with all their points; histograms both ways."""
    moment = moment_of(golden_run(TWO))
    found = families(native.page(moment, name_of, label_of))
    assert len(found) == len(moment.metrics)
    for metric, family in zip(moment.metrics, found, strict=True):
        counter = metric.name.form is Form.COUNTER
        assert family.name == name_of(metric.name) + ("_total" if counter else "")
        for (attributes, value), made in zip(metric.points, family.metric, strict=True):
            labels = {label.name: label.value for label in made.label}
            assert labels == {label_of(key): str(text) for key, text in attributes}
            if isinstance(value, Histogram):
                assert buckets(made.histogram) == expected(value)
                reached = list(accumulate(value.classic))
                assert [each.cumulative_count for each in made.histogram.bucket] == reached[:-1]
                assert [each.upper_bound for each in made.histogram.bucket] == list(BOUNDS_S)
                assert made.histogram.sample_count == reached[-1]
                assert made.histogram.created_timestamp.seconds == BEGAN_NS // 10**9
            elif counter:
                assert made.counter.value == value
            else:
                assert made.gauge.value == value


def buckets(made: Any) -> dict[int, int]:
    """Return the counts of a native histogram that are not 0, by the bucket's number."""
    assert made.schema == SCALE
    found, number, count = {}, 0, 0
    deltas = iter(made.positive_delta)
    for span in made.positive_span:
        number += span.offset
        for _ in range(span.length):
            count += next(deltas)
            found[number] = count
            number += 1
    assert next(deltas, None) is None
    return found


def expected(value: Histogram) -> dict[int, int]:
    """Return the same of ours: Prometheus' bucket i is OpenTelemetry's i - 1."""
    _, offset, counts = value.exponential
    return {offset + 1 + at: count for at, count in enumerate(counts) if count}


def test_of_no_time() -> None:
    """A histogram of zeros alone is native all the same: it has an empty span."""
    from eiload.export.exponential import Exponential
    from eiload.export.metrics import LAG, Metric, Moment, Point

    zeros = Histogram(2, 0, Exponential(2, 0, ()), (2, *[0] * len(BOUNDS_S)))
    moment = Moment(0, 1, (Metric(LAG, (Point((), zeros),)),))
    (family,) = families(native.page(moment, name_of, label_of))
    made = family.metric[0].histogram
    assert [(span.offset, span.length) for span in made.positive_span] == [(0, 0)]
    assert made.zero_count == 2


def test_the_wire_is_prometheus() -> None:
    """The bytes of a small page, by hand from prometheus/client_model's metrics.proto."""
    from eiload.export.metrics import WORKERS, Metric, Moment, Point

    moment = Moment(0, 1, (Metric(WORKERS._replace(says="n"), (Point((("a.b", "c"),), 2.0),)),))
    gauge = b"\x12\x09\x09" + b"\x00\x00\x00\x00\x00\x00\x00\x40"
    label = b"\x0a\x08\x0a\x03a_b\x12\x01c"
    metric = b"\x22" + bytes([len(label + gauge)]) + label + gauge
    family = b"\x0a\x0eeiload_workers\x12\x01n\x18\x01" + metric
    assert native.page(moment, name_of, label_of) == bytes([len(family)]) + family
    assert all(one < two for one, two in pairwise(BOUNDS_S))
