"""`eiload inspect` against a real gRPC server, and the payloads that it writes."""

import grpc
import pytest
import yaml

from eiload.cli.inspect import payload_block
from eiload.cli.main import main
from eiload.scenario import Payload
from eiload.scenario.words import filled
from eiload.serving.tensors import TensorInfo
from eiload.serving.tfserving import (
    GET_MODEL_METADATA,
    GET_MODEL_STATUS,
    PREDICT,
    Signature,
)
from tests.grpc_servers import Handler, grpc_server
from tests.serving.apis.servers import half_plus_two, saying
from tests.serving.model_server import ModelServer

BERT = Signature(
    "serving_default",
    {
        "ids": TensorInfo("int64", (None, None)),
        "odd name": TensorInfo("float32", None),
        "text": TensorInfo("string", (None,)),
    },
    {},
)


def test_a_payload_that_is_ready() -> None:
    """It is a scenario's, once each N is a number."""
    text = "\n".join(payload_block(BERT)).replace("N", "7")
    found, problems = filled(Payload, yaml.safe_load(text)["payload"], {"base": "/"})
    assert problems == []
    assert found is not None
    assert found.generate is not None
    assert found.generate.shapes == {"ids": ("batch", 7), "odd name": (7,)}
    assert found.generate.text == {"text": 8}


def noting(asked: list[str], name: str, handler: Handler) -> Handler:
    """Return a handler that also notes that it was asked."""

    def handle(data: bytes, context: grpc.ServicerContext) -> bytes:
        asked.append(name)
        return handler(data, context)

    return handle


def test_inspect(capsys: pytest.CaptureFixture[str]) -> None:
    """Versions, signatures, a payload; each is asked for once, and nothing is inferred."""
    handlers = ModelServer().handlers()
    del handlers[PREDICT]
    asked: list[str] = []
    with grpc_server({name: noting(asked, name, each) for name, each in handlers.items()}) as port:
        assert main(["inspect", "--server", f"127.0.0.1:{port}", "--model", "ssd"]) == 0
    assert asked == [GET_MODEL_STATUS, GET_MODEL_METADATA]
    out = capsys.readouterr().out
    assert "version 1: AVAILABLE" in out
    assert "  input   inputs  uint8 [?, ?, ?, 3]" in out
    assert "payload:\n  synthetic: 640x427" in out


def test_a_server_that_does_not_tell(capsys: pytest.CaptureFixture[str]) -> None:
    """It is the server's fault, and said."""
    with grpc_server(ModelServer().handlers(GET_MODEL_STATUS)) as port:
        assert main(["inspect", "--server", f"127.0.0.1:{port}", "--model", "ssd"]) == 4
    assert "does not tell the model's signatures: UNIMPLEMENTED" in capsys.readouterr().err


def test_a_server_that_answers_nonsense(capsys: pytest.CaptureFixture[str]) -> None:
    """What comes as metadata and is none is named."""
    handlers = ModelServer().handlers() | {GET_MODEL_METADATA: lambda _data, _context: b"\xff"}
    with grpc_server(handlers) as port:
        assert main(["inspect", "--server", f"127.0.0.1:{port}", "--model", "ssd"]) == 4
    assert "is it TensorFlow Serving?" in capsys.readouterr().err


def test_over_rest(capsys: pytest.CaptureFixture[str]) -> None:
    """The same of TensorFlow Serving's REST."""
    with saying(half_plus_two) as address:
        asked = ["inspect", "--api", "tf-rest", "--server", f"http://{address}"]
        assert main([*asked, "--model", "half_plus_two"]) == 0
        out = capsys.readouterr().out
        assert main([*asked, "--model", "half"]) == 4
    assert "version 7: AVAILABLE" in out
    assert "  input   x  float32 [?]" in out
    assert "payload:\n  generate:" in out
    assert "no model 'half'" in capsys.readouterr().err
