"""Signature Version 4: the header fields that say whose a request is, and from when.

botocore's signer, given the hash of the body in place of the body: a load's bodies come round and
round, and hashing is nine tenths of what signing 820 kB costs. A signature holds for some five
minutes around the time in it, so those of a load are made again and again (`control.signatures`).

The hash and the time are arguments. Specification: AWS General Reference, "Create a
signed AWS API request"; this service hashes the body and needs no ``x-amz-content-sha256``.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from eiload.base.clock import NS_PER_S
from eiload.serving.sagemaker.credentials import Credentials

__all__ = ["Signer"]

_TIMESTAMP = "%Y%m%dT%H%M%SZ"


class Signer:
    """Signs the requests to one path of one host.

    Args:
        service: what the service is called in signatures.
        region: the region of the service.
        host: what the request's ``Host`` field will say.
        path: the request's path, as it goes over the wire.
        fields: header fields that the request will have, and that are signed with it.
        whose: returns whose requests they are at a moment.
    """

    def __init__(
        self,
        service: str,
        region: str,
        host: str,
        path: str,
        *,
        fields: Mapping[str, str],
        whose: Callable[[], Credentials],
    ) -> None:
        self._whose = whose
        self._service, self._region = service, region
        self._url = f"https://{host}{path}"
        self._fields = {"Host": host, **fields}

    def __repr__(self) -> str:
        """Tell what is signed; never by whom."""
        return f"<Signer {self._service}/{self._region} {self._url}>"

    def fields(self, body_sha256: str, wall_ns: int) -> tuple[tuple[str, str], ...]:
        """Return the fields that sign a request, beside those that are signed.

        Args:
            body_sha256: hash of the body, hexadecimal.
            wall_ns: when it is signed, ns since the Unix epoch.

        Raises:
            TargetError: credentials cannot be renewed.
        """
        whose = self._whose()
        request = AWSRequest("POST", self._url, headers=dict(self._fields))
        held = ReadOnlyCredentials(whose.access_key, whose.secret_key, whose.token or None, None)
        signer = _Hashed(held, self._service, self._region)
        signer.sign(request, body_sha256, datetime.fromtimestamp(wall_ns // NS_PER_S, UTC))
        return tuple(
            (name, value) for name, value in request.headers.items() if name not in self._fields
        )

    def lines(self, body_sha256: str, wall_ns: int) -> bytes:
        """Return the same fields as they go over a connection: ``name: value`` and CRLF each."""
        fields = self.fields(body_sha256, wall_ns)
        return "".join(f"{name}: {value}\r\n" for name, value in fields).encode("ascii")


class _Hashed(SigV4Auth):  # type: ignore[misc]
    """botocore's signer of a request whose body was hashed before, at a time that is told."""

    _hash = ""

    def payload(self, request: Any) -> str:
        """Return the hash that goes into the canonical request."""
        del request
        return self._hash

    def sign(self, request: Any, body_sha256: str, at: datetime) -> None:
        """Do what `add_auth` does, which asks the machine for the time."""
        self._hash = body_sha256
        request.context["timestamp"] = at.strftime(_TIMESTAMP)
        self._modify_request_before_signing(request)
        canonical = self.canonical_request(request)
        signature = self.signature(self.string_to_sign(request, canonical), request)
        self._inject_signature_to_request(request, signature)
