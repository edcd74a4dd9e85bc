"""The PyTorch container: what its server says by itself, and an emulated classifier's answers."""

import asyncio
import io
import json
from collections.abc import Iterator

import numpy as np
import pytest

from eiload.base.clock import SystemClock
from eiload.scenario.standin import StandIn
from eiload.server.backend import Shared
from eiload.server.http import faces
from eiload.server.http.classifier import EmulatedClassifier
from eiload.server.http.exchange import Answer, Handler
from eiload.server.http.torch_container import LARGEST_BYTES
from eiload.server.metrics import Metrics
from eiload.server.release import Releases
from tests.server.http.served import Make, asked, posted, serving

PICTURE = np.random.default_rng(1).random((1, 3, 8, 8), dtype=np.float32)


def container(**settings: object) -> Make:
    """Return what makes a container."""

    async def make(shared: Shared) -> Handler:
        whole = StandIn.of(api="container", container="pytorch", **settings)
        return (await faces.container(whole, "resnet", shared)).handler

    return make


def npy(array: np.ndarray = PICTURE) -> bytes:
    """Return numpy's file of an array."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


NPY = "application/x-npy"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve an emulated classifier."""
    with serving(container(compute="1 ms")) as address:
        yield address


def test_health_and_what_is_not_there(address: str) -> None:
    """In the server's own documents."""
    answer, body = asked(address, "GET", "/ping")
    assert (answer.status, json.loads(body)) == (200, {"status": "Healthy"})
    for method, path, status, kind in (
        ("POST", "/other", 404, "ResourceNotFoundException"),
        ("GET", "/invocations", 405, "MethodNotAllowedException"),
    ):
        answer, body = asked(address, method, path)
        assert (answer.status, json.loads(body)["type"]) == (status, kind)
    answer, _ = posted(address, "/invocations", bytes(LARGEST_BYTES + 1), NPY)
    assert answer.status == 413


def test_scores_in_every_form(address: str) -> None:
    """One row a picture, adding up to 1, the same for the same picture; JSON if nobody says."""
    answer, body = posted(address, "/invocations", npy(), NPY)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert int(answer.headers["X-Eiload-Server-Time-Ns"]) >= 1_000_000
    scores = np.array(json.loads(body))
    assert scores.shape == (1, 1000)
    assert scores.sum() == pytest.approx(1.0, abs=1e-4)
    answer, body = posted(address, "/invocations", npy(), NPY, Accept=f"image/jpeg, {NPY}")
    assert answer.headers["Content-Type"] == NPY
    other = np.load(io.BytesIO(body))
    assert other.dtype == np.float64
    np.testing.assert_array_equal(other, scores)
    _, body = posted(
        address, "/invocations", json.dumps([[1.0], [2.0]]).encode(), Accept="text/csv"
    )
    assert [line.count(b",") for line in body.splitlines()] == [999, 999]


@pytest.mark.parametrize(
    ("body", "kind", "accept", "said"),
    [
        (npy(), "image/jpeg", "", "Content type image/jpeg is not supported by this framework"),
        (npy(), NPY, "image/png", "Content type image/png is not supported by this framework"),
        (b"{", "application/json", "", "Expecting property name"),
        (b"no numpy", NPY, "", "Traceback (most recent call last):"),
        (b"5", "application/json", "", "expected an array with a batch dimension"),
    ],
)
def test_whatever_is_raised_is_500(
    address: str, body: bytes, kind: str, accept: str, said: str
) -> None:
    """With its text and a traceback, also for a content type: 415 is another container's."""
    wanted = {"Accept": accept} if accept else {}
    answer, text = posted(address, "/invocations", body, kind, **wanted)
    assert answer.status == 500
    assert said in text.decode()


def test_an_input_fn_of_its_own_takes_pictures() -> None:
    """If it is said that there is one."""
    with serving(container(compute="0 s", handler=True)) as address:
        assert posted(address, "/invocations", b"\xff\xd8", "image/jpeg")[0].status == 200


def test_a_full_queue_is_503() -> None:
    """As soon as all workers are busy and as many wait as may."""

    async def five(settings: StandIn) -> list[Answer]:
        clock = SystemClock()
        releases = Releases(asyncio.get_running_loop(), clock)
        model = EmulatedClassifier(settings, "resnet", releases, Metrics("tfs"), clock)
        told: list[Answer] = []
        now_ns = clock.now_ns()
        for _ in range(5):
            model(npy(), NPY, "application/json", now_ns, told.append)
        while len(told) < 5:
            await asyncio.sleep(0.01)
        releases.close()
        return told

    settings = StandIn.of(
        api="container", container="pytorch", compute="10 ms", queue=1, concurrency=2
    )
    told = sorted(asyncio.run(five(settings)), key=lambda answer: answer.status)
    assert [each.status for each in told] == [200] * 3 + [503] * 2
    assert json.loads(told[-1].body)["message"].endswith("to serve request for model: resnet")


def test_failures_have_their_status() -> None:
    """As the gRPC side's have theirs."""
    with serving(container(compute="0 s", fail={"rate": "100 %", "status": "INTERNAL"})) as address:
        answer, body = posted(address, "/invocations", npy(), NPY)
    assert (answer.status, body) == (500, b"emulated failure\n")
