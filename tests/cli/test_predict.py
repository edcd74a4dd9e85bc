"""`eiload predict` against real gRPC servers."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import grpc
import numpy as np
import pytest
from PIL import Image

from eiload.cli.main import main
from eiload.serving.protos import get_model_status_pb2, predict_pb2
from eiload.serving.tensors import to_proto
from eiload.serving.tfserving import GET_MODEL_STATUS, PREDICT
from tests.grpc_servers import Handler, grpc_server
from tests.serving.apis.servers import Asked, Said, half_plus_two, saying

AVAILABLE = 30

Answer = Callable[[int], Mapping[str, np.ndarray]]


def dogs(_number: int) -> dict[str, np.ndarray]:
    """Return an SSD's answer: a dog, and something that it hardly believes."""
    return {
        "detection_boxes": np.array([[[0.25, 0.1, 0.75, 0.6], [0, 0, 1, 1]]], np.float32),
        "detection_scores": np.array([[0.93, 0.2]], np.float32),
        "detection_classes": np.array([[18, 1]], np.float32),
        "num_detections": np.array([2], np.float32),
    }


class Server:
    """What a test's server was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[predict_pb2.PredictRequest] = []
        self.metadata: dict[str, str] = {}

    def handlers(self) -> dict[str, Handler]:
        """Return what answers Predict and GetModelStatus; GetModelMetadata is not implemented."""
        return {PREDICT: self.predict, GET_MODEL_STATUS: self.status}

    def predict(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer, or fail as the test's answer raises."""
        self.requests.append(predict_pb2.PredictRequest.FromString(request))
        self.metadata = {str(key): str(value) for key, value in context.invocation_metadata()}
        try:
            outputs = self.answer(len(self.requests))
        except RuntimeError as error:
            context.abort(grpc.StatusCode.INTERNAL, str(error))
        response = predict_pb2.PredictResponse()
        for alias, array in outputs.items():
            response.outputs[alias].CopyFrom(to_proto(array))
        data: bytes = response.SerializeToString()
        return data

    def status(self, _request: bytes, _context: grpc.ServicerContext) -> bytes:
        """Say that the model is there."""
        response = get_model_status_pb2.GetModelStatusResponse()
        response.model_version_status.add(version=7, state=AVAILABLE)
        data: bytes = response.SerializeToString()
        return data


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], tuple[Server, str]]]:
    """Return a function that starts a server with an answer; it ends with the test."""
    running = []

    def start(answer: Answer) -> tuple[Server, str]:
        server = Server(answer)
        context = grpc_server(server.handlers())
        port = context.__enter__()
        running.append(context)
        return server, f"127.0.0.1:{port}"

    yield start
    for context in running:
        context.__exit__(None, None, None)


Serve = Callable[[Answer], tuple[Server, str]]


@pytest.fixture
def picture(tmp_path: Path) -> str:
    """Return the path of a picture of 200 x 100 pixels."""
    path = tmp_path / "dogs.png"
    Image.new("RGB", (200, 100), (200, 150, 100)).save(path)
    return str(path)


