"""What InvokeEndpoint's errors stand for, and what they mean in a sentence.

Two kinds of readers. The sender counts statuses (`STATUSES`); before the load a person is told what
to mend (`meaning`). The names are those of the field ``x-amzn-ErrorType``: botocore's service model
sagemaker-runtime 2017-05-13, and AWS's "Common Errors". A throttled request is a 400 there.
"""

import re
from datetime import UTC, datetime

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status

__all__ = ["STATUSES", "meaning"]

STATUSES: dict[str, Status] = {
    "ValidationError": Status.INVALID_ARGUMENT,
    "ValidationException": Status.INVALID_ARGUMENT,
    "Throttling": Status.RESOURCE_EXHAUSTED,
    "ThrottlingException": Status.RESOURCE_EXHAUSTED,
    "TooManyRequestsException": Status.RESOURCE_EXHAUSTED,
    "ModelNotReadyException": Status.UNAVAILABLE,
    "ServiceUnavailable": Status.UNAVAILABLE,
    "ServiceUnavailableException": Status.UNAVAILABLE,
    "InternalFailure": Status.INTERNAL,
    "InternalDependencyException": Status.INTERNAL,
    "AccessDeniedException": Status.PERMISSION_DENIED,
    "ExpiredTokenException": Status.UNAUTHENTICATED,
    "ExpiredToken": Status.UNAUTHENTICATED,
    "InvalidSignatureException": Status.UNAUTHENTICATED,
    "SignatureDoesNotMatch": Status.UNAUTHENTICATED,
    "IncompleteSignature": Status.UNAUTHENTICATED,
    "MissingAuthenticationTokenException": Status.UNAUTHENTICATED,
    "UnrecognizedClientException": Status.UNAUTHENTICATED,
    "InvalidClientTokenId": Status.UNAUTHENTICATED,
    "RequestExpired": Status.UNAUTHENTICATED,
}
"""By the error's name. ModelError is none of them: what its container said decides."""

_DETAIL = re.compile(
    r"HTTP (?P<code>\d{3})(?: (?P<name>[A-Za-z]+))?(?: \(the container's: (?P<original>\d+)\))?"
    r"(?:: (?P<words>.*))?",
    re.DOTALL,
)
"""What the sender makes of an answer that is an error (`sending.http1.answer`)."""

_CLOCK = re.compile(r"Signature (?:expired|not yet current)|RequestExpired", re.IGNORECASE)

_SECRETS = re.compile(r"(?is)(canonical string|string-to-sign).*")
"""The service writes out what it would have signed, with the session's token in it."""

TIMED_OUT = "timed out"


def meaning(
    detail: str,
    *,
    endpoint: str,
    region: str,
    variant: str = "",
    content_type: str = "",
    wall_ns: int = 0,
) -> str | None:
    """Return what an error means and how it is mended; None for what is no error of this API.

    Args:
        detail: what the sender tells of the answer.
        endpoint: the endpoint's name.
        region: where it was looked for.
        variant: the variant that was asked for, if any.
        content_type: of the body that was sent.
        wall_ns: this machine's time, ns since the Unix epoch.
    """
    found = _DETAIL.match(detail)
    if found is None:
        return None
    code, name = int(found["code"]), found["name"] or ""
    words = _SECRETS.sub("", found["words"] or "").strip(" '")
    said = f"(HTTP {code}{' ' + name if name else ''}{': ' + words if words else ''})"
    where = f"endpoint {endpoint!r} in {region}"
    if name == "ModelError" or code == 424:
        return _model(where, found["original"], words, content_type)
    early_or_late = _CLOCK.search(f"{name} {words}") is not None
    if early_or_late or code in {401, 403} or name.startswith("ExpiredToken"):
        return f"{_clock(wall_ns) if early_or_late else _account(where, name)} {said}"
    told = _state(where, code, name) or _invalid(where, name, words, variant)
    return None if told is None else f"{told} {said}"


def _clock(wall_ns: int) -> str:
    """Return what is wrong with this machine's time."""
    now = datetime.fromtimestamp(wall_ns // NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return (
        "the service does not take the time of our signature; this machine's clock says "
        f"{now} UTC: set it (NTP)"
    )


def _account(where: str, name: str) -> str:
    """Return what is wrong with whose request it is."""
    if name.startswith("ExpiredToken"):
        return "the AWS session has expired; renew it (`aws sso login`, a new role)"
    if name == "AccessDeniedException":
        return f"these AWS credentials may not invoke {where}; allow sagemaker:InvokeEndpoint"
    return "the AWS credentials are not accepted; check key, secret and `region:`"


def _state(where: str, code: int, name: str) -> str | None:
    """Return why an endpoint cannot answer now; None if it can."""
    if name.startswith("ModelNotReady"):
        return f"{where} is still loading its model; wait until it is InService"
    if code == 429 or name.startswith(("Throttling", "TooManyRequests")):
        return f"{where} throttles already, before the load; wait, or add instances"
    if code in {503, 530} or name.startswith("ServiceUnavailable"):
        return f"{where} is not available; look at its state in the console"
    return None


def _invalid(where: str, name: str, words: str, variant: str) -> str | None:
    if not name.startswith("Validation"):
        return None
    if variant and "ariant" in words:
        return f"{where} has no variant {variant!r}; correct `variant:`"
    if "not found" in words:
        return f"there is no {where}; correct `endpoint:` or `region:`"
    return f"{where} refuses the request"


def _model(where: str, original: str | None, words: str, content_type: str) -> str:
    """Return what the container's error means."""
    of = f"the container behind {where}"
    said = f"(ModelError, the container's own: {original or 'not told'}"
    said += f", {words})" if words else ")"
    if original == "415" or "nsupported" in words:
        return (
            f"{of} does not take {content_type or 'this content type'}; "
            f"correct `content_type:` or `accept:` {said}"
        )
    if original == "413":
        return f"the request is too large for the container behind {where}; send less {said}"
    if original in {None, "0"} or TIMED_OUT in words:
        return f"{of} does not answer in time; see its log in CloudWatch {said}"
    if original == "400":
        return f"the model behind {where} does not take the request; correct `payload:` {said}"
    return f"{of} fails; see its log in CloudWatch {said}"
