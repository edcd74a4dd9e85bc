"""Errors of InvokeEndpoint: what they count as, and the sentence for each."""

import re

import pytest

from eiload.base.status import Status
from eiload.serving.sagemaker.refusals import STATUSES, meaning

ERRORS = [
    (
        "HTTP 400 ValidationError: Endpoint ssd of account 123456789012 not found.",
        r"there is no endpoint 'ssd' in eu-west-1; correct `endpoint:` or `region:` \(HTTP 400",
    ),
    (
        "HTTP 400 ValidationError: Variant B not found for Request. Following variants found: [A]",
        "has no variant 'B'; correct `variant:`",
    ),
    ("HTTP 400 ThrottlingException", "throttles already, before the load"),
    ("HTTP 429 ModelNotReadyException: not ready", "is still loading its model"),
    ("HTTP 503 ServiceUnavailable", "is not available"),
    (
        "HTTP 424 ModelError (the container's: 415): Unsupported Media Type: image/gif",
        "does not take image/gif; correct `content_type:` or `accept:`",
    ),
    (
        "HTTP 424 ModelError (the container's: 500): Content type image/gif is unsupported",
        "does not take image/gif",
    ),
    ("HTTP 424 ModelError (the container's: 400): bad shape", "does not take the request"),
    ("HTTP 424 ModelError (the container's: 413): large", "too large for the container"),
    ("HTTP 424 ModelError (the container's: 0): Your invocation timed out", "answer in time"),
    ("HTTP 424 ModelError (the container's: 500): KeyError", "fails; see its log in CloudWatch"),
    (
        "HTTP 403 InvalidSignatureException: Signature expired: 20260101T000000Z is now earlier",
        r"this machine's clock says 2026-01-01 00:00:00 UTC: set it \(NTP\)",
    ),
    (
        "HTTP 403 InvalidSignatureException: Signature not yet current: 20260101T000000Z",
        "does not take the time of our signature",
    ),
    (
        "HTTP 403 InvalidSignatureException: The request signature we calculated does not match",
        "not accepted; check key, secret and `region:`",
    ),
    ("HTTP 403 ExpiredTokenException: expired", "the AWS session has expired; renew it"),
    ("HTTP 403 AccessDeniedException: User: arn:aws:iam::1:user/x", "allow sagemaker:InvokeEnd"),
    ("HTTP 403 UnrecognizedClientException: invalid", "the AWS credentials are not accepted"),
]


@pytest.mark.parametrize(("detail", "sentence"), ERRORS)
def test_each_error_has_a_sentence(detail: str, sentence: str) -> None:
    """One line with the cause, what mends it, and what was said."""
    told = meaning(
        detail,
        endpoint="ssd",
        region="eu-west-1",
        variant="B",
        content_type="image/gif",
        wall_ns=1_767_225_600 * 10**9,
    )
    assert told is not None
    assert re.search(sentence, told), told
    assert "\n" not in told


def test_what_is_no_error_of_the_api() -> None:
    """Others explain it."""
    assert meaning("", endpoint="ssd", region="x") is None
    assert meaning("connection refused", endpoint="ssd", region="x") is None
    assert meaning("HTTP 500 InternalFailure", endpoint="ssd", region="x") is None


def test_what_the_service_would_have_signed_is_not_repeated() -> None:
    """The session's token is in it."""
    words = (
        "The request signature we calculated does not match the signature you provided. The "
        "Canonical String for this request should have been 'POST\\nx-amz-security-token:SECRET'"
    )
    told = meaning(f"HTTP 403 InvalidSignatureException: {words}", endpoint="ssd", region="x")
    assert told is not None
    assert "SECRET" not in told


def test_throttling_is_no_bad_request() -> None:
    """Although its code is 400; what is not there goes by its code."""
    assert STATUSES["ThrottlingException"] is Status.RESOURCE_EXHAUSTED
    assert STATUSES["ValidationError"] is Status.INVALID_ARGUMENT
    assert "ModelError" not in STATUSES
