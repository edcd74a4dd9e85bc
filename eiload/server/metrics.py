"""The server's own numbers, as TensorFlow Serving exports them to Prometheus.

Names, types, labels, units (us) and buckets are TensorFlow Serving's (servables/tensorflow/util.cc,
batching/batching_session.cc, TensorFlow's core/framework/metrics.cc); the text is its exporter's
(util/prometheus_exporter.cc), in which ``/a/b`` becomes ``:a:b``. Builds before 2.4 to 2.5, and so
all of Amazon EI's, have no metrics of requests: with ``api="ei"`` only runs and batches are
counted. A run of the graph is counted once, however many requests are in it, and also if all their
clients have gone.

A metric appears with its first value, as there. Everything is called on the event loop; nothing is
locked.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Literal

from eiload.base.status import Status

__all__ = ["Metrics"]

Labels = tuple[tuple[str, str], ...]
Entrypoint = Literal["GRPC", "REST"]

API_LABEL = {"GRPC": "Predict", "REST": "predict"}
"""The label `API` of requests; over REST it is the URL's method as it stands."""

BATCHING = ":tensorflow:serving:batching_session:"
POOL: Labels = (("thread_pool_name", "model_server_batch_threads"),)
"""The name that TensorFlow Serving gives its batch threads."""


def _powers(scale: float, growth: float, count: int) -> tuple[float, ...]:
    """Return exponential bucket limits (core/lib/monitoring/sampler.cc, Buckets::Exponential)."""
    return tuple(scale * growth**index for index in range(count))


LATENCY_US = _powers(10, 1.8, 33)
QUEUING_US = _powers(100, 1.2, 52)
BATCH_SIZES = _powers(1, 2, 14)
GRAPH_RUN_US = _powers(1000, 2, 20)


class _Counter:
    """One number that grows."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def add(self, by: float = 1.0) -> None:
        self.value += by


class _Histogram:
    """Counts by bucket; a value equal to a limit belongs to the bucket above it, as there."""

    __slots__ = ("counts", "limits", "sum")

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
        self._counters: dict[str, dict[Labels, _Counter]] = {}
        self._histograms: dict[str, dict[Labels, _Histogram]] = {}
        # What every request adds to, found by its labels once.
        self._counted = cache(self._request_counter)
        self._latencies = cache(self._request_latency)
        self._runtimes = cache(self._runtime_latency)
        self._runs = cache(self._run_cells)

    def request(
        self, model: str, status: Status, latency_ns: int | None, entrypoint: Entrypoint
    ) -> None:
        """Count a Predict that has ended; its latency only if it ended well."""
        if self._api == "ei":
            return
        self._counted(model, status).add()
        if latency_ns is not None:
            self._latencies(model, entrypoint).add(latency_ns / 1e3)

    def runtime(self, model: str, runtime_ns: int) -> None:
        """Count what a Predict that has ended well spent in Session::Run."""
        if self._api == "tfs":
            self._runtimes(model).add(runtime_ns / 1e3)

    def graph_run(self, runtime_ns: int) -> None:
        """Count a run of the graph, whatever came of it."""
        runtime_us = runtime_ns / 1e3
        runs, total, histogram = self._runs()
        runs.add()
        total.add(runtime_us)
        histogram.add(runtime_us)

    def batch(self, size: int, queued_ns: Iterable[int]) -> None:
        """Count a batch that begins: how many examples, and how long each task has waited."""
        self._histogram(f"{BATCHING}processed_batch_size", POOL, BATCH_SIZES).add(size)
        if self._api == "tfs":
            self._counter(f"{BATCHING}wrapped_run_count", ()).add()
        latency = self._histogram(f"{BATCHING}queuing_latency", POOL, QUEUING_US)
        for waited_ns in queued_ns:
            latency.add(waited_ns / 1e3)

    def batched(self, size: int) -> None:
        """Count a task that is given to the batching queue."""
        self._histogram(f"{BATCHING}input_batch_size", POOL, BATCH_SIZES).add(size)

    def text(self) -> str:
        """Return everything in Prometheus' text format."""
        lines: list[str] = []
        for name, counters in sorted(self._counters.items()):
            lines.append(f"# TYPE {name} counter")
            lines.extend(
                f"{name}{_braces(labels)} {counter.value:.0f}"
                for labels, counter in counters.items()
            )
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

    def _request_counter(self, model: str, status: Status) -> _Counter:
        labels = (("model_name", model), ("status", status.name))
        return self._counter(":tensorflow:serving:request_count", labels)

    def _request_latency(self, model: str, entrypoint: Entrypoint) -> _Histogram:
        labels = (
            ("model_name", model),
            ("API", API_LABEL[entrypoint]),
            ("entrypoint", entrypoint),
        )
        return self._histogram(":tensorflow:serving:request_latency", labels, LATENCY_US)

    def _runtime_latency(self, model: str) -> _Histogram:
        # Over REST, too, it is "Predict": the name of the function that runs (predict_util.cc).
        labels = (("model_name", model), ("API", "Predict"), ("runtime", "TF1"))
        return self._histogram(":tensorflow:serving:runtime_latency", labels, LATENCY_US)

    def _run_cells(self) -> tuple[_Counter, _Counter, _Histogram]:
        core = ":tensorflow:core:graph_run"
        return (
            self._counter(f"{core}s", ()),
            self._counter(f"{core}_time_usecs", ()),
            self._histogram(f"{core}_time_usecs_histogram", (), GRAPH_RUN_US),
        )

    def _counter(self, name: str, labels: Labels) -> _Counter:
        return self._counters.setdefault(name, {}).setdefault(labels, _Counter())

    def _histogram(self, name: str, labels: Labels, limits: Sequence[float]) -> _Histogram:
        return self._histograms.setdefault(name, {}).setdefault(labels, _Histogram(limits))


def _braces(labels: Labels) -> str:
    if not labels:
        return "{}"
    escaped = ((key, _escaped(value)) for key, value in labels)
    return "{" + ",".join(f'{key}="{value}"' for key, value in escaped) + "}"


def _escaped(value: str) -> str:
    """Return a label's value as Prometheus' text format wants it."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
