"""The metrics' text: TensorFlow Serving's names, labels and buckets."""

from eiload.base.status import Status
from eiload.server.metrics import Metrics


def test_a_predict_over_grpc() -> None:
    """Counted by status; its latency in us, in the bucket above it, only if it was OK."""
    metrics = Metrics()
    metrics.request("ssd", Status.OK, 25_000_000, "GRPC")
    metrics.request("ssd", Status.NOT_FOUND, None, "GRPC")
    lines = metrics.text().splitlines()
    assert "# TYPE :tensorflow:serving:request_count counter" in lines
    assert ':tensorflow:serving:request_count{model_name="ssd",status="OK"} 1' in lines
    assert ':tensorflow:serving:request_count{model_name="ssd",status="NOT_FOUND"} 1' in lines
    labels = 'model_name="ssd",API="Predict",entrypoint="GRPC"'
    name = ":tensorflow:serving:request_latency"
    assert f"# TYPE {name} histogram" in lines
    # 10 x 1.8^13 = 20823, 10 x 1.8^14 = 37481
    assert f'{name}_bucket{{{labels},le="20823"}} 0' in lines
    assert f'{name}_bucket{{{labels},le="37481.3"}} 1' in lines
    assert f'{name}_bucket{{{labels},le="+Inf"}} 1' in lines
    assert f"{name}_sum{{{labels}}} 25000" in lines
    assert f"{name}_count{{{labels}}} 1" in lines
    assert sum(line.startswith(f"{name}_bucket") for line in lines) == 34


def test_the_method_is_lower_case_over_rest() -> None:
    """There it is the URL's."""
    metrics = Metrics()
    metrics.request("ssd", Status.OK, 1000, "REST")
    assert 'API="predict",entrypoint="REST"' in metrics.text()


def test_a_run() -> None:
    """Counted without labels; what each request spent in it, with labels."""
    metrics = Metrics()
    metrics.graph_run(3_000_000)
    metrics.runtime("ssd", 4_000_000)
    lines = metrics.text().splitlines()
    assert ":tensorflow:core:graph_runs{} 1" in lines
    assert ":tensorflow:core:graph_run_time_usecs{} 3000" in lines
    assert ':tensorflow:core:graph_run_time_usecs_histogram_bucket{le="2000"} 0' in lines
    assert ':tensorflow:core:graph_run_time_usecs_histogram_bucket{le="4000"} 1' in lines
    assert (
        ':tensorflow:serving:runtime_latency_sum{model_name="ssd",API="Predict",runtime="TF1"} 4000'
        in lines
    )


def test_an_ei_build_counts_runs_only() -> None:
    """1.12 to 2.3 had no metrics of requests."""
    metrics = Metrics("ei")
    metrics.request("ssd", Status.OK, 1000, "GRPC")
    metrics.graph_run(1000)
    metrics.runtime("ssd", 1000)
    text = metrics.text()
    assert ":tensorflow:core:graph_runs{} 1" in text
    assert ":tensorflow:serving:" not in text


def test_a_batch() -> None:
    """Sizes of tasks and batches, and how long each task has waited."""
    metrics = Metrics()
    metrics.batched(2)
    metrics.batch(4, [1_000_000, 0])
    text = metrics.text()
    labels = '{thread_pool_name="model_server_batch_threads"}'
    name = ":tensorflow:serving:batching_session:"
    assert f"{name}input_batch_size_sum{labels} 2" in text
    assert f"{name}processed_batch_size_sum{labels} 4" in text
    assert f"{name}queuing_latency_count{labels} 2" in text
    assert f"{name}queuing_latency_sum{labels} 1000" in text
    assert f"{name}wrapped_run_count{{}} 1" in text


def test_a_value_on_a_limit_belongs_above_it() -> None:
    """As in TensorFlow, where a limit is the first value of the next bucket."""
    metrics = Metrics()
    metrics.graph_run(2_000_000)
    text = metrics.text()
    assert 'graph_run_time_usecs_histogram_bucket{le="2000"} 0' in text
    assert 'graph_run_time_usecs_histogram_bucket{le="4000"} 1' in text


def test_labels_are_escaped() -> None:
    """A model's name comes from a client and may be anything."""
    metrics = Metrics()
    metrics.request('a"b\\c\nd', Status.NOT_FOUND, None, "GRPC")
    assert 'model_name="a\\"b\\\\c\\nd"' in metrics.text()
