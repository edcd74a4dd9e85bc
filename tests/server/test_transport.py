"""The gRPC port over real sockets: metadata, deadlines, limits, faults, batching, TLS."""

import time
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.errors import ScenarioError
from eiload.base.status import Status
from eiload.scenario.standin import StandIn
from eiload.server.accelerator import Accelerator, Admission
from eiload.server.launch import StandInProcess
from eiload.server.transport import Security
from eiload.serving.tfserving import GET_MODEL_STATUS, PREDICT, status_request
from tests.grpc_servers import certificate
from tests.server.rest_client import fetched, scraped
from tests.server.stand_ins import Client, answer, picture, request, running, trailing


@pytest.fixture(scope="module")
def slow() -> Iterator[Client]:
    """Run a stand-in with one slot, 150 ms an inference."""
    with running("--rest-port", "0", compute="150 ms", queue=1, profile="p2.xlarge") as client:
        client.call(PREDICT, request())  # the cold start
        yield client


def test_answers_say_that_they_are_emulated(slow: Client) -> None:
    """Good ones, bad ones, and those of the other methods, also of some that there are not."""
    call = slow.channel.unary_unary(PREDICT, None, None)
    _, done = call.with_call(request(), timeout=90)
    assert trailing(done.trailing_metadata())["x-eiload-stand-in"] == "emulated p2.xlarge"
    bad = call.future(request(model="other"), timeout=90)
    assert bad.code() is grpc.StatusCode.NOT_FOUND
    assert trailing(bad.trailing_metadata())["x-eiload-stand-in"] == "emulated p2.xlarge"
    bad = slow.channel.unary_unary("/other.Service/Method", None, None).future(b"", timeout=90)
    assert bad.code() is grpc.StatusCode.UNIMPLEMENTED
    assert trailing(bad.trailing_metadata())["x-eiload-stand-in"] == "emulated p2.xlarge"
    _, done = slow.channel.unary_unary(GET_MODEL_STATUS, None, None).with_call(
        status_request("ssd"), timeout=90
    )
    assert trailing(done.trailing_metadata())["x-eiload-stand-in"] == "emulated p2.xlarge"


def test_the_measured_time_is_the_emulated_one_and_a_little_more() -> None:
    """Times on the wire are the law's, drawn in order, and the client never measures less."""
    law = {"median": "5 ms", "p99": "20 ms"}
    accelerator = Accelerator(StandIn.of(compute=law, seed=9))
    with running(compute=law, seed=9) as client:
        for index in range(20):
            begin_ns = time.monotonic_ns()
            server_ns = client.timed(PREDICT, request())
            measured_ns = time.monotonic_ns() - begin_ns
            expected = accelerator.arrive(index * 10**12, 60)
            assert isinstance(expected, Admission)
            assert server_ns == expected.server_ns
            assert measured_ns >= server_ns


def test_a_full_queue_is_unavailable(slow: Client) -> None:
    """One runs, one waits, the third is turned away at once."""
    with futures.ThreadPoolExecutor(3) as pool:
        told = list(pool.map(lambda _: slow.told(PREDICT, request()), range(3)))
    assert sorted(status for status, _ in told) == [Status.OK, Status.OK, Status.UNAVAILABLE]
    assert max(told)[1] == "The batch scheduling queue to which this task was submitted is full"


def test_other_methods_do_not_wait_for_inferences(slow: Client) -> None:
    """GetModelStatus is answered while an inference runs."""
    with futures.ThreadPoolExecutor(1) as pool:
        inference = pool.submit(slow.call, PREDICT, request())
        slow.call(GET_MODEL_STATUS, status_request("ssd"))
        assert not inference.done()


def test_work_whose_client_has_gone_is_done_and_counted(slow: Client) -> None:
    """The client sees its deadline at once; the server finishes, and counts it as such."""
    name = ":tensorflow:core:graph_runs"
    missed = ':tensorflow:serving:request_count{model_name="ssd",status="DEADLINE_EXCEEDED"}'
    runs, before = scraped(slow.process)[name + "{}"], scraped(slow.process).get(missed, 0)
    status, _ = slow.told(PREDICT, request(), timeout_s=0.1)
    assert status is Status.DEADLINE_EXCEEDED
    slow.call(PREDICT, request())  # has waited for the one before it
    counts = scraped(slow.process)
    assert counts[name + "{}"] == runs + 2
    assert counts[missed] == before + 1


