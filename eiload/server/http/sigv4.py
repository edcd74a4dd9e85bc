"""Signature Version 4, from the side that verifies it.

Was this request signed with our key, just now, and is it what was signed?
Written from the specification (AWS General Reference, "Create a signed AWS API request"), not from
a signer, so that a signer's mistakes show. The service's words for each refusal are as AWS's front
ends give them. Pure: a request, keys and a time in, a refusal or None out.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote, unquote

from eiload.base.clock import NS_PER_S
from eiload.server.http.exchange import Asked

__all__ = ["SERVICE", "Keys", "Refused", "refused"]

SERVICE = "sagemaker"
"""What the credential's scope names; the host's name begins with ``runtime.sagemaker``."""

SKEW = timedelta(minutes=5)
"""How far a signature's time may be from the service's clock, either way."""

STAMP = "%Y%m%dT%H%M%SZ"

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=(?P<key>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/,\s]+)/"
    r"(?P<service>[^/,\s]+)/aws4_request,\s*SignedHeaders=(?P<headers>[^,\s]+),\s*"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)

MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your "
    "AWS Secret Access Key and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True, slots=True)
class Keys:
    """Whose requests are served."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    """Of temporary credentials; a request has to carry it."""


class Refused(NamedTuple):
    """Why a request is not served; always HTTP 403."""

    error: str
    text: str


def refused(asked: Asked, keys: Keys, wall_ns: int, region: str | None = None) -> Refused | None:
    """Return why a request's signature is not taken, None if it is.

    Args:
        asked: the request.
        keys: what it has to be signed with.
        wall_ns: the service's clock, ns since 1970.
        region: where the service is; None for any.
    """
    given = asked.headers.get("authorization")
    if given is None:
        return Refused("MissingAuthenticationTokenException", "Missing Authentication Token")
    found = _AUTHORIZATION.fullmatch(given)
    if found is None:
        return Refused(
            "IncompleteSignatureException",
            "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' of "
            "AWS4-HMAC-SHA256.",
        )
    token = asked.headers.get("x-amz-security-token")
    if found["key"] != keys.access_key or token != keys.token:
        return Refused(
            "UnrecognizedClientException", "The security token included in the request is invalid."
        )
    text = (
        _out_of_scope(found, region)
        or _out_of_time(asked.headers, found["date"], wall_ns)
        or _mismatch(asked, keys, found)
    )
    return None if text is None else Refused("InvalidSignatureException", text)


def _mismatch(asked: Asked, keys: Keys, found: re.Match[str]) -> str | None:
    signed = found["headers"].split(";")
    if "host" not in signed or any(name not in asked.headers for name in signed):
        return MISMATCH
    expected = _signature(asked, keys, found, signed)
    return None if hmac.compare_digest(expected, found["signature"]) else MISMATCH


def _out_of_scope(found: re.Match[str], region: str | None) -> str | None:
    if region is not None and found["region"] != region:
        return f"Credential should be scoped to a valid region, not '{found['region']}'. "
    if found["service"] != SERVICE:
        return f"Credential should be scoped to correct service: '{SERVICE}'. "
    return None


def _out_of_time(headers: Mapping[str, str], date: str, wall_ns: int) -> str | None:
    """Return what is wrong with a request's time stamp."""
    stamp = headers.get("x-amz-date", "")
    try:
        at = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    except ValueError:
        return f"Date must be in ISO-8601 'basic format'. Got '{stamp}'."
    if stamp[:8] != date:
        return (
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
            f"HTTP: '{date}' != '{stamp[:8]}', from '{stamp}'."
        )
    now = datetime.fromtimestamp(wall_ns // NS_PER_S, UTC)
    if at < now - SKEW:
        return (
            f"Signature expired: {stamp} is now earlier than {(now - SKEW).strftime(STAMP)} "
            f"({now.strftime(STAMP)} - 5 min.)"
        )
    if at > now + SKEW:
        return (
            f"Signature not yet current: {stamp} is still later than "
            f"{(now + SKEW).strftime(STAMP)} ({now.strftime(STAMP)} + 5 min.)"
        )
    return None


def _signature(asked: Asked, keys: Keys, found: re.Match[str], signed: list[str]) -> str:
    """Return the signature that the request should have."""
    canonical = "\n".join(
        (
            asked.method,
            # Every service but S3 has the path as it is sent encoded once more.
            quote(asked.path, safe="/~-._"),
            _query(asked.target.partition("?")[2]),
            *(f"{name}:{' '.join(asked.headers[name].split())}" for name in signed),
            "",
            ";".join(signed),
            sha256(asked.body).hexdigest(),
        )
    )
    scope = f"{found['date']}/{found['region']}/{found['service']}/aws4_request"
    to_sign = "\n".join(
        (
            "AWS4-HMAC-SHA256",
            asked.headers["x-amz-date"],
            scope,
            sha256(canonical.encode()).hexdigest(),
        )
    )
    key = f"AWS4{keys.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def _query(query: str) -> str:
    """Return a query with its names and values encoded in the one way, sorted."""
    pairs = []
    for each in filter(None, query.split("&")):
        name, _, value = each.partition("=")
        pairs.append((quote(unquote(name), safe="~-._"), quote(unquote(value), safe="~-._")))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
