"""A moment's metrics as a page for Prometheus: text, OpenMetrics or protobuf, as it asks.

What it knows: Prometheus' names and forms of metrics. What it must not know: HTTP beyond ``Accept``
and ``Content-Type``, runs.

Names are what Prometheus itself makes of OpenTelemetry's (specification,
compatibility/prometheus_and_openmetrics): underscores, units at the end, ``_total``. So a dashboard
fits both ways. Text has the classic buckets; protobuf (`native`) these and the native ones.
"""

import re
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from eiload.base.clock import NS_PER_S
from eiload.export import native
from eiload.export.exponential import BOUNDS_S
from eiload.export.metrics import Form, Histogram, Metric, Moment, Name

__all__ = ["label_of", "name_of", "page"]

_UNITS = {"s": "_seconds"}


def name_of(name: Name) -> str:
    """Return a metric's name for Prometheus, without the ``_total`` of a counter."""
    return label_of(name.name) + _UNITS.get(name.unit, "")


def label_of(attribute: str) -> str:
    """Return the label that an attribute becomes."""
    return attribute.replace(".", "_")


def page(moment: Moment, accept: str) -> tuple[bytes, str]:
    """Return a page and its content type.

    Args:
        moment: what it says.
        accept: what whoever asks can read (HTTP's ``Accept``); empty for anything.
    """
    if _wants_protobuf(accept):
        return native.page(moment, name_of, label_of), native.CONTENT_TYPE
    encode, type_ = choose_encoder(accept)
    return encode(_Families(moment)), type_


_PROTOBUF = re.compile(
    r"application/vnd\.google\.protobuf\b(?=[^,]*proto=io\.prometheus\.client\.MetricFamily)"
    r"(?=[^,]*encoding=delimited)"
)
_QUALITY = re.compile(r";\s*q=([0-9.]+)\s*(?:;|$)")


def _wants_protobuf(accept: str) -> bool:
    """Tell whether protobuf is what is liked best."""
    best, found = 0.0, 0.0
    for entry in accept.split(","):
        said = _QUALITY.search(entry)
        quality = _number(said[1]) if said else 1.0
        best = max(best, quality)
        if _PROTOBUF.search(entry):
            found = max(found, quality)
    return 0 < found == best


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


class _Families(Collector):
    """A moment as the library asks for it."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment

    def collect(self) -> Iterator[Family]:
        """Yield the metrics."""
        return map(_family, self._moment.metrics)


def _family(metric: Metric) -> Family:
    name, says = name_of(metric.name), metric.name.says
    # Points may have different attributes: one that is empty is none to Prometheus.
    labels = list(dict.fromkeys(label for point in metric.points for label, _ in point.attributes))
    shown = [label_of(label) for label in labels]
    rows = [(dict(point.attributes), point.value) for point in metric.points]
    texts = [([str(known.get(label, "")) for label in labels], value) for known, value in rows]
    if metric.name.form is Form.HISTOGRAM:
        histogram = HistogramMetricFamily(name, says, labels=shown)
        for values, value in texts:
            if isinstance(value, Histogram):
                buckets = list(zip(_BOUNDS, accumulate(value.classic), strict=True))
                histogram.add_metric(values, buckets, value.sum_ns / NS_PER_S)
        return histogram
    family = _KINDS[metric.name.form](name, says, labels=shown)
    for values, value in texts:
        if not isinstance(value, Histogram):
            family.add_metric(values, value)
    return family


_BOUNDS = (*(f"{bound:g}" for bound in BOUNDS_S), "+Inf")
_KINDS: dict[Form, type[CounterMetricFamily] | type[GaugeMetricFamily]] = {
    Form.COUNTER: CounterMetricFamily,
    Form.GAUGE: GaugeMetricFamily,
}
