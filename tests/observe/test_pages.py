"""Pages of metrics as numbers: TensorFlow Serving's, OVMS', DCGM's, node_exporter's, any text."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.status import Status
from eiload.observe import pages
from eiload.server.metrics import Metrics

SERVING = """\
# TYPE :tensorflow:cc:saved_model:load_attempt_count counter
:tensorflow:cc:saved_model:load_attempt_count{model_path="/models/ssd/1",status="success"} 1
# TYPE :tensorflow:core:graph_runs counter
:tensorflow:core:graph_runs{} 7
# TYPE :tensorflow:core:graph_run_input_tensor_bytes histogram
:tensorflow:core:graph_run_input_tensor_bytes_bucket{le="1"} 0
# TYPE :tensorflow:serving:request_count counter
:tensorflow:serving:request_count{model_name="ssd",status="OK"} 5
:tensorflow:serving:request_count{model_name="other",status="NOT_FOUND"} 2
# TYPE :tensorflow:serving:request_latency histogram
:tensorflow:serving:request_latency_bucket{model_name="ssd",API="Predict",entrypoint="GRPC",le="708235"} 4
:tensorflow:serving:request_latency_bucket{model_name="ssd",API="Predict",entrypoint="GRPC",le="1.27482e+06"} 5
:tensorflow:serving:request_latency_bucket{model_name="ssd",API="Predict",entrypoint="GRPC",le="+Inf"} 5
:tensorflow:serving:request_latency_sum{model_name="ssd",API="Predict",entrypoint="GRPC"} 3500000
:tensorflow:serving:request_latency_count{model_name="ssd",API="Predict",entrypoint="GRPC"} 5
:tensorflow:serving:request_latency_count{model_name="ssd",API="Classify",entrypoint="GRPC"} 9
# TYPE :tensorflow:serving:runtime_latency histogram
"""  # noqa: E501  # one line each, as the server writes them


def key(of: str, /, **labels: str) -> pages.Key:
    """Return what a number is found by."""
    return of, tuple(sorted(labels.items()))


def test_tensorflow_servings_page() -> None:
    """Names that begin with a colon, no help, counters without `_total`, an empty metric."""
    kind, values = pages.read(SERVING)
    assert kind == "tfs"
    of = {"model": "ssd", "entrypoint": "GRPC"}
    assert values == {
        key("loads", path="/models/ssd/1", status="success"): 1,
        key("graph_runs"): 7,
        key("requests", model="ssd", status="OK"): 5,
        key("requests", model="other", status="NOT_FOUND"): 2,
        key("request_us_bucket", le="708235", **of): 4,
        key("request_us_bucket", le="1.27482e+06", **of): 5,
        key("request_us_bucket", le="+Inf", **of): 5,
        key("request_us_sum", **of): 3_500_000,
        key("request_us_count", **of): 5,
    }


def test_the_stand_ins_page() -> None:
    """Every number of a stand-in's page that there is a name for, and nothing is added."""
    metrics = Metrics()
    metrics.request("ssd", Status.OK, 25_000_000, "GRPC")
    metrics.request("ssd", Status.OK, 5_000_000, "REST")
    metrics.runtime("ssd", 20_000_000)
    metrics.graph_run(20_000_000)
    metrics.batch(4, [1_000_000, 3_000_000])
    kind, values = pages.read(metrics.text())
    assert kind == "tfs"
    assert values[key("requests", model="ssd", status="OK")] == 2
    assert values[key("request_us_sum", model="ssd", entrypoint="GRPC")] == 25_000
    assert values[key("request_us_sum", model="ssd", entrypoint="REST")] == 5_000
    assert values[key("runtime_us_sum", model="ssd")] == 20_000
    assert values[key("graph_us")] == 20_000
    assert values[key("queue_us_sum")] == 4_000
    assert values[key("batch_size_sum")] == 4