EXHAUSTED = (Status.RESOURCE_EXHAUSTED, "Server Threadpool Exhausted")


@pytest.mark.parametrize("api", ["tfs", "ei"])
def test_a_thread_quota_turns_away(api: str) -> None:
    """Calls beyond --max-threads, and not those after them."""
    with running(compute="200 ms", concurrency=8, max_threads=2, api=api) as client:
        with futures.ThreadPoolExecutor(4) as pool:
            told = sorted(pool.map(lambda _: client.told(PREDICT, request()), range(4)))
        assert told == [(Status.OK, "")] * 2 + [EXHAUSTED] * 2
        assert client.told(PREDICT, request())[0] is Status.OK


def test_a_thread_is_taken_until_the_work_has_ended() -> None:
    """Also if the client has gone; meanwhile every method is turned away, and REST is not."""
    with running("--rest-port", "0", compute="10 ms", hang="100 %", max_threads=1) as client:
        until = time.monotonic() + 60
        while (told := client.told(PREDICT, request(), timeout_s=0.2)) != EXHAUSTED:
            assert told[0] is Status.DEADLINE_EXCEEDED  # the first, or over before it arrived
            assert time.monotonic() < until
        assert client.told(PREDICT, request(model="other")) == EXHAUSTED
        assert client.told(GET_MODEL_STATUS, status_request("ssd")) == EXHAUSTED
        assert fetched(client.process, "/v1/models/ssd").status == 200
        # gRPC itself has refused them: TensorFlow Serving counts none of them.
        assert not any("request_count" in name for name in scraped(client.process))


def test_failures_are_as_asked_for() -> None:
    """All of them here, with the status and after the computing time."""
    with running(compute="30 ms", fail={"rate": "100 %", "status": "INTERNAL"}) as client:
        begin_ns = time.monotonic_ns()
        assert client.told(PREDICT, request()) == (Status.INTERNAL, "emulated failure")
        assert time.monotonic_ns() - begin_ns >= 30 * NS_PER_MS


def test_a_hanging_request_is_never_answered() -> None:
    """The client's deadline ends it; others are served, and the process still ends at once."""
    with running(compute="1 ms", hang="100 %") as client:
        assert client.told(PREDICT, request(), timeout_s=0.3)[0] is Status.DEADLINE_EXCEEDED
        assert client.told(GET_MODEL_STATUS, status_request("ssd"))[0] is Status.OK


def test_batching_runs_requests_together() -> None:
    """Eight at once: the first alone, the others in one batch of a further-image price."""
    with running(
        *("--rest-port", "0"),
        compute="1 s",  # the others have so long to come
        further_image=0,
        batching={"max_batch_size": 16},
    ) as client:
        with futures.ThreadPoolExecutor(8) as pool:
            times = list(pool.map(lambda _: client.timed(PREDICT, request()), range(8)))
        counts = scraped(client.process)
        name = ":tensorflow:serving:batching_session:"
        labels = '{thread_pool_name="model_server_batch_threads"}'
        assert counts[f"{name}input_batch_size_count{labels}"] == 8
        assert counts[f"{name}processed_batch_size_count{labels}"] == 2
        assert counts[f"{name}queuing_latency_count{labels}"] == 8
        assert min(times) == NS_PER_S
        assert all(time_ns <= 2 * NS_PER_S for time_ns in times)


@pytest.mark.parametrize(
    ("api", "limit"), [("tfs", "maximum input batch size"), ("ei", "maximum batch size")]
)
def test_batching_has_tensorflow_servings_errors(api: str, limit: str) -> None:
    """Too large a batch, a full queue, mixed sizes."""
    batching = {"max_batch_size": 2, "max_enqueued_batches": 2, "batch_timeout": "100 ms"}
    with running(compute="200 ms", batching=batching, api=api) as client:
        assert client.told(PREDICT, request(picture(count=3))) == (
            Status.INVALID_ARGUMENT,
            f"Task size 3 is larger than {limit} 2",
        )
        with futures.ThreadPoolExecutor(12) as pool:
            told = set(pool.map(lambda _: client.told(PREDICT, request()), range(12)))
        assert (
            Status.UNAVAILABLE,
            "The batch scheduling queue to which this task was submitted is full",
        ) in told
        with futures.ThreadPoolExecutor(2) as pool:
            mixed = list(
                pool.map(lambda width: client.told(PREDICT, request(picture(5, width))), (4, 7))
            )
        assert {status for status, _ in mixed} == {Status.FAILED_PRECONDITION}
        assert "have different shapes and padding is turned off" in mixed[0][1]


