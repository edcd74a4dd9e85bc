"""The TensorFlow container: content types to the letter, forms of JSON, what becomes of answers."""

import io
import json
from collections.abc import Iterator

import numpy as np
import pytest

from eiload.scenario.standin import StandIn
from eiload.server.backend import Shared
from eiload.server.http import faces
from eiload.server.http.exchange import Handler
from tests.server.http.served import Make, asked, posted, serving
from tests.server.stand_ins import picture

PIXELS = picture().tolist()
ROWS = json.dumps({"instances": PIXELS}).encode()
NPY = "application/x-npy"


def container(**settings: object) -> Make:
    """Return what makes a container."""

    async def make(shared: Shared) -> Handler:
        whole = StandIn.of(api="container", compute="0 s", **settings)
        return (await faces.container(whole, "ssd", shared)).handler

    return make


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve a model without an inference.py."""
    with serving(container()) as address:
        yield address


@pytest.fixture(scope="module")
def handled() -> Iterator[str]:
    """Serve one with an inference.py."""
    with serving(container(handler=True)) as address:
        yield address


def test_health_and_what_is_not_there(address: str) -> None:
    """Nothing but two paths."""
    assert asked(address, "GET", "/ping")[0].status == 200
    answer, body = asked(address, "GET", "/v1/models/ssd")
    assert (answer.status, body) == (404, b'{"error": "Not Found"}')


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", ROWS),
        ("application/json", json.dumps({"inputs": PIXELS}).encode()),
        ("application/json", json.dumps(PIXELS).encode()),
        ("application/jsonlines", b"\n".join([json.dumps(PIXELS[0]).encode()] * 2)),
        ("application/jsons", json.dumps(PIXELS[0]).encode() + b"\n"),
        ("application/jsons", ROWS),
    ],
)
def test_json_in_all_its_forms(address: str, kind: str, body: bytes) -> None:
    """TensorFlow Serving's own passes, rows are framed; a form of its own is the answer's, too."""
    answer, text = posted(address, "/invocations", body, kind)
    said = json.loads(text)
    assert answer.status == 200, said
    assert said.keys() <= {"predictions", "outputs"}


@pytest.mark.parametrize(
    "kind",
    ["application/json; charset=utf-8", "Application/JSON", "image/jpeg", NPY, "text/plain", ""],
)
def test_a_content_type_is_one_of_four_to_the_letter(address: str, kind: str) -> None:
    """Or it is 415, with its name."""
    answer, body = posted(address, "/invocations", ROWS, kind)
    assert answer.status == 415
    assert json.loads(body) == {"error": f"Unsupported Media Type: {kind or 'Unknown'}"}


def test_csv_is_rows_of_numbers_or_of_texts(address: str) -> None:
    """Of which this model says that they are no pictures; it has read them, though."""
    for text in (b"1,2\n3,4\n", b'"a",b\n'):
        answer, body = posted(address, "/invocations", text, "text/csv")
        assert answer.status == 400
        assert "error" in json.loads(body)


def test_who_asks_for_json_by_name_gets_one_line(address: str) -> None:
    """Called as the first that they take; a refusal, too."""
    _, body = posted(address, "/invocations", ROWS)
    assert body.count(b"\n") > 100
    answer, body = posted(
        address, "/invocations", ROWS, Accept="application/jsonlines, application/json"
    )
    assert (answer.headers["Content-Type"], body.count(b"\n")) == ("application/jsonlines", 0)
    _, body = posted(address, "/invocations", b"{}", Accept="application/json")
    assert body.count(b"\n") == 0


def test_attributes_choose(address: str) -> None:
    """Model, version and method, in TensorFlow Serving's words if there is none."""
    for attributes, status, said in (
        ("tfs-model-name=other", 404, "Servable not found for request: Latest(other)"),
        ("tfs-model-version=7, tfs-method=predict", 404, "Specific(ssd, 7)"),
        ("tfs-method=classify", 501, "does not serve classify"),
    ):
        headers = {"X-Amzn-SageMaker-Custom-Attributes": attributes}
        answer, body = posted(address, "/invocations", ROWS, **headers)
        assert (answer.status, said in body.decode()) == (status, True)


def npy(array: np.ndarray) -> bytes:
    """Return numpy's file of an array."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def test_an_inference_py_takes_more(handled: str) -> None:
    """Pixels as numpy's file give the answer that they give as JSON."""
    _, rows = posted(handled, "/invocations", ROWS)
    answer, body = posted(handled, "/invocations", npy(picture()), NPY)
    assert (answer.status, body) == (200, rows)
    assert posted(handled, "/invocations", b"no numpy", NPY)[0].status == 500


def test_what_an_inference_py_raises_is_500(handled: str) -> None:
    """A content type that it does not know, too."""
    answer, body = posted(handled, "/invocations", ROWS, "text/plain")
    assert (answer.status, json.loads(body)["error"][:22]) == (500, "Unsupported Media Type")


def test_pictures_go_to_a_model_that_decodes() -> None:
    """As base64, by the usual handler."""
    with serving(container(handler=True, encoded=True)) as address:
        answer, body = posted(address, "/invocations", b"\xff\xd8\xff\xe0", "application/x-image")
    assert answer.status == 200
    assert len(json.loads(body)["predictions"]) == 1
