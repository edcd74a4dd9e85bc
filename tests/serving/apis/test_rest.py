"""rest: TensorFlow Serving's REST, as a stand-in serves it."""

import pytest

from eiload.base.errors import TargetError
from eiload.scenario import Target
from eiload.server.launch import StandInProcess
from eiload.serving import payload
from eiload.serving.agree import agree
from eiload.serving.apis.rest import TfRest
from eiload.serving.expectations import Expectations
from eiload.serving.images import synthetic
from eiload.serving.preflight import Preflight
from eiload.serving.trial import FirstInference, first_inference
from tests.grpc_servers import closed_port
from tests.serving.apis.servers import Asked, Said, asking, saying

REST = {"api": "tf-rest"}


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({}, "/v1/models/ssd"),
        ({"version": 3}, "/v1/models/ssd/versions/3"),
        ({"version_label": "canary"}, "/v1/models/ssd/labels/canary"),
        ({"model": "a b/c"}, "/v1/models/a%20b%2Fc"),
    ],
)
def test_paths(said: dict[str, object], path: str) -> None:
    """The model's, its version's, its label's."""
    api = TfRest(Target.model_validate({"server": "h", "model": "ssd", **REST, **said}))
    assert api.predict == f"{path}:predict"
    assert api.metadata().method == f"GET {path}/metadata"
    asked = path if "version_label" not in said else "/v1/models/ssd"  # it knows no state of one
    assert api.state().method == f"GET {asked}"
    assert api.state("other").method == "GET /v1/models/other"


def inferred(address: str, **settings: object) -> FirstInference:
    """Return the first inference of one picture, after a look at the model."""
    with asking(address, **settings) as questions:
        said = questions.check(lambda _: None)
        assert said.signature is not None
        assert said.signature.inputs["inputs"].dtype == "uint8"
        assert [state.state for state in said.versions] == ["AVAILABLE"]
        assert said.notes == ()
        picture = synthetic(64, 48, 1)[None]
        made = payload.made_of(questions.target, {"inputs": picture})
        return first_inference(questions, made.request, Expectations(None), said)


@pytest.mark.parametrize("form", ["instances", "inputs"])
def test_rows_and_columns_say_what_grpc_says(served: StandInProcess, form: str) -> None:
    """The same outputs, of the types that the model declares; and what it is, by a header."""
    over_grpc = inferred(served.address)
    over_rest = inferred(served.rest_address, body=form, **REST)
    assert over_rest.problem is over_grpc.problem is None
    assert over_rest.stand_in == over_grpc.stand_in == "emulated p2.xlarge"
    assert over_rest.outputs.keys() == over_grpc.outputs.keys()
    for name, array in over_grpc.outputs.items():
        assert over_rest.outputs[name].dtype == array.dtype
        assert over_rest.outputs[name].shape == array.shape
    assert agree(over_rest.outputs, over_grpc.outputs)


def tried(questions: Preflight) -> FirstInference:
    """Ask all that preflight asks."""
    said = questions.check(lambda _: None)
    made = payload.made_of(questions.target, {"inputs": synthetic(8, 8, 1)[None]})
    return first_inference(questions, made.request, Expectations(None), said)


def refused(address: str, **settings: object) -> str:
    """Return why a target cannot be used."""
    with asking(address, **settings) as questions, pytest.raises(TargetError) as caught:
        tried(questions)
    assert caught.value.exit_status == 4
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_model_that_is_not_there(served: StandInProcess) -> None:
    """The server says so, and others of the usual names are looked for."""
    said = refused(served.rest_address, model="sdd", **REST)
    assert "no model 'sdd' (there is 'ssd')" in said
    assert "HTTP 404" in said


def test_a_version_that_is_not_there(served: StandInProcess) -> None:
    """The server says so."""
    assert "version" in refused(served.rest_address, version=9, **REST)


def test_the_wrong_port(served: StandInProcess) -> None:
    """A gRPC port is called so."""
    said = refused(served.address, **REST)
    assert "a gRPC port answers there" in said
    assert "8501" in said


def test_a_closed_port() -> None:
    """As with gRPC."""
    said = refused(f"127.0.0.1:{closed_port()}", **REST)
    assert "connection refused: nothing listens there" in said


def test_what_is_no_model_server() -> None:
    """A web server that answers all by a page."""

    def page(asked: Asked) -> Said:
        del asked
        return Said(200, b"<html>hello</html>", "text/html")

    with saying(page) as address:
        said = refused(address, **REST)
    assert "GetModelStatusResponse in JSON" in said
