"""Signature Version 4 by the specification and nothing else: the tests' own signer and verifier.

Written from the AWS General Reference, "Create a signed AWS API request"; the standard library
only, so that it shares no line with the signer that it is held against.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

__all__ = ["signature_of", "verified"]

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/"
    r"(?P<service>[^/]+)/aws4_request, SignedHeaders=(?P<names>[a-z0-9;-]+), "
    r"Signature=(?P<signature>[0-9a-f]{64})"
)


def _keyed(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature_of(
    method: str,
    path: str,
    headers: Mapping[str, str],
    names: Iterable[str],
    body: bytes,
    *,
    secret: str,
    region: str,
    service: str,
) -> str:
    """Return the signature of a request.

    Args:
        method: of HTTP.
        path: as it goes over the wire, without a query.
        headers: by lower-case name, ``x-amz-date`` among them.
        names: which of them are signed.
        body: the body.
        secret: the secret key.
        region: of the service.
        service: its name.
    """
    instant = headers["x-amz-date"]
    signed = sorted(names)
    lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in signed)
    canonical = "\n".join(
        (
            method,
            quote(path, safe="/-_.~"),  # encoded once more than it is on the wire
            "",
            lines,
            ";".join(signed),
            hashlib.sha256(body).hexdigest(),
        )
    )
    scope = f"{instant[:8]}/{region}/{service}/aws4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = _keyed(key, part)
    return _keyed(key, f"AWS4-HMAC-SHA256\n{instant}\n{scope}\n{hashed}").hex()


def verified(
    method: str, path: str, headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str]
) -> str:
    """Return whose request it is, by access key.

    Args:
        method: of HTTP.
        path: as it came.
        headers: as they came.
        body: as it came.
        secrets: the secret keys by access key.

    Raises:
        ValueError: it is not signed, by nobody who is known, or not so.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    found = _AUTHORIZATION.fullmatch(lower.get("authorization", ""))
    if found is None:
        raise ValueError("not signed")
    if found["key"] not in secrets:
        raise ValueError("nobody who is known")
    names = found["names"].split(";")
    if not {"host", "x-amz-date"} <= set(names):
        raise ValueError("host and time have to be signed")
    if unsigned := [each for each in lower if each.startswith("x-amz") and each not in names]:
        raise ValueError(f"not signed: {unsigned}")
    if not lower["x-amz-date"].startswith(found["date"]):
        raise ValueError("another day")
    expected = signature_of(
        method,
        path,
        lower,
        names,
        body,
        secret=secrets[found["key"]],
        region=found["region"],
        service=found["service"],
    )
    if not hmac.compare_digest(expected, found["signature"]):
        raise ValueError("not so")
    return found["key"]
