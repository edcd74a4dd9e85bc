"""What an answer of HTTP/1.1 means in the sender's terms: a status, a detail, a message. Pure.

Follows RFC 9110, section 15 (status codes); google/rpc/code.proto and TensorFlow Serving's own map
(model_servers/http_rest_api_util.cc) for which of gRPC's statuses a code stands for.

Rules.

- What is 2xx is OK, and its content is the message, whatever it says: looking into it is not the
  sender's affair.
- Any other has the code in its detail, and the words that it has: of a JSON object those of a field
  that error answers have, else its beginning. A redirection is not followed.
- Some services say in a field of the head which error it is, and give many the same code: an
  endpoint may name the field, and what its words stand for.
"""

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from eiload.base.status import Status
from eiload.sending.endpoint import Pairs

__all__ = ["NO_NAMES", "Answer", "ErrorNames", "status_of"]

HTTP_STATUSES = {
    400: Status.INVALID_ARGUMENT,
    401: Status.UNAUTHENTICATED,
    403: Status.PERMISSION_DENIED,
    404: Status.NOT_FOUND,
    405: Status.UNIMPLEMENTED,
    406: Status.INVALID_ARGUMENT,
    408: Status.DEADLINE_EXCEEDED,
    409: Status.ABORTED,
    412: Status.FAILED_PRECONDITION,
    413: Status.RESOURCE_EXHAUSTED,
    415: Status.INVALID_ARGUMENT,
    422: Status.INVALID_ARGUMENT,
    424: Status.FAILED_PRECONDITION,
    429: Status.RESOURCE_EXHAUSTED,
    499: Status.CANCELLED,
    501: Status.UNIMPLEMENTED,
    502: Status.UNAVAILABLE,
    503: Status.UNAVAILABLE,
    504: Status.DEADLINE_EXCEEDED,
    507: Status.RESOURCE_EXHAUSTED,
}

WORDS = ("error", "message", "Message", "errorMessage", "detail")
"""Fields of JSON error answers: TensorFlow Serving's and its containers', AWS's, multi-model
server's, others'."""

ORIGINAL_STATUS, ORIGINAL_WORDS = "OriginalStatusCode", "OriginalMessage"
"""Of SageMaker's ModelError: what the container said."""

TIMED_OUT = 504
"""What the container's status would be that SageMaker tells as 0: it did not answer within 60 s."""

MAX_TEXT_CHARS = 1024
"""What is kept of an answer that is no JSON, or of its words."""


class ErrorNames(NamedTuple):
    """Where a service names its errors, and what the names stand for."""

    field: str = ""
    """The header field, in lower case; empty for none. What follows a colon in it is left out."""
    statuses: Mapping[str, Status] = MappingProxyType({})


NO_NAMES = ErrorNames()
"""Of a service that has no names for its errors."""


class Answer(NamedTuple):
    """What a server has said."""

    code: int
    """HTTP's status code."""
    raw: Iterable[tuple[bytes, bytes]]
    """Its header fields, the names in lower case."""
    content: bytes

    @property
    def pairs(self) -> Pairs:
        """Return its header fields as texts."""
        return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in self.raw)

    def status(self, names: ErrorNames = NO_NAMES) -> tuple[Status, str]:
        """Return the status that it stands for, and its detail; OK has none."""
        if 200 <= self.code < 300:
            return Status.OK, ""
        fields = dict(self.pairs)
        name = fields.get(names.field, "").partition(":")[0].strip() if names.field else ""
        said = _object(self.content)
        original = said.get(ORIGINAL_STATUS)
        status = names.statuses.get(name)
        if status is None:
            theirs = original if isinstance(original, int) and original >= 300 else self.code
            theirs = TIMED_OUT if original == 0 else theirs
            status = status_of(theirs)
        text = f"HTTP {self.code}"
        if name:
            text += f" {name}"
        if isinstance(original, int):
            text += f" (the container's: {original})"
        if 300 <= self.code < 400 and "location" in fields:
            return status, f"{text}: it sends elsewhere, to {fields['location'][:200]}"
        words = _words(said) or ("" if said is not NOTHING else _plain(self.content, fields))
        return status, f"{text}: {words}" if words else text


def status_of(code: int) -> Status:
    """Return what an HTTP status code other than 2xx stands for."""
    known = HTTP_STATUSES.get(code)
    if known is not None:
        return known
    if 500 <= code < 600:
        return Status.INTERNAL
    return Status.FAILED_PRECONDITION if 400 <= code < 500 else Status.UNKNOWN


NOTHING: dict[str, Any] = {}
"""What is said by what is no JSON object."""


def _object(content: bytes) -> dict[str, Any]:
    if content.lstrip()[:1] != b"{":
        return NOTHING
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return NOTHING
    return found if isinstance(found, dict) else NOTHING


def _words(said: Mapping[str, Any]) -> str:
    for name in (ORIGINAL_WORDS, *WORDS):
        text = said.get(name)
        if isinstance(text, str) and text.strip():
            return " ".join(text.split())[:MAX_TEXT_CHARS]
    return ""


def _plain(content: bytes, fields: Mapping[str, str]) -> str:
    """Return the beginning of an answer that is no JSON object; nothing of a page."""
    if "html" in fields.get("content-type", "") or content.lstrip()[:1] == b"<":
        server = fields.get("server", "")
        return f"a page, by {server[:40]}" if server else "a page"
    text = content[: 4 * MAX_TEXT_CHARS].decode("utf-8", "replace")
    return " ".join(text.split())[:MAX_TEXT_CHARS]
