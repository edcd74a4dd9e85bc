"""Predict in JSON on the loop: read once, written once, never without an end."""

import asyncio
import json
from contextlib import AsyncExitStack

import pytest

from eiload.base.clock import SystemClock
from eiload.base.status import Status
from eiload.scenario.standin import StandIn
from eiload.server.backend import Backend, Shared, backend
from eiload.server.http import predict
from eiload.server.http.predict import JsonPredict, Named, Told
from eiload.server.release import Releases
from tests.server.stand_ins import picture

SSD = Named("ssd")


async def told(behind: Backend, face: JsonPredict, body: bytes, named: Named = SSD) -> Told:
    """Return what becomes of a body."""
    future: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
    face(named, body, SystemClock().now_ns(), future.set_result)
    return await asyncio.wait_for(future, 120)


def run(body: "list[bytes]", **settings: object) -> list[Told]:
    """Return what becomes of bodies, one after the other, with a fresh stand-in."""

    async def ask() -> list[Told]:
        clock = SystemClock()
        async with AsyncExitStack() as stack:
            releases = Releases(asyncio.get_running_loop(), clock)
            stack.callback(releases.close)
            shared = Shared(clock, releases, stack)
            behind = await backend(StandIn.of(compute="0 s", **settings), "ssd", {}, shared)
            face = JsonPredict(behind.service, clock)
            stack.callback(face.close)
            return [await told(behind, face, each) for each in body]

    return asyncio.run(ask())


def rows(height: int, width: int) -> bytes:
    """Return a picture as rows."""
    return json.dumps({"instances": picture(height, width).tolist()}).encode()


def test_large_bodies_are_read_beside_the_loop_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same answer, small or large, first or again; what was refused is read again."""
    read: list[int] = []
    real = predict.of_json

    def counted(named: Named, body: bytes, signatures: object) -> object:
        read.append(len(body))
        return real(named, body, signatures)  # type: ignore[arg-type]

    monkeypatch.setattr(predict, "of_json", counted)
    small, large = rows(4, 4), rows(100, 100)
    assert len(small) < predict.LARGE_BYTES < len(large)
    first = run([small, large, small, large, b"{", b"{"])
    assert [each.status for each in first] == [Status.OK] * 4 + [Status.INVALID_ARGUMENT] * 2
    assert first[0].text == first[2].text != first[1].text == first[3].text
    assert read == [len(small), len(large), 1, 1]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest goes first."""
    monkeypatch.setattr(predict, "REMEMBERED_BYTES", 300)
    assert [each.status for each in run([rows(4, 4), rows(4, 5), rows(50, 50)] * 2)] == (
        [Status.OK] * 6
    )


def test_an_unknown_model_and_a_failing_one() -> None:
    """In the service's words."""
    (failed,) = run([rows(4, 4)], fail={"rate": "100 %", "status": "ABORTED"})
    assert failed[:2] == (Status.ABORTED, "emulated failure")


def test_what_hangs_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Session::Run does, in these words."""
    monkeypatch.setattr(predict, "TIMEOUT_S", 0.05)
    (late,) = run([rows(4, 4)], hang="100 %")
    assert late == Told(Status.DEADLINE_EXCEEDED, "Timed out waiting for notification")
