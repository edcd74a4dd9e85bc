"""Whether a target can be used, asked of real servers over real sockets.

The manual clock stands still while calls are made and jumps when preflight sleeps, so that half a
minute of waiting for a model costs nothing.
"""

import threading
from pathlib import Path

import grpc
import numpy as np
import pytest

from eiload.base.clock import NS_PER_MS, SystemClock
from eiload.base.errors import TargetError
from eiload.serving.expectations import Expectations
from eiload.serving.preflight import Preflight, proxy_note
from eiload.serving.tfserving import (
    GET_MODEL_METADATA,
    GET_MODEL_STATUS,
    PREDICT,
    ModelState,
    predict_request,
)
from eiload.serving.trial import first_inference
from tests.grpc_servers import (
    Caller,
    Handler,
    certificate,
    closed_port,
    grpc_server,
)
from tests.serving.model_server import (
    ModelServer,
    checked,
    failing,
    preflight,
    refused,
    target,
    tried,
    trusting,
)


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


UNSAID = "the server does not tell the model's {} ({})"


@pytest.mark.parametrize(
    ("known", "notes"),
    [
        ([PREDICT], [UNSAID.format("signatures", "UNIMPLEMENTED")]),
        ([PREDICT, GET_MODEL_STATUS], [UNSAID.format("signatures", "UNIMPLEMENTED")]),
        ([PREDICT, GET_MODEL_METADATA], []),
    ],
)
def test_servers_that_tell_less(known: list[str], notes: list[str]) -> None:
    """Where a server does not implement the questions nothing is wrong yet: a Predict decides."""
    facts, methods = checked(ModelServer().handlers(*known))
    assert "Predict" not in methods
    assert list(facts.notes) == notes


def test_a_policy_that_allows_predict_alone() -> None:
    """What is denied is noted, whatever the status; a Predict decides (case 03, proxies)."""
    denied = failing(grpc.StatusCode.PERMISSION_DENIED, "RBAC: access denied")
    handlers = ModelServer().handlers()
    handlers |= {GET_MODEL_STATUS: denied, GET_MODEL_METADATA: denied}
    facts, _ = checked(handlers)
    assert facts.notes == tuple(
        UNSAID.format(what, "PERMISSION_DENIED") for what in ("state", "signatures")
    )
    with grpc_server(handlers) as port, preflight(f"127.0.0.1:{port}") as asking:
        assert tried(asking).problem is None


def test_row_1_refused() -> None:
    """A closed port stops at once: no waiting, one call."""
    port = closed_port()
    with preflight(f"127.0.0.1:{port}") as asking:
        with pytest.raises(TargetError) as caught:
            asking.check(pytest.fail)
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
            asking.check(lines.append, wait_refused=True)
        assert lines[0].startswith("gpu: connection refused: nothing listens there")
        assert lines[-1].endswith("(waited 4 s of 5 s)")

        # Real time from here, so that gRPC's own pause between attempts can pass.
        started = threading.Event()
        done = threading.Event()

        def serve() -> None:
            started.wait(60)
            handlers = ModelServer().handlers()
            with grpc_server(handlers, address=f"127.0.0.1:{port}"):
                done.wait(60)

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
            )
            facts = waiting.check(lambda line: started.set(), wait_refused=True)
            assert facts.signature is not None
        finally:
            started.set()
            done.set()
            thread.join()


def test_tls(tmp_path: Path) -> None:
    """A server behind TLS passes when its certificate is trusted."""
    pair = certificate(tmp_path)
    with (
        grpc_server(ModelServer().handlers(), pair.server_credentials()) as port,
        preflight(f"localhost:{port}", credentials=trusting(pair), tls={"ca": pair.cert}) as asking,
    ):
        assert asking.check(pytest.fail).signature is not None


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
        " NOT_FOUND: Servable not found for request: Latest(ssd); correct `model:`"
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
        ' (Predict: FAILED_PRECONDITION: Serving signature key "serving" not found.)'
    )


