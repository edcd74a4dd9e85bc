"""The REST port over real sockets: paths, forms, codes, metrics."""

import http.client
from collections.abc import Iterator

import numpy as np
import pytest

from eiload.scenario.standin import StandIn
from eiload.serving.tfserving import PREDICT, decode_response
from tests.server.rest_client import fetched, scraped
from tests.server.stand_ins import Client, picture, request, running
from tests.stand_in import WarmStandIn

ROOT = "/v1/models/ssd"


@pytest.fixture(scope="module")
def served() -> Iterator[Client]:
    """Run a stand-in with a REST port."""
    with running(
        *("--rest-port", "0", "--label", "stable=1"), profile="p2.xlarge", compute="1 ms"
    ) as client:
        yield client


def test_status(served: Client) -> None:
    """The version as a string, the state by name, no error."""
    expected = {
        "model_version_status": [
            {
                "version": "1",
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ]
    }
    for path in (ROOT, f"{ROOT}/versions/1", "/V1/Models/ssd", f"{ROOT}/labels/any"):
        got = fetched(served.process, path)
        assert (got.status, got.json) == (200, expected)
        assert got.headers["Content-Type"] == "application/json"
        assert got.headers["X-Eiload-Stand-In"] == "emulated p2.xlarge"


def test_metadata(served: Client) -> None:
    """The signature as protobuf's JSON."""
    got = fetched(served.process, f"{ROOT}/metadata").json
    assert got["model_spec"] == {"name": "ssd", "signature_name": "", "version": "1"}
    signature = got["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["method_name"] == "tensorflow/serving/predict"
    assert signature["inputs"]["inputs"]["dtype"] == "DT_UINT8"
    assert [dim["size"] for dim in signature["inputs"]["inputs"]["tensor_shape"]["dim"]] == [
        *("-1", "-1", "-1", "3")
    ]
    assert len(signature["outputs"]) == 4


@pytest.mark.parametrize("path", [ROOT, f"{ROOT}/versions/1", f"{ROOT}/labels/stable"])
def test_predict_answers_as_over_grpc(served: Client, path: str) -> None:
    """Rows and columns give the numbers that gRPC gives, to the last digit."""
    image = picture(count=2)
    outputs = decode_response(served.call(PREDICT, request(image)))
    rows = fetched(served.process, f"{path}:predict", {"instances": image.tolist()}).json
    columns = fetched(served.process, f"{path}:predict", {"inputs": image.tolist()}).json
    for alias, tensor in outputs.items():
        row = np.array([each[alias] for each in rows["predictions"]], dtype=np.float32)
        np.testing.assert_array_equal(row, tensor)
        column = np.array(columns["outputs"][alias], dtype=np.float32)
        np.testing.assert_array_equal(column, tensor)


def test_encoded_images_are_base64() -> None:
    """As users of the encoded variant send them."""
    with running("--rest-port", "0", compute="1 ms", encoded=True) as client:
        got = fetched(client.process, f"{ROOT}:predict", {"instances": [{"b64": "/9j/4A=="}]})
        assert got.status == 200
        assert len(got.json["predictions"]) == 1


ONE = {"instances": [[[[1, 2, 3]]]]}

REFUSED = [
    ("GET", "/v1/models/other", None, 404, "Could not find any versions of model other"),
    ("GET", f"{ROOT}/versions/3", None, 404, "Could not find version 3 of model ssd"),
    ("GET", f"{ROOT}/versions/{10**30}", None, 400, "Failed to convert version: "),
    ("GET", f"{ROOT}:predict", None, 400, f"Malformed request: GET {ROOT}:predict"),
    ("GET", "/v2/health/ready", None, 404, "Malformed request: GET /v2/health/ready"),
    ("POST", ROOT, ONE, 400, f"Malformed request: POST {ROOT}"),
    ("POST", "/v1/models/other:predict", ONE, 404, "Servable not found for request: Latest(other)"),
    ("POST", f"{ROOT}/versions/3:predict", ONE, 404, "Specific(ssd, 3)"),
    ("POST", f"{ROOT}/labels/beta:predict", ONE, 400, "Unrecognized servable version label: beta"),
    ("POST", f"{ROOT}:predict", {**ONE, "signature_name": "train"}, 400,
     'Serving signature name: "train" not found in signature def'),
    ("POST", f"{ROOT}:predict", {"instances": [[[1, 2, 3]]]}, 400,
     "input must be 4-dimensional[1,1,3]"),
    ("POST", f"{ROOT}:predict", b"{", 400, "JSON Parse error"),
    ("POST", f"{ROOT}:classify", ONE, 501, "does not serve classify"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "document", "status", "text"),
    [row[1:] for row in REFUSED],
    ids=[f"{row[0]} {row[1][:40]} {row[4][:30]}" for row in REFUSED],
)
def test_refusals(served: Client, path: str, document: object, status: int, text: str) -> None:
    """The code that belongs to the gRPC code, and the text as an object."""
    got = fetched(served.process, path, document)
    assert got.status == status
    assert text in got.json["error"]


def test_a_server_that_never_answers_is_not_waited_for_forever() -> None:
    """What the accelerator refuses comes through with its HTTP code."""
    with running("--rest-port", "0", compute="1 ms", fail={"rate": "100 %"}) as client:
        got = fetched(client.process, f"{ROOT}:predict", ONE)
        assert (got.status, got.json) == (503, {"error": "emulated failure"})


def test_metrics_count_both_ports(served: Client) -> None:
    """Those of gRPC and of REST apart; another path says where they are."""
    before = scraped(served.process)
    served.call(PREDICT, request())
    fetched(served.process, f"{ROOT}:predict", ONE)
    fetched(served.process, "/v1/models/other:predict", ONE)
    after = scraped(served.process)

    def more(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    latency = ":tensorflow:serving:request_latency_count"
    assert more(latency + '{model_name="ssd",API="Predict",entrypoint="GRPC"}') == 1
    assert more(latency + '{model_name="ssd",API="predict",entrypoint="REST"}') == 1
    assert more(':tensorflow:serving:request_count{model_name="ssd",status="OK"}') == 2
    wrong = fetched(served.process, "/monitoring/metrics")
    assert wrong.status == 400
    assert wrong.text == (
        "Unexpected path: /monitoring/metrics. Should be /monitoring/prometheus/metrics"
    )


def test_a_connection_is_kept_and_a_body_without_length_is_none(served: Client) -> None:
    """HTTP/1.1, as load balancers speak it."""
    connection = http.client.HTTPConnection(served.process.rest_address, timeout=90)
    for _ in range(2):
        connection.request("GET", ROOT)
        assert connection.getresponse().read()
    connection.putrequest("POST", f"{ROOT}:predict")
    connection.endheaders()
    answered = connection.getresponse()
    assert answered.status == 400
    assert b"JSON Parse error" in answered.read()
    connection.close()


def test_it_is_served_alone() -> None:
    """With ``--api tf-rest``, on the one port; answers say how long they were in the server."""
    with WarmStandIn(StandIn.of(compute="3 ms", api="tf-rest")) as process:
        assert process.address == process.rest_address
        got = fetched(process, f"{ROOT}:predict", {"instances": picture().tolist()})
    assert (got.status, len(got.json["predictions"])) == (200, 1)
    assert int(got.headers["X-Eiload-Server-Time-Ns"]) >= 3_000_000
