"""Signatures: AWS's own worked example, a signer written by others, and what is not taken."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from eiload.base.clock import NS_PER_S
from eiload.server.http import sigv4
from eiload.server.http.exchange import Asked
from eiload.server.http.sigv4 import Keys, Refused, refused

KEYS = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
NOW_NS = int(datetime(2015, 8, 30, 12, 36, tzinfo=UTC).timestamp()) * NS_PER_S

EXAMPLE = Asked(
    "GET",
    "/?Action=ListUsers&Version=2010-05-08",
    {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "host": "iam.amazonaws.com",
        "x-amz-date": "20150830T123600Z",
        "authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/"
        "aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature="
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    },
    b"",
    0,
)
"""AWS General Reference, "Create a signed AWS API request": the one whose numbers are all there."""


@pytest.fixture(autouse=True)
def _iam(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verify for the example's service."""
    monkeypatch.setattr(sigv4, "SERVICE", "iam")


def test_aws_own_example_is_taken() -> None:
    """Within five minutes of its time, either way."""
    for seconds in (-299, 0, 299):
        assert refused(EXAMPLE, KEYS, NOW_NS + seconds * NS_PER_S, "us-east-1") is None


CHANGED = {
    "method": replace(EXAMPLE, method="POST"),
    "path": replace(EXAMPLE, target="/x?Action=ListUsers&Version=2010-05-08"),
    "query": replace(EXAMPLE, target="/?Action=ListUsers&Version=2010-05-09"),
    "body": replace(EXAMPLE, body=b"x"),
    "header": replace(EXAMPLE, headers={**EXAMPLE.headers, "content-type": "text/plain"}),
    "header left out": replace(
        EXAMPLE, headers={k: v for k, v in EXAMPLE.headers.items() if k != "content-type"}
    ),
}


@pytest.mark.parametrize("what", CHANGED)
def test_whatever_is_changed_is_noticed(what: str) -> None:
    """By the signature."""
    told = refused(CHANGED[what], KEYS, NOW_NS)
    assert told is not None
    assert told.error == "InvalidSignatureException"
    assert told.text.startswith("The request signature we calculated does not match")


def test_another_secret_is_noticed() -> None:
    """So is another key, and a token that is missing."""
    assert refused(EXAMPLE, Keys("AKIDEXAMPLE", "other"), NOW_NS) == Refused(
        "InvalidSignatureException", sigv4.MISMATCH
    )
    for keys in (Keys("OTHER", KEYS.secret_key), replace(KEYS, token="t")):
        told = refused(EXAMPLE, keys, NOW_NS)
        assert told is not None
        assert told.error == "UnrecognizedClientException"


def with_(**headers: str | None) -> Asked:
    """Return the example with other headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    whole = {**EXAMPLE.headers, **named}
    return replace(EXAMPLE, headers={k: v for k, v in whole.items() if v is not None})


REFUSED = [
    (with_(authorization=None), NOW_NS, "MissingAuthenticationTokenException", "Missing"),
    (with_(authorization="Basic x"), NOW_NS, "IncompleteSignatureException", "requires"),
    (EXAMPLE, NOW_NS + 301 * NS_PER_S, "InvalidSignatureException",
     "is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)"),
    (EXAMPLE, NOW_NS - 301 * NS_PER_S, "InvalidSignatureException",
     "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z"),
    (with_(x_amz_date="today"), NOW_NS, "InvalidSignatureException", "Got 'today'"),
    (with_(x_amz_date="20150831T000000Z"), NOW_NS, "InvalidSignatureException", "does not match"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "now_ns", "error", "text"), REFUSED, ids=[row[3][:20] for row in REFUSED]
)
def test_refusals_say_why(asked: Asked, now_ns: int, error: str, text: str) -> None:
    """In the service's words."""
    told = refused(asked, KEYS, now_ns)
    assert told is not None
    assert told.error == error
    assert text in told.text


def test_the_scope_is_looked_at() -> None:
    """The region that the service is in, and its name."""
    told = refused(EXAMPLE, KEYS, NOW_NS, "eu-west-1")
    assert told is not None
    assert "valid region, not 'us-east-1'" in told.text


def test_keys_are_not_shown() -> None:
    """Nor is their token."""
    assert repr(replace(KEYS, token="t")) == "Keys()"
