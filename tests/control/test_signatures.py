"""Signatures of a load: a real sender, a server that verifies each request by the specification."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from eiload.base.clock import NS_PER_S, ManualClock, SystemClock
from eiload.base.errors import TargetError
from eiload.base.status import Status
from eiload.control import signatures
from eiload.control.signatures import RENEW_NS, RETRY_NS, TOGETHER, Signatures
from eiload.sending.endpoint import HTTP1, Endpoint
from eiload.sending.engine import Engine
from eiload.serving.sagemaker.credentials import Credentials
from eiload.serving.sagemaker.signing import Signer
from tests.http_servers import Handler, serving
from tests.serving.sagemaker.sigv4 import verified

ALICE = Credentials("AKIDALICE", "secret/of+alice", "token//of+alice")
BOB = Credentials("AKIDBOB", "secret/of+bob")
SECRETS = {each.access_key: each.secret_key for each in (ALICE, BOB)}
PATH = "/endpoints/ssd/invocations"


@contextmanager
def verifying(seen: list[tuple[str, str, bytes]]) -> Iterator[int]:
    """Serve an endpoint that refuses what is not signed; yield the port.

    Whose each request is, when it was signed and its body are put into `seen`.
    """

    class Endpoints(Handler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # noqa: N802  # the library's name
            body = self.rfile.read(int(self.headers["Content-Length"]))
            fields = dict(self.headers.items())
            try:
                whose = verified("POST", self.path, fields, body, SECRETS)
                status, content = 200, b"[1]"
                seen.append((whose, fields["X-Amz-Date"], body))
            except ValueError as error:
                status, content = 403, str(error).encode()
            self.say(status, content)

    with serving(Endpoints) as port:
        yield port


class Later(SystemClock):
    """The machine's clock, as far ahead as a test says."""

    ahead_ns = 0

    def now_ns(self) -> int:
        """Return an instant that may not have come yet."""
        return super().now_ns() + self.ahead_ns

    def wall_ns(self) -> int:
        """Return the wall clock, ahead likewise."""
        return super().wall_ns() + self.ahead_ns

    def sleep_until(self, instant_ns: int) -> None:
        """Block until it has come by this clock."""
        super().sleep_until(instant_ns - self.ahead_ns)


def test_each_payload_is_signed_for_each_target() -> None:
    """Before the load and anew after it, by whoever we are then; what is not signed is refused."""
    seen: list[tuple[str, str, bytes]] = []
    clock, whose = Later(), [ALICE]
    with verifying(seen) as port:
        fields = (("Content-Type", "application/json"),)
        endpoint = Endpoint(
            f"127.0.0.1:{port}", PATH, client=HTTP1, authority="sagemaker", headers=fields
        )
        signer = Signer(
            *("sagemaker", "eu-west-1", "sagemaker", PATH),
            fields=dict(fields),
            whose=lambda: whose[-1],
        )
        with Engine([endpoint, endpoint]) as engine:
            made = Signatures({0: signer}, engine, clock=clock, say=lambda _line: None)
            bodies = [b"[%d]" % number for number in range(TOGETHER + 2)]
            numbers = [engine.add_payload(body) for body in bodies]
            for number, body in zip(numbers, bodies, strict=True):
                for target in (0, 1):
                    made.add(target, number, body)
            made.sign()
            for number in numbers:
                assert engine.call(0, "", number).status is Status.OK
            assert [(who, body) for who, _, body in seen] == [("AKIDALICE", b) for b in bodies]
            refused = engine.call(1, "", numbers[0])
            assert refused.status is Status.PERMISSION_DENIED

            made.renew()
            engine.call(0, "", numbers[0])
            assert seen[-1][:2] == ("AKIDALICE", seen[0][1])  # not due: the same signature

            whose.append(BOB)
            clock.ahead_ns = RENEW_NS
            made.renew()
            engine.call(0, "", numbers[-1])
            assert seen[-1][0] == "AKIDBOB"
            assert seen[-1][1] > seen[0][1]
            once = engine.call(0, "", b"[true]", headers=made.of(0, b"[true]"))
            assert once.status is Status.OK
            assert made.of(1, b"[true]") == b""
            assert made.of(0, numbers[0]) == b""


class Told:
    """A sender that only remembers what it is told, and what signs for it."""

    alive = True
    expired = False

    def __init__(self) -> None:
        self.renewed: list[tuple[int, int, bytes]] = []

    def renew(self, target: int, payload: int, lines: bytes) -> None:
        """Be told."""
        self.renewed.append((target, payload, lines))

    def lines(self, body_sha256: str, wall_ns: int) -> bytes:
        """Sign, if credentials can be had."""
        if self.expired:
            raise TargetError("AWS credentials cannot be renewed: SSOTokenLoadError")
        return f"{body_sha256[:4]} {wall_ns // NS_PER_S}".encode()


def test_bodies_are_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many targets they go to and however often they are signed."""
    hashed: list[bytes] = []
    real = hashlib.sha256

    def counting(data: bytes) -> object:
        hashed.append(data)
        return real(data)

    monkeypatch.setattr("eiload.control.signatures.hashlib.sha256", counting)
    clock, told = ManualClock(), Told()
    made = Signatures(
        {0: told, 2: told},
        told,  # type: ignore[arg-type]
        clock=clock,
        say=lambda _line: None,
    )
    for target in (0, 1, 2):
        made.add(target, 7, b"body")
    made.sign()
    clock.advance(RENEW_NS)
    made.renew()
    assert hashed == [b"body"]
    assert [each[:2] for each in told.renewed] == [(0, 7), (2, 7), (0, 7), (2, 7)]


def test_credentials_that_fail_are_told_once() -> None:
    """They are asked for again soon, and what was signed before goes on."""
    clock, told, said = ManualClock(), Told(), list[str]()
    made = Signatures(
        {0: told},
        told,  # type: ignore[arg-type]
        clock=clock,
        say=said.append,
    )
    made.add(0, 1, b"body")
    made.sign()
    told.expired = True
    clock.advance(RENEW_NS)
    for _ in range(3):
        made.renew()
        clock.advance(RETRY_NS)
    assert len(told.renewed) == 1
    (line,) = said
    assert line.startswith("AWS credentials cannot be renewed: SSOTokenLoadError; requests go on")
    told.expired = False
    made.renew()
    assert len(told.renewed) == 2
    made.renew()  # not due
    assert len(told.renewed) == 2


def test_nothing_to_sign_asks_for_no_credentials() -> None:
    """Targets that need none are most."""
    made = Signatures({}, Told(), clock=ManualClock(), say=print)  # type: ignore[arg-type]
    made.add(0, 0, b"body")
    made.keep()
    made.renew()
    assert made.of(0, b"body") == b""


def test_they_are_kept_by_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it is over."""
    monkeypatch.setattr(signatures, "LOOK_NS", NS_PER_S // 100)
    clock, told = Later(), Told()
    made = Signatures(
        {0: told},
        told,  # type: ignore[arg-type]
        clock=clock,
        say=lambda _line: None,
    )
    made.add(0, 1, b"body")
    made.keep()
    clock.ahead_ns = RENEW_NS
    give_up = time.monotonic() + 60
    while len(told.renewed) < 2 and time.monotonic() < give_up:
        time.sleep(0.005)
    told.alive = False
    assert len(told.renewed) >= 2