def test_row_14_wrong_service() -> None:
    """A gRPC server of another service is told from TensorFlow Serving."""
    assert refused({}) == (
        "UNIMPLEMENTED: Method not found!;"
        " what answers is not TensorFlow Serving's gRPC port: check `server:`"
    )


def test_row_15_wrong_input() -> None:
    """What the payload is and what the model takes are compared, and said if it is refused."""
    assert refused(ModelServer().handlers(), input="image") == (
        "signature 'serving_default' has no input 'image', it takes"
        " 'inputs' (uint8 [?, ?, ?, 3]); set `input: inputs`"
        " (Predict: INVALID_ARGUMENT: input size does not match signature: 1!=1)"
    )


def test_what_the_server_takes_in_spite_of_its_metadata() -> None:
    """The server decides: an opinion from metadata is a note where it answers all the same."""
    server = ModelServer()
    server.lenient = True
    with (
        grpc_server(server.handlers()) as port,
        preflight(f"127.0.0.1:{port}", input="image") as asking,
    ):
        found = tried(asking)
    assert found.problem is None
    (note,) = found.notes
    assert note == (
        "the server answers, although signature 'serving_default' has no input 'image', it takes"
        " 'inputs' (uint8 [?, ?, ?, 3])"
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
            first_inference(asking, large, Expectations(None))
    assert "SERVER: Received message larger than max" in str(caught.value)
    assert "over the server's message limit" in str(caught.value)


def test_row_17_limit_of_the_server_on_its_answers() -> None:
    """An answer that the server may not send is no fault of the request."""
    options = [("grpc.max_send_message_length", 50)]
    with grpc_server(ModelServer().handlers(PREDICT), options=options) as port:
        small = predict_request("ssd", {"inputs": np.zeros((1, 8, 8, 3), np.uint8)})
        with preflight(f"127.0.0.1:{port}") as asking, pytest.raises(TargetError) as caught:
            first_inference(asking, small, Expectations(None))
    assert "the answer is over the server's own limit" in str(caught.value)


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
        facts = asking.check(lines.append)
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
        asking.check(lines.append)
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
        " (Predict: NOT_FOUND: Servable not found for request: Latest(ssd))"
    )


def test_failed_load_is_not_waited_for() -> None:
    """A model that failed to load will not come, and its error is shown."""
    failed = ModelServer(ssd=[ModelState(1, "END", "Op type not registered 'X'\n in binary")])
    with grpc_server(failed.handlers()) as port, preflight(f"127.0.0.1:{port}") as asking:
        with pytest.raises(TargetError, match=r"is END: Op type not registered 'X' in binary \(P"):
            tried(asking)
        assert asking.clock.now_ns() == 0


def test_undecodable_answers() -> None:
    """Answers of some other service are not taken for TensorFlow Serving's."""
    garbage = {GET_MODEL_STATUS: lambda data, context: b"\xff" * 4}
    assert refused(garbage) == (
        "it answers with 4 bytes that are not a GetModelStatusResponse; is it TensorFlow Serving?"
        " (Predict: UNIMPLEMENTED: Method not found!)"
    )


def test_credentials_wanted() -> None:
    """A server that wants credentials is told so, and they are never shown."""
    wanted = failing(grpc.StatusCode.UNAUTHENTICATED, "no token")
    handlers = dict.fromkeys((GET_MODEL_STATUS, GET_MODEL_METADATA, PREDICT), wanted)
    assert refused(handlers, metadata={"authorization": "canary"}) == (
        "UNAUTHENTICATED: no token; set `metadata:` to the credentials that it wants"
    )


def test_server_errors_are_shown() -> None:
    """An error of the server itself is not waited for, and shown in its words."""
    broken = failing(grpc.StatusCode.INTERNAL, "\x1b[31mbroken\n")
    handlers = dict.fromkeys((GET_MODEL_STATUS, PREDICT), broken)
    assert refused(handlers) == (
        "it answers INTERNAL (?[31mbroken); see the server's log (Predict: INTERNAL: ?[31mbroken)"
    )
