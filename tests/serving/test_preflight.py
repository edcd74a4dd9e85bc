"""Whether a target can be used, asked of real servers over real sockets.

The manual clock stands still while calls are made and jumps when preflight sleeps, so that half a
minute of waiting for a model costs nothing.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from eiload.base.clock import NS_PER_MS, ManualClock, SystemClock
from eiload.base.errors import TargetError
from eiload.scenario import Expect, Target
from eiload.serving.preflight import Preflight, SelfDescription, proxy_note
from eiload.serving.tfserving import (
    GET_MODEL_METADATA,
    GET_MODEL_STATUS,
    PREDICT,
    ModelState,
    info,
    predict_request,
    protos_only,
    to_proto,
)
from tests.grpc_servers import (
    Caller,
    Handler,
    Pair,
    certificate,
    closed_port,
    grpc_server,
    http1,
    raw_server,
    silent,
)

with protos_only():
    from tensorflow.core.framework import types_pb2
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        get_model_status_pb2,
        predict_pb2,
    )

IMAGE = np.zeros((1, 4, 6, 3), np.uint8)
REQUEST = predict_request("ssd", {"inputs": IMAGE})


class ModelServer:
    """TensorFlow Serving's answers for some models, as bytes."""

    def __init__(self, **models: list[ModelState]) -> None:
        self.models = models or {"ssd": [ModelState(1, "AVAILABLE", "")]}

    def handlers(self, *methods: str) -> dict[str, Handler]:
        """Return the handlers of these methods, all if none is named."""
        known = {
            GET_MODEL_STATUS: self.status,
            GET_MODEL_METADATA: self.metadata,
            PREDICT: self.predict,
        }
        return {method: known[method] for method in methods or known}

    def status(self, data: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer GetModelStatus."""
        spec = get_model_status_pb2.GetModelStatusRequest.FromString(data).model_spec
        states = [
            state
            for state in self.models.get(spec.name, [])
            if not spec.HasField("version") or state.version == spec.version.value
        ]
        if not states:
            context.abort(
                grpc.StatusCode.NOT_FOUND, f"Could not find any versions of model {spec.name}"
            )
        answer = get_model_status_pb2.GetModelStatusResponse()
        for state in states:
            answer.model_version_status.add(
                version=state.version,
                state=state.state,
                status={"error_code": 2 if state.error else 0, "error_message": state.error},
            )
        return bytes(answer.SerializeToString())

    def metadata(self, data: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer GetModelMetadata with the signature of SSD."""
        signatures = get_model_metadata_pb2.SignatureDefMap()
        entry = signatures.signature_def["serving_default"]
        entry.inputs["inputs"].dtype = types_pb2.DT_UINT8
        for size in (-1, -1, -1, 3):
            entry.inputs["inputs"].tensor_shape.dim.add(size=size)
        entry.outputs["num_detections"].dtype = types_pb2.DT_FLOAT
        answer = get_model_metadata_pb2.GetModelMetadataResponse()
        answer.metadata["signature_def"].Pack(signatures)
        return bytes(answer.SerializeToString())

    def predict(self, data: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer Predict with a dog."""
        answer = predict_pb2.PredictResponse()
        outputs = {
            "detection_boxes": np.zeros((1, 1, 4), np.float32),
            "detection_scores": np.ones((1, 1), np.float32),
            "detection_classes": np.full((1, 1), 18, np.float32),
            "num_detections": np.ones(1, np.float32),
        }
        for alias, array in outputs.items():
            answer.outputs[alias].CopyFrom(to_proto(array, typed=True))
        return bytes(answer.SerializeToString())


def failing(code: grpc.StatusCode, detail: str) -> Handler:
    """Return a handler that always fails."""

    def handler(data: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(code, detail)

    return handler


def target(address: str, **settings: Any) -> Target:
    """Return the target of model ssd at an address, changed as told."""
    return Target.model_validate({"server": address, "model": "ssd"} | settings)


@contextlib.contextmanager
def preflight(
    address: str, *, credentials: grpc.ChannelCredentials | None = None, **settings: Any
) -> Iterator[Preflight]:
    """Yield the questions to the server at an address."""
    caller = Caller(address, credentials)
    try:
        yield Preflight(
            caller=caller,
            clock=ManualClock(),
            index=0,
            name="gpu",
            target=target(address, **settings),
            address=address,
            tensor=info(IMAGE),
            patience_ns=300 * NS_PER_MS,
        )
    finally:
        caller.close()


def checked(handlers: Mapping[str, Handler], **settings: Any) -> tuple[SelfDescription, list[str]]:
    """Return what a gRPC server with these handlers says, and the methods that were called."""
    with grpc_server(handlers) as port, preflight(f"127.0.0.1:{port}", **settings) as asking:
        facts = asking.check(REQUEST, lambda line: None)
        assert isinstance(asking.caller, Caller)
        return facts, asking.caller.methods


def refused(handlers: Mapping[str, Handler], **settings: Any) -> str:
    """Return why a gRPC server with these handlers cannot be used, without name and address."""
    with grpc_server(handlers) as port:
        return unusable(f"127.0.0.1:{port}", **settings)


def unusable(address: str, **settings: Any) -> str:
    """Return why the server at an address cannot be used, without name and address."""
    with preflight(address, **settings) as asking, pytest.raises(TargetError) as caught:
        asking.check(REQUEST, lambda line: None)
    text = str(caught.value)
    prefix = f"target 'gpu' at {address}: "
    assert text.startswith(prefix)
    assert "\n" not in text
    assert len(text) < 500
    return text.removeprefix(prefix)


def test_usable() -> None:
    """A model that is there and fits passes, and what it says is returned; nothing is inferred."""
    facts, methods = checked(ModelServer().handlers())
    assert facts.versions == (ModelState(1, "AVAILABLE", ""),)
    assert facts.signature is not None
    assert list(facts.signature.inputs) == ["inputs"]
    assert facts.notes == ()
    assert methods == ["GetModelStatus", "GetModelMetadata"]


def test_several_versions_are_noted() -> None:
    """When two versions are available and none is asked for, the report says which answers."""
    server = ModelServer(ssd=[ModelState(2, "AVAILABLE", ""), ModelState(1, "AVAILABLE", "")])
    facts, _ = checked(server.handlers())
    assert facts.notes == ("versions 2, 1 are available; without `version:` the newest answers",)
    facts, _ = checked(server.handlers(), version=1)
    assert facts.notes == ()


@pytest.mark.parametrize(
    ("known", "calls", "notes"),
    [
        ([PREDICT], 3, ("the server tells no signatures; it answered a Predict",)),
        (
            [PREDICT, GET_MODEL_STATUS],
            3,
            ("the server tells no signatures; it answered a Predict",),
        ),
        ([PREDICT, GET_MODEL_METADATA], 2, ()),
    ],
)
def test_servers_that_tell_less(known: list[str], calls: int, notes: tuple[str, ...]) -> None:
    """Where a server does not implement the questions, one Predict decides; and only there."""
    facts, methods = checked(ModelServer().handlers(*known))
    assert len(methods) == calls
    assert ("Predict" in methods) == (calls == 3)
    assert facts.notes == notes


def test_row_1_refused() -> None:
    """A closed port stops at once: no waiting, one call."""
    port = closed_port()
    with preflight(f"127.0.0.1:{port}") as asking:
        with pytest.raises(TargetError) as caught:
            asking.check(REQUEST, pytest.fail)
        assert isinstance(asking.caller, Caller)
        assert asking.caller.methods == ["GetModelStatus"]
        assert asking.clock.now_ns() == 0
    assert str(caught.value) == (
        f"target 'gpu' at 127.0.0.1:{port}: connection refused: nothing listens there; start the"
        " server, or check the address (TensorFlow Serving opens its port only when its models are"
        " loaded)"
    )


def test_refused_can_be_waited_for() -> None:
    """When asked to, preflight waits for a port to open, and gives up in the end."""
    lines: list[str] = []
    port = closed_port()
    with preflight(f"127.0.0.1:{port}", ready_within="5 s") as asking:
        with pytest.raises(TargetError, match=r"not ready after 5 s, connection refused"):
            asking.check(REQUEST, lines.append, wait_refused=True)
        assert lines[0].startswith("gpu: connection refused: nothing listens there")
        assert lines[-1].endswith("(waited 4 s of 5 s)")

        # Real time from here, so that gRPC's own pause between attempts can pass.
        started = threading.Event()
        done = threading.Event()

        def serve() -> None:
            started.wait(10)
            handlers = ModelServer().handlers()
            with grpc_server(handlers, address=f"127.0.0.1:{port}"):
                done.wait(30)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            waiting = Preflight(
                caller=asking.caller,
                clock=SystemClock(),
                index=0,
                name="gpu",
                target=target(asking.address, ready_within="1 min"),
                address=asking.address,
                tensor=asking.tensor,
            )
            facts = waiting.check(REQUEST, lambda line: started.set(), wait_refused=True)
            assert facts.signature is not None
        finally:
            started.set()
            done.set()
            thread.join()


def test_row_4_silent() -> None:
    """A server that accepts and says nothing is told from one that is not there."""
    with raw_server(silent) as port:
        assert unusable(f"127.0.0.1:{port}").startswith(
            "connected, no HTTP/2 SETTINGS in 0.3 s: it accepts and says nothing; check that"
        )


def test_row_9_rest_port() -> None:
    """The REST port is recognised."""
    with raw_server(http1) as port:
        assert unusable(f"127.0.0.1:{port}") == (
            f"HTTP/1 answers there (a REST port?); use the gRPC port (8500 by default), not {port}"
        )


def test_row_10_plaintext_to_tls(tmp_path: Path) -> None:
    """Plaintext spoken to TLS is named, where gRPC only says that the socket was closed."""
    with grpc_server({}, certificate(tmp_path).server_credentials()) as port:
        assert unusable(f"127.0.0.1:{port}") == (
            "the server speaks TLS, the scenario plaintext;"
            " add `tls: {}` (with `ca:` for a private CA)"
        )


def trusting(pair: Pair) -> grpc.ChannelCredentials:
    """Return the credentials of a client that trusts this certificate."""
    return grpc.ssl_channel_credentials(Path(pair.cert).read_bytes())


def test_row_10_tls_to_plaintext(tmp_path: Path) -> None:
    """TLS spoken to plaintext is named."""
    pair = certificate(tmp_path)
    with grpc_server(ModelServer().handlers()) as port:
        reason = unusable(f"127.0.0.1:{port}", credentials=trusting(pair), tls={"ca": pair.cert})
    assert reason == (
        "the server speaks plaintext, the scenario TLS; remove `tls:` (and `grpcs://`)"
    )


@pytest.mark.parametrize(
    ("name", "trusted", "reason"),
    [
        ("expired", True, "certificate has expired"),
        ("localhost", False, "self-signed certificate"),
        ("models.example", True, "IP address mismatch"),
    ],
)
def test_row_11_certificates(tmp_path: Path, name: str, trusted: bool, reason: str) -> None:
    """A certificate that is not accepted is reported with OpenSSL's reason."""
    pair = certificate(tmp_path, name, expired=name == "expired")
    ours = pair if trusted else certificate(tmp_path, "other")
    with grpc_server(ModelServer().handlers(), pair.server_credentials()) as port:
        text = unusable(f"127.0.0.1:{port}", credentials=trusting(ours), tls={"ca": ours.cert})
    assert text.startswith("its certificate is not accepted (")
    assert reason in text


def test_tls(tmp_path: Path) -> None:
    """A server behind TLS passes when its certificate is trusted."""
    pair = certificate(tmp_path)
    with (
        grpc_server(ModelServer().handlers(), pair.server_credentials()) as port,
        preflight(f"localhost:{port}", credentials=trusting(pair), tls={"ca": pair.cert}) as asking,
    ):
        assert asking.check(REQUEST, pytest.fail).signature is not None


def test_row_12_unknown_host() -> None:
    """A name that DNS does not know is named."""
    assert unusable("no-such-host.invalid:8500").startswith(
        "the name 'no-such-host.invalid' is not known; check the host in `server:`"
    )


def test_row_13_proxy() -> None:
    """A proxy in the environment is noted, because the load does not take it."""
    assert proxy_note({"HTTP_PROXY": "http://127.0.0.1:9", "PATH": "/bin"}) == (
        "HTTP_PROXY is set and not used: requests go straight to their targets"
    )
    assert proxy_note({"http_proxy": ""}) is None


def test_row_14_wrong_model() -> None:
    """A model that is not there is named, with one of the usual names that is."""
    server = ModelServer(ssdresnet=[ModelState(1, "AVAILABLE", "")])
    assert refused(server.handlers()) == (
        "no model 'ssd' (there is 'ssdresnet'),"
        " NOT_FOUND: Could not find any versions of model ssd; correct `model:`"
    )


def test_row_14_wrong_model_that_only_predict_knows() -> None:
    """Servers that tell nothing say it when they are asked to predict."""
    detail = "Servable not found for request: Latest(ssd)"
    handlers = {PREDICT: failing(grpc.StatusCode.NOT_FOUND, detail)}
    assert refused(handlers) == f"no model 'ssd', NOT_FOUND: {detail}; correct `model:`"


def test_row_14_wrong_version() -> None:
    """A version that is not there is named, with those that are."""
    assert refused(ModelServer().handlers(), version=7) == (
        "model 'ssd' has no version 7 there; it has 1; correct `version:`"
    )


def test_row_14_wrong_signature() -> None:
    """A signature that is not there is named, with those that are."""
    assert refused(ModelServer().handlers(), signature="serving") == (
        "model 'ssd' has no signature 'serving', it has 'serving_default'; set `signature:`"
        " (did you mean 'serving_default'?)"
    )


def test_row_14_wrong_service() -> None:
    """A gRPC server of another service is told from TensorFlow Serving."""
    assert refused({}) == (
        "UNIMPLEMENTED: Method not found!;"
        " what answers is not TensorFlow Serving's gRPC port: check `server:`"
    )


def test_row_15_wrong_input() -> None:
    """What the payload is and what the model takes are compared before any inference."""
    assert refused(ModelServer().handlers(), input="image") == (
        "signature 'serving_default' has no input 'image', it takes"
        " 'inputs' (uint8 [?, ?, ?, 3]); set `input: inputs`"
    )


def test_row_15_wrong_input_that_only_predict_knows() -> None:
    """Without signatures, the server's refusal of one Predict is explained."""
    detail = "Expects arg[0] to be string but uint8 is provided"
    handlers = {PREDICT: failing(grpc.StatusCode.INVALID_ARGUMENT, detail)}
    assert refused(handlers) == f"INVALID_ARGUMENT: {detail}; set `encoding: jpeg`"


def test_row_17_message_limit() -> None:
    """A request over the server's message limit is told from an overloaded server."""
    with grpc_server(ModelServer().handlers(PREDICT), options=[]) as port:
        address = f"127.0.0.1:{port}"
        large = predict_request("ssd", {"inputs": np.zeros((1, 1400, 1200, 3), np.uint8)})
        with preflight(address) as asking, pytest.raises(TargetError) as caught:
            asking.check(large, lambda line: None)
    assert "SERVER: Received message larger than max" in str(caught.value)
    assert "over the server's message limit" in str(caught.value)


def ready_after(server: ModelServer, count: int, before: Handler) -> dict[str, Handler]:
    """Return handlers whose first `count` status calls are answered by `before`."""
    asked = iter(range(count))

    def status(data: bytes, context: grpc.ServicerContext) -> bytes:
        return (server.status if next(asked, None) is None else before)(data, context)

    return server.handlers() | {GET_MODEL_STATUS: status}


def test_row_20_loading() -> None:
    """A model that is loading for 30 s is waited for, with a line every 2 s."""
    loading = ModelServer(ssd=[ModelState(1, "LOADING", "")])
    lines: list[str] = []
    handlers = ready_after(ModelServer(), 120, loading.status)
    with grpc_server(handlers) as port, preflight(f"127.0.0.1:{port}") as asking:
        facts = asking.check(REQUEST, lines.append)
        assert asking.clock.now_ns() == 30 * 1000 * NS_PER_MS
    assert facts.versions[0].state == "AVAILABLE"
    assert len(lines) == 15
    assert lines[0] == "gpu: model 'ssd' version 1 is LOADING (waited 0 s of 60 s)"
    assert lines[-1] == "gpu: model 'ssd' version 1 is LOADING (waited 28 s of 60 s)"


def test_row_20_unavailable_then_ok() -> None:
    """A server that says UNAVAILABLE over HTTP/2 is on its way, and waited for."""
    lines: list[str] = []
    unavailable = failing(grpc.StatusCode.UNAVAILABLE, "warming up")
    handlers = ready_after(ModelServer(), 10, unavailable)
    with grpc_server(handlers) as port, preflight(f"127.0.0.1:{port}") as asking:
        asking.check(REQUEST, lines.append)
    assert lines == [
        "gpu: it answers UNAVAILABLE (warming up) (waited 0 s of 60 s)",
        "gpu: it answers UNAVAILABLE (warming up) (waited 2 s of 60 s)",
    ]


def test_row_20_gives_up() -> None:
    """A model that does not become ready is given up, with its state."""
    loading = ModelServer(ssd=[ModelState(1, "LOADING", "")])
    assert refused(loading.handlers(), ready_within="10 s") == (
        "not ready after 10 s, model 'ssd' version 1 is LOADING;"
        " see the server's log, or raise `ready_within:`"
    )


def test_failed_load_is_not_waited_for() -> None:
    """A model that failed to load will not come, and its error is shown."""
    failed = ModelServer(ssd=[ModelState(1, "END", "Op type not registered 'X'\n in binary")])
    with grpc_server(failed.handlers()) as port, preflight(f"127.0.0.1:{port}") as asking:
        with pytest.raises(TargetError, match=r"is END: Op type not registered 'X' in binary$"):
            asking.check(REQUEST, pytest.fail)
        assert asking.clock.now_ns() == 0


def test_undecodable_answers() -> None:
    """Answers of some other service are not taken for TensorFlow Serving's."""
    garbage = {GET_MODEL_STATUS: lambda data, context: b"\xff" * 4}
    assert refused(garbage) == (
        "it answers with 4 bytes that are not a GetModelStatusResponse; is it TensorFlow Serving?"
    )


def test_credentials_wanted() -> None:
    """A server that wants credentials is told so, and they are never shown."""
    handlers = {GET_MODEL_STATUS: failing(grpc.StatusCode.UNAUTHENTICATED, "no token")}
    assert refused(handlers, metadata={"authorization": "canary"}) == (
        "UNAUTHENTICATED: no token; set `metadata:` to the credentials that it wants"
    )


def test_server_errors_are_shown() -> None:
    """An error of the server itself is not waited for, and shown in its words."""
    handlers = {GET_MODEL_STATUS: failing(grpc.StatusCode.INTERNAL, "\x1b[31mbroken\n")}
    assert refused(handlers) == "it answers INTERNAL (?[31mbroken); see the server's log"


Outcome = Callable[[Preflight], Any]


def first(handlers: Mapping[str, Handler], ask: Outcome, **settings: Any) -> Any:
    """Return what `ask` makes of a server with these handlers."""
    with grpc_server(handlers) as port, preflight(f"127.0.0.1:{port}", **settings) as asking:
        return ask(asking)


def test_first_inference() -> None:
    """The first inference is timed, and its answer decoded and checked."""

    def slow(data: bytes, context: grpc.ServicerContext) -> bytes:
        time.sleep(0.05)
        return ModelServer().predict(data, context)

    found = first(
        {PREDICT: slow}, lambda asking: asking.first_inference(REQUEST, Expect(labels=("dog",)))
    )
    assert found.service_ns >= 50 * NS_PER_MS
    assert found.problem is None
    assert found.outputs["detection_classes"].tolist() == [[18]]


def test_row_16_bad_first_answer() -> None:
    """A bad answer is told, not raised: an expected label missing, or nothing in it."""
    expect = Expect(labels=("cat",))
    good = ModelServer().handlers(PREDICT)
    found = first(good, lambda asking: asking.first_inference(REQUEST, expect))
    assert found.problem == "expected 'cat' with a score of 0.5 or more, found dog 1.00"
    empty = {PREDICT: lambda data, context: b""}
    found = first(empty, lambda asking: asking.first_inference(REQUEST, None))
    assert found.problem == "the answer has no outputs"


def test_row_25_undecodable_first_answer() -> None:
    """An answer that cannot be decoded is a bad answer."""
    garbage = {PREDICT: lambda data, context: b"\xff"}
    found = first(garbage, lambda asking: asking.first_inference(REQUEST, None))
    assert found.problem == "1 bytes that are not a PredictResponse"
    assert found.outputs == {}


def test_row_19_first_inference_over_its_deadline() -> None:
    """A first inference that does not end in time names the deadline as the thing to change."""
    over = threading.Event()

    def slow(data: bytes, context: grpc.ServicerContext) -> bytes:
        over.wait(10)
        return b""

    def ask(asking: Preflight) -> str:
        with pytest.raises(TargetError) as caught:
            asking.first_inference(REQUEST, None)
        over.set()
        return str(caught.value)

    text = first({PREDICT: slow}, ask, deadline="200 ms")
    assert "DEADLINE_EXCEEDED" in text
    assert text.endswith(
        "a first inference may load the model into the accelerator: raise `deadline:` (200 ms)"
    )


def test_refused_first_inference() -> None:
    """A server that has gone meanwhile is looked at like any other."""
    with (
        preflight(f"127.0.0.1:{closed_port()}") as asking,
        pytest.raises(TargetError, match="connection refused: nothing listens there"),
    ):
        asking.first_inference(REQUEST, None)
