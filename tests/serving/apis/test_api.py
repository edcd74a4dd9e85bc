"""api: what each way to ask a model has."""

import numpy as np
import pytest

from eiload.scenario import Target
from eiload.serving.apis.api import Api, Question
from eiload.serving.apis.choice import api_of
from eiload.serving.protos import predict_pb2
from eiload.serving.tensors import to_proto
from eiload.serving.tfserving import predict_request

X = {"x": np.array([[1.0, 2.0]], np.float32)}

SENT = {
    "grpc": predict_request("ssd", X, signature="serving_default"),
    "tf-rest": b'{"instances":[[1.0,2.0]]}',
    "container": b'{"instances":[[1.0,2.0]]}',
}


def api(name: str) -> Api:
    """Return a way to ask a model."""
    return api_of(Target.model_validate({"api": name, "server": "h", "model": "ssd"}))


@pytest.mark.parametrize("name", SENT)
def test_inputs_become_a_request(name: str) -> None:
    """Those of arrays, and those of a request that was recorded for another model."""
    assert api(name).request(X) == SENT[name]
    recorded = predict_request("other", X)
    assert api(name).readdressed(recorded) == (
        (SENT[name], "other") if name != "grpc" else (api(name).readdressed(recorded)[0], "other")
    )


@pytest.mark.parametrize("name", SENT)
def test_answers_become_outputs(name: str) -> None:
    """The same, whichever way they came."""
    answer = predict_pb2.PredictResponse()
    answer.outputs["y"].CopyFrom(to_proto(np.array([[0.5]], np.float32)))
    response = answer.SerializeToString() if name == "grpc" else b'{"predictions": [{"y": [0.5]}]}'
    read = api(name).read(response, {})
    assert read.outputs["y"].tolist() == [[0.5]]
    assert read.outputs["y"].dtype == np.float32
    with pytest.raises(ValueError, match=r"\w"):
        api(name).read(b"\xff\xff no answer", {})


@pytest.mark.parametrize("name", SENT)
def test_no_request_has_fields_of_its_own(name: str) -> None:
    """All is the endpoint's."""
    assert api(name).own_fields(Question("/x")) == b""
