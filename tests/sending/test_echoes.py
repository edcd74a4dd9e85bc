"""echoes: what a server says back of a secret is not passed on."""

from base64 import b64encode

import grpc
import pytest

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.masked import MASK
from eiload.sending.echoes import Echoes
from eiload.sending.endpoint import Endpoint
from eiload.sending.outbox import MAX_DETAIL_CHARS
from tests.sending.driver import CLOCK, Driver, Serve, sends

TOKEN = "canary-8f1c2e77"
METADATA = (("authorization", f"Bearer {TOKEN}"), ("x-tenant", "gold"))


@pytest.mark.parametrize(
    ("said", "passed_on"),
    [
        ("queue is full", "queue is full"),
        (f"token {TOKEN} is not valid", f"token {MASK} is not valid"),
        (f"got 'Bearer {TOKEN}' and '{TOKEN}'", f"got '{MASK}' and '{MASK}'"),
        ("tenant gold has no share", "tenant gold has no share"),
        (f"BEARER {TOKEN.upper()}!", f"{MASK}!"),
        (f"?auth=Bearer%20{TOKEN}&n=1", f"?auth={MASK}&n=1"),
        (f"key {b64encode(TOKEN.encode()).decode()}", f"key {MASK}3"),
    ],
)
def test_values_are_masked(said: str, passed_on: str) -> None:
    """A value and the credentials in it, wherever they stand; short words are left."""
    assert Echoes([Endpoint("h:1", "/x", metadata=METADATA)]).masked(said) == passed_on


@pytest.mark.parametrize(
    "said", ['"a\\"b/c+d=="', "a%22b%2Fc%2Bd%3D%3D", "a%22b%2fc%2bd%3d%3d", 'a"b/c+d==']
)
def test_how_it_is_written_does_not_matter(said: str) -> None:
    """In JSON and in an address some characters stand otherwise."""
    echoes = Echoes([Endpoint("h:1", "/x", metadata=(("x-key", 'a"b/c+d=='),))])
    assert echoes.masked(said).strip('"') == MASK


def repeats(_request: bytes, context: grpc.ServicerContext) -> bytes:
    """Refuse a request, and say what it was allowed by; a cut at the limit goes through it."""
    told = dict(context.invocation_metadata())["authorization"]
    context.abort(grpc.StatusCode.UNAUTHENTICATED, "x" * (MAX_DETAIL_CHARS - 12) + str(told))
    raise AssertionError


def test_no_part_of_it_leaves_the_sender(serve: Serve) -> None:
    """The text that a server makes of a token has a mask in its place, cut or not."""
    with Driver(serve(repeats, metadata=METADATA)) as driver:
        driver.engine.add_payload(b"abc")
        start_ns = CLOCK.now_ns()
        results = driver.play(sends(5, start_ns, NS_PER_MS), start_ns + NS_PER_S // 10)
        (number,) = set(results["detail"].tolist())
        assert driver.engine.detail(number) == "x" * (MAX_DETAIL_CHARS - 12) + MASK
        reply = driver.engine.call(0, "", 0)
    assert TOKEN[:5] not in reply.detail
    assert MASK in reply.detail


def test_a_token_that_is_renewed_is_masked() -> None:
    """Of the fields that requests have of their own: the latest, and nothing of a signature."""
    echoes = Echoes([Endpoint("h:1", "/x", metadata=METADATA)])
    echoes.learn(
        0, b"Authorization: AWS4 Signature=0123456789\r\nX-Amz-Security-Token: first-1\r\n"
    )
    echoes.learn(0, b"X-Amz-Security-Token: second-2\r\n")
    echoes.learn(1, b"X-Amz-Security-Token: other-33\r\n")
    said = f"first-1 second-2 other-33 0123456789 {TOKEN}"
    assert echoes.masked(said) == f"first-1 {MASK} {MASK} 0123456789 {MASK}"


def test_whose_key_it_is_is_masked() -> None:
    """A service repeats it in the error of a signature that does not fit."""
    echoes = Echoes()
    signed = b"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/x, Signature=0123456"
    echoes.learn(0, signed + b"\r\n")
    assert echoes.masked("AKIDEXAMPLE is not known, 0123456") == f"{MASK} is not known, 0123456"