def test_openvinos_page() -> None:
    """Versions and interfaces are added up; what is no inference does not count."""
    page = """\
# HELP ovms_requests_success Number of successful requests to a model or a DAG.
# TYPE ovms_requests_success counter
ovms_requests_success{api="TensorFlowServing",interface="gRPC",method="Predict",name="ssd",version="1"} 4
ovms_requests_success{api="TensorFlowServing",interface="gRPC",method="Predict",name="ssd",version="2"} 3
ovms_requests_success{api="KServe",interface="gRPC",method="ModelReady",name="ssd"} 50
# TYPE ovms_requests_fail counter
ovms_requests_fail{api="TensorFlowServing",interface="gRPC",method="Predict",name="ssd",version="1"} 2
# TYPE ovms_request_time_us histogram
ovms_request_time_us_count{interface="gRPC",name="ssd",version="1"} 4
ovms_request_time_us_sum{interface="gRPC",name="ssd",version="1"} 800
ovms_request_time_us_bucket{interface="gRPC",name="ssd",version="1",le="18"} 1
ovms_request_time_us_bucket{interface="gRPC",name="ssd",version="1",le="+Inf"} 4
# TYPE ovms_current_requests gauge
ovms_current_requests{name="ssd",version="1"} 1
"""  # noqa: E501
    kind, values = pages.read(page)
    assert kind == "ovms"
    assert values[key("requests", model="ssd", status="OK")] == 7
    assert values[key("requests", model="ssd", status="failed")] == 2
    assert values[key("request_us_sum", model="ssd", entrypoint="GRPC")] == 800
    assert values[key("in_flight", model="ssd")] == 1


def test_dcgms_page() -> None:
    """MiB and mJ are made bytes and J; what DCGM does not know is no number."""
    labels = 'gpu="0",UUID="GPU-1",device="nvidia0",modelName="Tesla T4",hostname="h"'
    page = f"""\
# HELP DCGM_FI_DEV_GPU_UTIL GPU utilization (in %).
# TYPE DCGM_FI_DEV_GPU_UTIL gauge
DCGM_FI_DEV_GPU_UTIL{{{labels}}} 74
# TYPE DCGM_FI_DEV_FB_USED gauge
DCGM_FI_DEV_FB_USED{{{labels}}} 1024
# TYPE DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION counter
DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{{{labels}}} 15152422938
# TYPE DCGM_FI_DEV_POWER_USAGE gauge
DCGM_FI_DEV_POWER_USAGE{{{labels}}} 9223372036854775794
# TYPE DCGM_FI_DEV_GPU_TEMP gauge
DCGM_FI_DEV_GPU_TEMP{{{labels}}} NaN
"""
    kind, values = pages.read(page)
    of = {"gpu": "GPU-1", "name": "Tesla T4"}
    assert kind == "dcgm"
    assert values == {
        key("gpu_use", **of): 74,
        key("gpu_memory_bytes", **of): 1 << 30,
        key("gpu_energy_j", **of): pytest.approx(15_152_422.938),
    }


def test_pods_that_share_a_gpu() -> None:
    """Each has a series of all of the GPU: its power is not twice what it is."""
    page = """\
# TYPE DCGM_FI_DEV_POWER_USAGE gauge
DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-1",modelName="T4",pod="one"} 60
DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-1",modelName="T4",pod="other"} 60
DCGM_FI_DEV_POWER_USAGE{gpu="1",UUID="GPU-2",modelName="T4",pod="one"} 30
"""
    _, values = pages.read(page)
    assert values == {
        key("gpu_power_w", gpu="GPU-1", name="T4"): 60,
        key("gpu_power_w", gpu="GPU-2", name="T4"): 30,
    }


def test_node_exporters_page() -> None:
    """A counter that does end in `_total`; all CPUs together."""
    page = """\
# HELP node_cpu_seconds_total Seconds the CPUs spent in each mode.
# TYPE node_cpu_seconds_total counter
node_cpu_seconds_total{cpu="0",mode="idle"} 10.5
node_cpu_seconds_total{cpu="1",mode="idle"} 1.5
node_cpu_seconds_total{cpu="0",mode="steal"} 0.25
# TYPE node_load1 gauge
node_load1 3
"""
    assert pages.read(page) == (
        "node",
        {key("host_cpu_s", mode="idle"): 12.0, key("host_cpu_s", mode="steal"): 0.25},
    )


def test_a_page_of_something_else() -> None:
    """It is read, and says nothing."""
    assert pages.read("") == ("", {})
    assert pages.read("# TYPE python_gc counter\npython_gc 1\n<html>") == ("", {})


def test_a_line_that_is_none() -> None:
    """It is an error, not a number."""
    with pytest.raises(ValueError, match="x"):
        pages.read('# TYPE node_cpu_seconds_total counter\nnode_cpu_seconds_total{mode="x} one\n')


@given(st.text(max_size=60), st.sampled_from(list(pages.METRICS)))
def test_any_text_is_numbers_or_refused(text: str, name: str) -> None:
    """Whatever a server says, numbers come of it, or a ValueError."""
    try:
        _, values = pages.read(f'# TYPE {name} counter\n{name}{text}\n{name}{{a="{text}')
    except ValueError:
        return
    assert all(math.isfinite(value) for value in values.values())