def test_a_batch_that_nobody_waits_for_is_not_run() -> None:
    """It is RESOURCE_EXHAUSTED, which only the metrics see: the client's own deadline was first."""
    batching = {"max_batch_size": 8, "batch_timeout": "400 ms"}
    with running("--rest-port", "0", compute="10 ms", batching=batching) as client:
        counted = ':tensorflow:serving:request_count{model_name="ssd",status="RESOURCE_EXHAUSTED"}'
        sent, until = 0, time.monotonic() + 60
        while counted not in (counts := scraped(client.process)):
            assert time.monotonic() < until
            # It may be over before it has arrived.
            assert client.told(PREDICT, request(), timeout_s=0.2)[0] is Status.DEADLINE_EXCEEDED
            sent += 1
            time.sleep(0.5)
        assert 1 <= counts[counted] <= sent
        assert ":tensorflow:core:graph_runs{}" not in counts


def test_channel_arguments_reach_grpc() -> None:
    """With one stream at a time the second call waits in the client for the first."""
    with running(
        *("--grpc-channel-arguments", "grpc.max_concurrent_streams=1"),
        compute="150 ms",
        concurrency=8,
    ) as client:
        client.call(PREDICT, request())
        begin_ns = time.monotonic_ns()
        with futures.ThreadPoolExecutor(2) as pool:
            times = list(pool.map(lambda _: client.timed(PREDICT, request()), range(2)))
        assert times == [150 * NS_PER_MS] * 2
        assert time.monotonic_ns() - begin_ns >= 300 * NS_PER_MS


def test_health_checks_have_tensorflow_servings_names() -> None:
    """Without their package; other names are not found. Reflection lists the services."""
    with running("--health", "--reflection", compute="1 ms") as client:
        stub = health_pb2_grpc.HealthStub(client.channel)
        for name in ("", "ModelService", "PredictionService"):
            checked = stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=90)
            assert checked.status == health_pb2.HealthCheckResponse.SERVING
        status, _ = answer(
            lambda: stub.Check(
                health_pb2.HealthCheckRequest(service="tensorflow.serving.ModelService"),
                timeout=90,
            )
        )
        assert status is Status.NOT_FOUND
        services = ProtoReflectionDescriptorDatabase(client.channel).get_services()
        assert {
            "tensorflow.serving.PredictionService",
            "tensorflow.serving.ModelService",
        } <= set(services)


def test_tls_and_mutual_tls(tmp_path: Path) -> None:
    """Plaintext is refused; with --tls-client-ca so is a client without a certificate."""
    server = certificate(tmp_path, "localhost")
    client = certificate(tmp_path, "client")
    ca = Path(server.cert).read_bytes()
    own = (Path(client.key).read_bytes(), Path(client.cert).read_bytes())
    files = ("--tls-cert", server.cert, "--tls-key", server.key)
    with StandInProcess(
        StandIn.of(compute="1 ms"), arguments=(*files, "--tls-client-ca", client.cert)
    ) as process:
        told = []
        for credentials in (
            grpc.ssl_channel_credentials(ca, *own),
            grpc.ssl_channel_credentials(ca),
            None,
        ):
            channel = (
                grpc.insecure_channel(process.address)
                if credentials is None
                else grpc.secure_channel(process.address, credentials)
            )
            with channel:
                told.append(Client(channel, process).told(PREDICT, request(), timeout_s=60)[0])
    assert told == [Status.OK, Status.UNAVAILABLE, Status.UNAVAILABLE]


def test_a_certificate_that_is_none_is_explained(tmp_path: Path) -> None:
    """With the file and OpenSSL's reason."""
    text = tmp_path / "text.pem"
    text.write_text("no certificate")
    with pytest.raises(ScenarioError, match=f"TLS: expected a certificate.*{text}"):
        Security(text, text).credentials()
    with pytest.raises(ScenarioError, match=r"TLS: .*absent.*: cannot be read: No such file"):
        Security(tmp_path / "absent", text).credentials()
