"""http: bodies, and what refusals over HTTP mean."""

import numpy as np
import pytest

from eiload.base.status import Status
from eiload.scenario import Target
from eiload.serving.apis.container import Container

NPY = "application/x-npy"
PICTURE = np.zeros([1, 3, 2, 2], np.float32)


def container(**said: object) -> Container:
    """Return a container, asked as told."""
    made = {"api": "container", "server": "h", "model": "m", **said}
    return Container(Target.model_validate(made))


def test_how_it_is_carried() -> None:
    """By HTTP/1.1, as many connections as are needed, the content types in each request."""
    carried = container(content_type=NPY, accept=NPY).carried
    assert carried.client == "http1"
    assert carried.connections == 1000
    assert carried.headers == (("Content-Type", NPY), ("Accept", NPY))
    assert container(connections=3).carried.connections == 3
    assert container().carried.headers == (("Content-Type", "application/json"),)


def test_answers_say_what_they_are() -> None:
    """A container that answers in another form than it was asked for is read all the same."""
    sent = container(content_type=NPY).request({"x": PICTURE})
    for api in (container(), container(accept="text/csv"), container(content_type=NPY)):
        assert api.read(sent, {}).outputs["output"].shape == (1, 3, 2, 2)
        assert api.read(b"[[1.0, 2.0]]", {}).outputs["output"].tolist() == [[1.0, 2.0]]
    csv = container(accept="text/csv").read(b"1.5,2\n", {}).outputs
    assert csv["output"].tolist() == [[1.5, 2.0]]


@pytest.mark.parametrize(
    ("status", "detail", "remedy"),
    [
        (
            "INVALID_ARGUMENT",
            "HTTP 415: Unsupported Media Type: x",
            "correct `content_type:` (a/b)",
        ),
        ("INTERNAL", "HTTP 500: Unsupported content type x", "correct `content_type:` (a/b)"),
        ("INTERNAL", "HTTP 500: Content type a/b is not supported by", "`content_type:` (a/b)"),
        ("INTERNAL", "HTTP 500: a traceback", "see the server's log"),
        ("INVALID_ARGUMENT", "HTTP 400: no", "`body:` (list), `encoding:`, `input:` (inputs)"),
        ("RESOURCE_EXHAUSTED", "HTTP 413: a page, by nginx", "client_max_body_size"),
        ("RESOURCE_EXHAUSTED", "HTTP 507", "no memory left"),
        ("RESOURCE_EXHAUSTED", "HTTP 429", "overloaded before any load"),
        ("DEADLINE_EXCEEDED", "Deadline Exceeded", "raise `deadline:` (1 min)"),
        ("PERMISSION_DENIED", "HTTP 403", "`metadata:`"),
        ("NOT_FOUND", "HTTP 404", "check `server:`"),
    ],
)
def test_refusals_have_a_remedy(status: str, detail: str, remedy: str) -> None:
    """With what was sent."""
    api = container(content_type="a/b", body="list")
    said = api.refusal(Status[status], detail, {}, pictures=True)
    assert said.startswith(f"{status}: {detail}; ")
    assert remedy in said