def test_times_and_detections(
    serve: Serve, picture: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A picture is sent once and `--count` times more; times and detections are printed."""
    server, address = serve(dogs)
    argv = ["predict", "--server", address, "--model", "ssd", "--image", picture, "--count", "3"]
    assert main(argv) == 0
    out = capsys.readouterr().out
    assert f"{address} ssd\ndogs.png (200 x 100) as uint8 [1, 100, 200, 3] in 'inputs'" in out
    assert out.count("\nfirst inference ") == 1
    assert [f"inference {n} " in out for n in (1, 2, 3, 4)] == [True, True, True, False]
    assert "dog  0.93     20    25   120    75   0.100 0.250 0.600 0.750" in out
    assert "person" not in out
    assert len({request.SerializeToString(deterministic=True) for request in server.requests}) == 1


def test_json_for_scripts(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--json`, stdout is one document; without `--image`, a made-up picture is sent."""
    server, address = serve(dogs)
    argv = ["predict", "--server", address, "--model", "m", "--json", "--count", "2"]
    options = ["--signature", "s", "--input", "i", "--metadata", "key=secret", "--min-score", "0"]
    assert main([*argv, *options, "--model-version", "7", "--batch", "2"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["model"], data["picture"]["width"]) == ("m", 640)
    assert data["first_inference"]["status"] == "OK"
    assert len(data["inferences"]) == 2
    assert [found["label"] for found in data["detections"]] == ["dog", "person"]
    assert "secret" not in json.dumps(data)
    request = server.requests[-1]
    assert request.model_spec.name == "m"
    assert request.model_spec.signature_name == "s"
    assert request.model_spec.version.value == 7
    assert [d.size for d in request.inputs["i"].tensor_shape.dim] == [2, 427, 640, 3]
    assert server.metadata["key"] == "secret"


def test_encoded_pictures(serve: Serve, picture: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--encoding jpeg` the file's own bytes are sent; boxes are in its pixels."""
    server, address = serve(dogs)
    argv = ["predict", "--server", address, "--model", "m", "--encoding", "jpeg", "--count", "1"]
    assert main([*argv, "--image", picture]) == 0
    assert server.requests[-1].inputs["inputs"].string_val[0] == Path(picture).read_bytes()
    assert " 120    75 " in capsys.readouterr().out


def test_failures_are_counted(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    """An inference that fails or is answered badly is said so, and the exit status is 1."""

    def answer(number: int) -> dict[str, np.ndarray]:
        if number == 4:
            raise RuntimeError("out of memory")
        return {} if number == 5 else dogs(number)

    _, address = serve(answer)
    assert main(["predict", "--server", address, "--model", "m", "--count", "4"]) == 1
    out = capsys.readouterr().out
    assert "failed, INTERNAL: out of memory" in out
    assert "failed, BAD_ANSWER: the answer has no outputs" in out
    assert out.endswith("2 of 5 inferences failed\n")


def test_unusable_server(capsys: pytest.CaptureFixture[str]) -> None:
    """A server that is not there is one line and status 4."""
    assert main(["predict", "--server", "127.0.0.1:1", "--model", "m"]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("eiload: target 'm' at 127.0.0.1:1: connection refused")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--image", "/nope.jpg"], "--image: no such file, got '/nope.jpg'"),
        (["--server", "local:host:1"], "--server: not an address"),
        (["--batch", "5000"], "--batch: out of range, got 5000; expected 1024 at most"),
        (["--deadline", "2 d"], "--deadline: out of range, got '2 d'; expected at least 1 ms"),
        (["--model-version", "-1"], "--model-version: out of range, got -1; expected 0 or more"),
        (["--server-name", " "], "--server-name: empty, got ' '; expected some text"),
        (["--cert", "x"], "--cert: 'cert' without 'key'"),
        (["--ca", "/nope.pem"], "/nope.pem: cannot be read"),
        (["--metadata", "Key=canary"], "--metadata: not a key of gRPC metadata, got 'Key'"),
        (["--model-version", "1", "--version-label", "x"], "--version-label: both a version"),
    ],
)
def test_bad_input(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong with an argument is one line that names it; nothing is sent."""
    assert main(["predict", "--model", "m", *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"eiload: {message}")
    assert "canary" not in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--count", "0"], "argument --count: expected a whole number"),
        (["--deadline", "5"], "argument --deadline: no unit, got '5'"),
        (["--min-score", "2"], "argument --min-score: expected a number from 0 to 1"),
        (["--metadata", "canary"], "argument --metadata: expected KEY=VALUE"),
        (["--encoding", "png"], "argument --encoding: invalid choice"),
    ],
)
def test_bad_usage(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be an argument's value is one line that says what can."""
    with pytest.raises(SystemExit) as left:
        main(["predict", "--model", "m", *arguments])
    assert left.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith(f"eiload: {message}")
    assert err.count("\n") == 1
    assert "canary" not in err


def test_ctrl_c_keeps_what_is_known(serve: Serve) -> None:
    """Ctrl-C ends the inferences; what was measured is shown, and the status is 130."""

    def slow(number: int) -> dict[str, np.ndarray]:
        time.sleep(0.05)
        return dogs(number)

    _, address = serve(slow)
    code = "import sys; from eiload.cli.start import main; sys.exit(main())"
    argv = ["predict", "--server", address, "--model", "m", "--count", "5000"]
    # More than 100 inferences get no line each: the opening tells that the server was met.
    with subprocess.Popen([sys.executable, "-c", code, *argv], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while not process.stdout.readline().startswith(b"first inference"):
            assert process.poll() is None
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out = process.stdout.read().decode()
        assert process.wait(90) == 130
    assert "service time of " in out
    assert "dog  0.93" in out


def test_over_rest(capsys: pytest.CaptureFixture[str]) -> None:
    """The output has its name and type from the signature, and the request its size as JSON."""
    with saying(half_plus_two) as address:
        asked = ["predict", "--api", "tf-rest", "--server", address, "--count", "2"]
        assert main([*asked, "--model", "half_plus_two", "--input", "x=[1.0]"]) == 0
    out = capsys.readouterr().out
    assert "y" in out
    assert "float32 [1]" in out
    assert "2.5" in out


def test_a_container(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Asked in the form that is said; what it refuses is one line, and status 4."""

    def identity(asked: Asked) -> Said:
        if asked.path == "GET /ping":
            return Said(200)
        if asked.fields["Content-Type"] != "text/csv":
            return Said(415, b'{"error": "Unsupported Media Type: x"}')
        return Said(200, asked.content, "text/csv")

    np.save(tmp_path / "x.npy", np.array([1.5, 2.5], np.float32))
    with saying(identity) as address:
        asked = ["predict", "--api", "container", "--server", address, "--model", "m"]
        asked += ["--count", "1", "--input", f"x={tmp_path}/x.npy"]
        assert main([*asked, "--content-type", "text/csv"]) == 0
        assert "float32 [2, 1]" in capsys.readouterr().out
        assert main([*asked]) == 4
    said = capsys.readouterr().err
    assert "Unsupported Media Type: x; it does not take or give such content" in said
    assert said.count("\n") == 1
