"""The server's own numbers, as TensorFlow Serving exports them to Prometheus.

Names, types, labels, units (us) and buckets are TensorFlow Serving's (servables/tensorflow/util.cc,
batching/batching_session.cc, TensorFlow's core/framework/metrics.cc); the text is its exporter's
(util/prometheus_exporter.cc), in which ``/a/b`` becomes ``:a:b``. Builds before 2.4 to 2.5, and so
all of Amazon EI's, have no metrics of requests: with ``api="ei"`` only the runs are counted.

A metric appears with its first value, as there. Everything is called on the event loop; nothing is
locked.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Literal

from eiload.result import Status

__all__ = ["Metrics"]

Labels = tuple[tuple[str, str], ...]
Entrypoint = Literal["GRPC", "REST"]

API_LABEL = {"GRPC": "Predict", "REST": "predict"}
"""The label `API`; over REST it is the URL's method as it stands."""

THREAD_POOL = "model_server_batch_threads"
"""The name that TensorFlow Serving gives its batch threads."""


def _powers(scale: float, growth: float, count: int) -> tuple[float, ...]:
    """Return exponential bucket limits (core/lib/monitoring/sampler.cc, Buckets::Exponential)."""
    return tuple(scale * growth**index for index in range(count))


LATENCY_US = _powers(10, 1.8, 33)
QUEUING_US = _powers(100, 1.2, 52)
BATCH_SIZES = _powers(1, 2, 14)
GRAPH_RUN_US = _powers(1000, 2, 20)


class _Histogram:
    """Counts by bucket; a value equal to a limit belongs to the bucket above it, as there."""

    def __init__(self, limits: Sequence[float]) -> None:
        self.limits = limits
        self.counts = [0] * (len(limits) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_right(self.limits, value)] += 1
        self.sum += value


class Metrics:
    """All metrics of one server."""

    def __init__(self, api: Literal["tfs", "ei"] = "tfs") -> None:
        self._api = api
        self._counters: dict[str, dict[Labels, float]] = {}
        self._histograms: dict[str, dict[Labels, _Histogram]] = {}

    def request(
        self, model: str, status: Status, latency_ns: int | None, entrypoint: Entrypoint
    ) -> None:
        """Count a Predict that has ended; its latency only if it ended well."""
        if self._api == "ei":
            return
        self._count(
            ":tensorflow:serving:request_count",
            (("model_name", model), ("status", status.name)),
        )
        if latency_ns is not None:
            labels = (
                ("model_name", model),
                ("API", API_LABEL[entrypoint]),
                ("entrypoint", entrypoint),
            )
            self._sample(
                ":tensorflow:serving:request_latency", labels, LATENCY_US, latency_ns / 1e3
            )

    def run(self, model: str, runtime_ns: int, entrypoint: Entrypoint) -> None:
        """Count an inference that has run, whatever came of it."""
        runtime_us = runtime_ns / 1e3
        self._count(":tensorflow:core:graph_runs", ())
        self._count(":tensorflow:core:graph_run_time_usecs", (), runtime_us)
        self._sample(
            ":tensorflow:core:graph_run_time_usecs_histogram", (), GRAPH_RUN_US, runtime_us
        )
        if self._api == "tfs":
            labels = (("model_name", model), ("API", API_LABEL[entrypoint]), ("runtime", "TF1"))
            self._sample(":tensorflow:serving:runtime_latency", labels, LATENCY_US, runtime_us)

    def batch(self, size: int, queued_ns: Iterable[int]) -> None:
        """Count a batch that begins: how many examples, and how long each task has waited."""
        labels = (("thread_pool_name", THREAD_POOL),)
        name = ":tensorflow:serving:batching_session:"
        self._sample(f"{name}processed_batch_size", labels, BATCH_SIZES, size)
        if self._api == "tfs":
            self._count(f"{name}wrapped_run_count", ())
        for waited_ns in queued_ns:
            self._sample(f"{name}queuing_latency", labels, QUEUING_US, waited_ns / 1e3)

    def batched(self, size: int) -> None:
        """Count a task that is given to the batching queue."""
        self._sample(
            ":tensorflow:serving:batching_session:input_batch_size",
            (("thread_pool_name", THREAD_POOL),),
            BATCH_SIZES,
            size,
        )

    def text(self) -> str:
        """Return everything in Prometheus' text format."""
        lines: list[str] = []
        for name, counts in sorted(self._counters.items()):
            lines.append(f"# TYPE {name} counter")
            lines.extend(f"{name}{_braces(labels)} {count:.0f}" for labels, count in counts.items())
        for name, histograms in sorted(self._histograms.items()):
            lines.append(f"# TYPE {name} histogram")
            for labels, histogram in histograms.items():
                total = 0
                limits = [*(f"{limit:g}" for limit in histogram.limits), "+Inf"]
                for limit, count in zip(limits, histogram.counts, strict=True):
                    total += count
                    lines.append(f"{name}_bucket{_braces((*labels, ('le', limit)))} {total}")
                lines.append(f"{name}_sum{_braces(labels)} {histogram.sum:.0f}")
                lines.append(f"{name}_count{_braces(labels)} {total}")
        return "\n".join(lines) + "\n"

    def _count(self, name: str, labels: Labels, by: float = 1) -> None:
        counts = self._counters.setdefault(name, {})
        counts[labels] = counts.get(labels, 0) + by

    def _sample(self, name: str, labels: Labels, limits: Sequence[float], value: float) -> None:
        histograms = self._histograms.setdefault(name, {})
        histogram = histograms.get(labels)
        if histogram is None:
            histogram = histograms[labels] = _Histogram(limits)
        histogram.add(value)


def _braces(labels: Labels) -> str:
    if not labels:
        return "{}"
    escaped = ((key, _escaped(value)) for key, value in labels)
    return "{" + ",".join(f'{key}="{value}"' for key, value in escaped) + "}"


def _escaped(value: str) -> str:
    """Return a label's value as Prometheus' text format wants it."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
