"""A page of metrics in Prometheus' text format, as numbers under our own names.

What it knows: which names which server has, and what they are. What it must not know: where a page
is, what comes of the numbers. Pure.

Names, labels and units are of TensorFlow Serving (servables/tensorflow/util.cc, batching/
batching_session.cc; TensorFlow's core/framework/metrics.cc and cc/saved_model/loader.cc), OpenVINO
Model Server (docs/metrics.md), DCGM's exporter (etc/default-counters.csv) and node_exporter. What a
page is of is seen by its names. Our name and its unit are the same whoever says it, so that nothing
behind this file needs to know who did:

- `requests` {model, status}: counter of Predicts that have ended
- `request_us` {model, entrypoint}, `runtime_us` {model}, `queue_us` {model}: histograms of the time
  in the server, in the run of the graph, in the batching queue, us
- `batch_size`: histogram of the examples in a batch that ran
- `graph_runs`, `graph_us`: counters of the runs of any graph, and of the time in them
- `loads` {path, status}: counter of models loaded; `in_flight` {model}: gauge
- `gpu_...` {gpu, name}: as in `eiload.observe.nvml`
- `host_cpu_s` {mode}: counter of the CPU time of a whole machine

A histogram is three names: ``_bucket`` (with the label `le`), ``_sum`` and ``_count``.

The parser is that of `prometheus_client` for the classic format, whatever a page calls itself:
TensorFlow Serving's is no OpenMetrics. It costs some 25 us a line, so it is given only the lines
that are wanted: a server of a thousand models has as many pages of others.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from eiload.record.observed import Labels

__all__ = ["KINDS", "Key", "Values", "read"]

Key = tuple[str, Labels]
Values = dict[Key, float]

NOT_KNOWN = 1e18
"""DCGM says that it does not know a value by one near 2^63 (dcgm_structs.h, DCGM_INT64_BLANK)."""

MIB = float(1 << 20)


@dataclass(frozen=True, slots=True)
class _Metric:
    """How one of their metrics becomes one of ours."""

    kind: str
    ours: str
    labels: Mapping[str, str] = field(default_factory=dict)
    """Which of their labels are kept, and as what; others' numbers are put together (`_with`)."""
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values that a label must have, in lower case."""
    also: Mapping[str, str] = field(default_factory=dict)
    """Labels that its name stands for."""
    scale: float = 1.0


_PREDICT = {"API": ("predict",)}
_MODEL = {"model_name": "model"}
_CALLS = {"method": ("predict", "modelinfer")}
_GPU = {"UUID": "gpu", "modelName": "name"}

_SERVING = ":tensorflow:serving:"
_BATCHING = f"{_SERVING}batching_session:"
_DCGM = "DCGM_FI_DEV_"

METRICS: Mapping[str, _Metric] = {
    f"{_SERVING}request_count": _Metric("tfs", "requests", {**_MODEL, "status": "status"}),
    f"{_SERVING}request_latency": _Metric(
        "tfs", "request_us", {**_MODEL, "entrypoint": "entrypoint"}, _PREDICT
    ),
    f"{_SERVING}runtime_latency": _Metric("tfs", "runtime_us", _MODEL, _PREDICT),
    f"{_BATCHING}queuing_latency": _Metric("tfs", "queue_us"),
    f"{_BATCHING}processed_batch_size": _Metric("tfs", "batch_size"),
    ":tensorflow:core:graph_runs": _Metric("tfs", "graph_runs"),
    ":tensorflow:core:graph_run_time_usecs": _Metric("tfs", "graph_us"),
    ":tensorflow:cc:saved_model:load_attempt_count": _Metric(
        "tfs", "loads", {"model_path": "path", "status": "status"}
    ),
    "ovms_requests_success": _Metric(
        "ovms", "requests", {"name": "model"}, _CALLS, {"status": "OK"}
    ),
    "ovms_requests_fail": _Metric(
        "ovms", "requests", {"name": "model"}, _CALLS, {"status": "failed"}
    ),
    "ovms_request_time_us": _Metric(
        "ovms", "request_us", {"name": "model", "interface": "entrypoint"}
    ),
    "ovms_inference_time_us": _Metric("ovms", "runtime_us", {"name": "model"}),
    "ovms_wait_for_infer_req_time_us": _Metric("ovms", "queue_us", {"name": "model"}),
    "ovms_current_requests": _Metric("ovms", "in_flight", {"name": "model"}),
    f"{_DCGM}GPU_UTIL": _Metric("dcgm", "gpu_use", _GPU),
    f"{_DCGM}FB_USED": _Metric("dcgm", "gpu_memory_bytes", _GPU, scale=MIB),
    f"{_DCGM}FB_FREE": _Metric("dcgm", "gpu_memory_free_bytes", _GPU, scale=MIB),
    f"{_DCGM}POWER_USAGE": _Metric("dcgm", "gpu_power_w", _GPU),
    f"{_DCGM}TOTAL_ENERGY_CONSUMPTION": _Metric("dcgm", "gpu_energy_j", _GPU, scale=1e-3),
    f"{_DCGM}SM_CLOCK": _Metric("dcgm", "gpu_sm_mhz", _GPU),
    f"{_DCGM}GPU_TEMP": _Metric("dcgm", "gpu_temperature_c", _GPU),
    f"{_DCGM}CLOCK_THROTTLE_REASONS": _Metric("dcgm", "gpu_reasons", _GPU),
    f"{_DCGM}CLOCKS_EVENT_REASONS": _Metric("dcgm", "gpu_reasons", _GPU),
    "node_cpu_seconds_total": _Metric("node", "host_cpu_s", {"mode": "mode"}),
}
"""By their names as they stand on the page."""

KINDS: Mapping[str, str] = {
    "tfs": "TensorFlow Serving",
    "ovms": "OpenVINO Model Server",
    "dcgm": "DCGM exporter",
    "node": "node_exporter",
    "gpu": "GPU",
    "host": "host",
    "cloudwatch": "CloudWatch",
}
"""What each kind of source is called."""

_WANTED = tuple(METRICS)
_PARTS = ("_bucket", "_sum", "_count")


def read(text: str) -> tuple[str, Values]:
    """Return what a page is of, and its numbers; an empty kind of one with nothing we know.

    Raises:
        ValueError: it is no page of metrics.
    """
    values: Values = {}
    kind = ""
    for family in text_string_to_metric_families(_lines(text)):
        # The parser takes `_total` from a counter's name and gives it to each of its samples.
        metric = METRICS.get(family.name) or METRICS.get(f"{family.name}_total")
        if metric is None:
            continue
        kind = kind or metric.kind
        for sample in family.samples:
            value = float(sample.value)
            if not math.isfinite(value) or abs(value) > NOT_KNOWN:
                continue
            part = sample.name.removeprefix(family.name) if family.type == "histogram" else ""
            if part not in (*_PARTS, "") or not _is_wanted(metric, sample.labels):
                continue
            scale = metric.scale if part in {"", "_sum"} else 1.0
            key = (metric.ours + part, _labels(metric, sample.labels))
            values[key] = _with(values.get(key), value * scale, metric)
    return kind, values


def _with(known: float | None, value: float, metric: _Metric) -> float:
    """Return a number with that of another series that differs in what is left out.

    These are parts of it, but for a GPU's: pods that share it, and its instances, each have a
    series with all of its power, energy and use.
    """
    if known is None:
        return value
    return max(known, value) if metric.kind == "dcgm" else known + value


def _lines(text: str) -> str:
    """Return the lines of a page that are about what we know."""
    types = tuple(f"# TYPE {name}" for name in _WANTED)
    kept = [line for line in text.splitlines() if line.startswith((*_WANTED, *types))]
    return "\n".join(kept) + "\n"


def _is_wanted(metric: _Metric, labels: Mapping[str, str]) -> bool:
    return all(labels.get(name, "").lower() in values for name, values in metric.only.items())


def _labels(metric: _Metric, labels: Mapping[str, str]) -> Labels:
    kept = {ours: labels[theirs] for theirs, ours in metric.labels.items() if theirs in labels}
    if "entrypoint" in kept:
        kept["entrypoint"] = kept["entrypoint"].upper()  # GRPC and gRPC
    if "le" in labels:
        kept["le"] = labels["le"]
    return tuple(sorted({**kept, **metric.also}.items()))
