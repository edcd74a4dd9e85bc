"""Signatures, held against a second implementation, and that against Amazon's published ones."""

import hashlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eiload.scenario.sagemaker import host_of
from eiload.serving.sagemaker.credentials import Credentials
from eiload.serving.sagemaker.service import TARGET_VARIANT, path_of
from eiload.serving.sagemaker.signing import Signer
from tests.serving.sagemaker.sigv4 import signature_of, verified

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"  # Amazon's own example
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLETOKEN//8wE="
NOON_NS = int(datetime(2015, 8, 30, 12, 36, tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("method", "signature"),
    [
        ("GET", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ],
)
def test_the_second_implementation_signs_as_amazon_does(method: str, signature: str) -> None:
    """The cases get-vanilla and post-vanilla of the test suite that AWS has published."""
    headers = {"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"}
    assert signature == signature_of(
        method, "/", headers, headers, b"", secret=SECRET, region="us-east-1", service="service"
    )


def signed(
    body: bytes, fields: dict[str, str], token: str, *, endpoint: str = "ssd", region: str = "x"
) -> tuple[str, dict[str, str]]:
    """Return the path and the header fields of a signed request."""
    host, path = host_of(region), path_of(endpoint)
    whose = Credentials(KEY, SECRET, token)
    signer = Signer("sagemaker", region, host, path, fields=fields, whose=lambda: whose)
    more = signer.fields(hashlib.sha256(body).hexdigest(), NOON_NS)
    return path, {"Host": host, **fields, **dict(more)}


@settings(max_examples=40)
@given(
    st.binary(max_size=100),
    st.dictionaries(
        st.sampled_from(["Content-Type", "Accept", TARGET_VARIANT, "X-Amzn-SageMaker-Session-Id"]),
        st.text("abc XYZ/;=*-.0", min_size=1, max_size=20).map(str.strip).filter(bool),
    ),
    st.sampled_from(["", TOKEN]),
    st.sampled_from(["ssd", "a-b-1", "odd name~%"]),
    st.sampled_from(["eu-west-1", "us-gov-east-1", "cn-north-1"]),
)
def test_any_request_is_signed_as_the_specification_says(
    body: bytes, fields: dict[str, str], token: str, endpoint: str, region: str
) -> None:
    """By two implementations that share no line."""
    path, headers = signed(body, fields, token, endpoint=endpoint, region=region)
    assert verified("POST", path, headers, body, {KEY: SECRET}) == KEY
    assert headers["X-Amz-Date"] == "20150830T123600Z"
    assert headers.get("X-Amz-Security-Token", "") == token


def test_fields_as_they_go_over_the_wire() -> None:
    """A line each."""
    whose = Credentials(KEY, SECRET, TOKEN)
    signer = Signer("sagemaker", "x", "h", "/", fields={}, whose=lambda: whose)
    hashed = hashlib.sha256(b"").hexdigest()
    lines = signer.lines(hashed, NOON_NS).decode().split("\r\n")
    assert lines == [f"{a}: {b}" for a, b in signer.fields(hashed, NOON_NS)] + [""]


def test_what_is_changed_on_the_way_is_not_ours() -> None:
    """Body, variant, time, secret: each of them is signed."""
    path, headers = signed(b"body", {TARGET_VARIANT: "A"}, TOKEN)
    assert verified("POST", path, headers, b"body", {KEY: SECRET}) == KEY
    for wrong in (
        (path, headers, b"Body", {KEY: SECRET}),
        (path, {**headers, TARGET_VARIANT: "B"}, b"body", {KEY: SECRET}),
        (path, {**headers, "X-Amz-Date": "20150830T123601Z"}, b"body", {KEY: SECRET}),
        (path, {**headers, "X-Amz-Security-Token": "other"}, b"body", {KEY: SECRET}),
        (path + "x", headers, b"body", {KEY: SECRET}),
        (path, headers, b"body", {KEY: "other"}),
        (path, headers, b"body", {"OTHER": SECRET}),
    ):
        with pytest.raises(ValueError, match=r"not so|known"):
            verified("POST", *wrong)


def test_no_secret_is_shown() -> None:
    """Not by what is held, nor by who holds it."""
    credentials = Credentials(KEY, SECRET, TOKEN)
    signer = Signer("sagemaker", "x", "h", "/", fields={}, whose=lambda: credentials)
    shown = f"{credentials!r} {credentials} {signer!r}"
    assert not {KEY, SECRET, TOKEN} & set(shown.replace("'", " ").split())
    for each in (KEY, SECRET, TOKEN):
        assert each not in shown
