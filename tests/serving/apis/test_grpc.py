"""grpc: TensorFlow Serving's methods."""

from eiload.scenario import Target
from eiload.serving.apis.grpc import Grpc
from eiload.serving.tfserving import GET_MODEL_METADATA, GET_MODEL_STATUS, PREDICT, status_request


def test_its_questions() -> None:
    """Of the target's model and version, or of another model in any version."""
    api = Grpc(Target(server="h", model="ssd", version=3, client="grpcio", connections=2))
    assert api.predict == PREDICT
    assert api.carried.client == "grpcio"
    assert api.carried.connections == 2
    assert api.state() == (GET_MODEL_STATUS, status_request("ssd", version=3))
    assert api.state("other") == (GET_MODEL_STATUS, status_request("other"))
    assert api.metadata().method == GET_MODEL_METADATA
