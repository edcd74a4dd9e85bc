"""What it means that something between us and a gRPC server answers, in words. Pure.

gRPC's servers answer with HTTP's 200 and a status of gRPC's own; any other HTTP status, or another
content type, is that of a proxy, an ingress, a REST server or a page. What most often lies behind
it, and what to change, is added to the client's own words, which name a number only. Statuses:
RFC 9110, section 15; nginx's documentation of ngx_http_grpc_module and client_max_body_size.
"""

import re

__all__ = ["IDLE_NS", "forgotten", "of_content", "of_status", "of_text", "with_size"]

IDLE_NS = 1_000_000_000
"""How long nothing has come over a connection when it counts as idle."""

_SIZE = "this size"
PREFIX_BYTES = 5
"""What gRPC puts before a message."""

_MEANINGS = {
    400: "a proxy does not take the request: a wrong host name (`authority:`), or TLS is expected",
    401: "a proxy wants credentials, see `metadata:`",
    403: "a proxy or a policy forbids it",
    404: "what answers does not know the path: an ingress that goes by host names (`authority:`),"
    " or a REST port",
    408: "a proxy gave up waiting for the request: raise its timeout for bodies",
    413: f"a proxy takes no body of {_SIZE}: raise its limit (nginx: client_max_body_size, 1 MB"
    " unless it is said), or send less: `encoding: jpeg`, smaller images, a smaller `batch:`",
    429: "a proxy limits the rate",
    431: "a proxy takes no headers of this size: raise its limit, or send less `metadata:`",
    499: "a proxy says that we have gone",
    502: "a proxy does not reach the server, or does not understand it: is the server up, and does"
    " the proxy speak gRPC to it (nginx: grpc_pass)?",
    503: "a proxy has no server for it now, or is overloaded",
    504: "a proxy gave up waiting for the server: raise its timeout (nginx: grpc_read_timeout, 60 s"
    " unless it is said) over the `deadline:`",
}

_GRPCS_WORDS = re.compile(
    r"received http2? ?(?:header with )?status:? (?P<status>\d{3})", re.IGNORECASE
)
"""What gRPC's own client says of an HTTP status, and what ours does."""


_UNFINISHED = "Data frame with END_STREAM flag received"
"""What gRPC's own client says of an answer by HTTP/2 that is none of gRPC's."""


def of_status(http_status: int) -> str:
    """Return what an HTTP status of what is no gRPC server means; empty if nothing special."""
    return _MEANINGS.get(http_status, "")


def of_content(content_type: str) -> str:
    """Return what a content type that is not gRPC's means."""
    if "json" in content_type:
        return "REST answers there, not gRPC"
    return "REST, a web server or a proxy answers there, not gRPC"


def of_text(detail: str) -> str:
    """Return a status text of gRPC's own client, with what an HTTP status in it means."""
    if _UNFINISHED in detail:
        return f"{detail}: an answer without gRPC's status; {of_content('')}"
    found = _GRPCS_WORDS.search(detail)
    meaning = of_status(int(found["status"])) if found is not None else ""
    return f"{detail}: {meaning}" if meaning and meaning not in detail else detail


def with_size(detail: str, message_bytes: int) -> str:
    """Return the text on a body that is too large, with how large it is.

    Args:
        detail: a status text; any other stays as it is.
        message_bytes: of the message that was sent.
    """
    if "413" not in detail:
        return detail
    return detail.replace(_SIZE, f"{message_bytes + PREFIX_BYTES:,} bytes", 1)


def forgotten(detail: str) -> str:
    """Return the text of a deadline that passed while nothing came over an idle connection."""
    return (
        f"{detail}: nothing came over the connection, which had been idle; where a balancer or a"
        " firewall forgets idle connections, set `keepalive:`"
    )
