"""From an answer's fields and bytes to a status, as gRPC has it."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.status import Status
from eiload.sending.http2.frames import ErrorCode
from eiload.sending.http2.grpc import CallOutcome, outcome, outcome_of_reset
from eiload.sending.http2.headers import HeaderDecoder, literal
from eiload.sending.http2.heads import prefix
from tests.sending.http2.peers import request

LIMIT = 1000

Pairs = list[tuple[str, str]]
START: Pairs = [(":status", "200"), ("content-type", "application/grpc+proto")]


def fields(pairs: Pairs) -> bytes:
    """Return a header block."""
    return b"".join(literal(name.encode(), value.encode()) for name, value in pairs)


def answered(head: Pairs, body: bytes = b"", tail: Pairs | None = None) -> CallOutcome:
    """Return what becomes of an answer; without `tail` the head is all."""
    stream = request()
    decoder = HeaderDecoder()
    stream.headers = decoder.decode(fields(head))
    stream.body = body
    if tail is not None:
        stream.trailers = decoder.decode(fields(tail))
    first = outcome(stream, LIMIT)
    assert outcome(stream, LIMIT) == first, "what is kept of a block says the same again"
    stream.body = bytearray(body)
    assert outcome(stream, LIMIT) == first
    return first


def test_ok() -> None:
    """One message, and the application's trailing metadata."""
    tail = [("grpc-status", "0"), ("grpc-message", "fine"), ("x-cost", "7"), ("x-id-bin", "/wA")]
    found = answered(START, prefix(b"boxes") + b"boxes", tail)
    assert found == CallOutcome(
        Status.OK, "fine", b"boxes", (("x-cost", "7"), ("x-id-bin", b"\xff\x00"))
    )


def test_an_empty_message_is_a_message() -> None:
    """All fields of a protobuf message may be left out."""
    assert answered(START, prefix(b""), [("grpc-status", "0")]) == CallOutcome(Status.OK)


@pytest.mark.parametrize("status", [s for s in Status if 0 < s <= Status.UNAUTHENTICATED])
def test_every_status(status: Status) -> None:
    """In trailers, or alone; what came of a message before does not count."""
    tail = [("grpc-status", str(int(status))), ("grpc-message", "why")]
    assert answered(START, prefix(b"x") + b"x", tail) == CallOutcome(status, "why")
    assert answered([*START, *tail]) == CallOutcome(status, "why")


@pytest.mark.parametrize("text", ["17", "99", "-1", "x", "", "٣"])
def test_a_status_that_nobody_knows(text: str) -> None:
    """doc/statuscodes.md: it is UNKNOWN."""
    assert answered([*START, ("grpc-status", text)]).status is Status.UNKNOWN


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("plain", "plain"),
        ("50%25 of it%0Anext", "50% of it\nnext"),
        ("Gr%C3%BC%C3%9Fe", "Grüße"),
        ("Grüße", "Grüße"),
        ("100%", "100%"),
        ("%zz%4", "%zz%4"),
        ("%ff", "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_a_detail_is_percent_encoded(sent: str, text: str) -> None:
    """PROTOCOL-HTTP2, Status-Message: what is encoded wrongly is taken as it is."""
    found = answered([*START, ("grpc-status", "3"), ("grpc-message", sent)])
    assert found.detail == text


@given(st.text(max_size=50))
def test_any_detail_comes_back(text: str) -> None:
    """Encoded as gRPC's servers do it."""
    sent = "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))
    found = answered([*START, ("grpc-status", "3"), ("grpc-message", sent)])
    assert found.detail == text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("http", "status"),
    [
        (400, "INTERNAL"), (401, "UNAUTHENTICATED"), (403, "PERMISSION_DENIED"),
        (404, "UNIMPLEMENTED"), (429, "UNAVAILABLE"), (502, "UNAVAILABLE"), (503, "UNAVAILABLE"),
        (504, "UNAVAILABLE"), (500, "UNKNOWN"), (301, "UNKNOWN"), (418, "UNKNOWN"),
    ],
)  # fmt: skip
def test_http_statuses(http: int, status: str) -> None:
    """doc/http-grpc-status-mapping.md, and gRPC's own status where there is one."""
    head = [(":status", str(http)), ("content-type", "text/html")]
    found = answered(head, b"<html>")
    assert found.status.name == status
    assert found.detail.split(":")[0] == f"received HTTP status {http}"
    assert answered([*head, ("grpc-status", "5")]).status is Status.NOT_FOUND


def test_a_web_page_is_no_answer() -> None:
    """200, and not gRPC."""
    found = answered([(":status", "200"), ("content-type", "text/html")], b"<html>")
    assert found.status is Status.UNKNOWN
    assert found.detail.startswith("received content-type 'text/html': REST, a web server or")


def test_no_status_at_all() -> None:
    """An answer that just ends."""
    found = answered(START, prefix(b"x") + b"x")
    assert found == CallOutcome(Status.UNKNOWN, "the answer ended without a gRPC status")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "OK, and no message"),
        (b"\0\0", "OK, and a message cut off after 2 bytes of its prefix"),
        (prefix(b"four") + b"fo", "OK, and a message of 4 bytes cut off after 2"),
        (prefix(b"a") + b"a" + prefix(b"b") + b"b", "OK, and more than one message: 6 bytes after"),
    ],
)
def test_ok_and_not_one_message(body: bytes, words: str) -> None:
    """The call was unary."""
    found = answered(START, body, [("grpc-status", "0")])
    assert found.status is Status.INTERNAL
    assert found.detail.startswith(words)


PACKED = {
    "gzip": gzip.compress(b"boxes" * 20),
    "deflate": zlib.compress(b"boxes" * 20),
}


@pytest.mark.parametrize("encoding", PACKED)
def test_compressed(encoding: str) -> None:
    """What was offered is unpacked; a message of a compressed answer need not be compressed."""
    head = [*START, ("grpc-encoding", encoding)]
    packed = PACKED[encoding]
    end = [("grpc-status", "0")]
    assert answered(head, prefix(packed, compressed=True) + packed, end).message == b"boxes" * 20
    assert answered(head, prefix(b"plain") + b"plain", end).message == b"plain"


def compressed(encoding: str, data: bytes) -> CallOutcome:
    """Return what becomes of a message that says it is compressed."""
    head = [*START, ("grpc-encoding", encoding)]
    return answered(head, prefix(data, compressed=True) + data, [("grpc-status", "0")])


def test_compressed_wrongly() -> None:
    """Broken, cut off, unknown, or a bomb."""
    packed = PACKED["gzip"]
    assert compressed("gzip", b"rubbish").status is Status.INTERNAL
    assert compressed("gzip", packed[:-12]).detail == "a compressed message that is cut off"
    assert compressed("identity", packed).detail.endswith("which was not offered")
    assert compressed("br", packed).status is Status.INTERNAL
    bomb = compressed("gzip", gzip.compress(bytes(1 << 20)))
    assert bomb.status is Status.RESOURCE_EXHAUSTED
    assert bomb.detail == f"CLIENT: decompressed message larger than max (over {LIMIT} bytes)"


def test_metadata_of_several_values() -> None:
    """Repeated names stay, a binary value may be a list, what is no base64 stays as it is."""
    tail = [("grpc-status", "0"), ("a", "1"), ("a", "2"), ("b-bin", "YQ==,Yg"), ("c-bin", "?")]
    assert answered(START, prefix(b""), tail).metadata == (
        ("a", "1"), ("a", "2"), ("b-bin", b"a"), ("b-bin", b"b"), ("c-bin", b""),
    )  # fmt: skip


@pytest.mark.parametrize("code", [*ErrorCode, 99])
def test_resets(code: int) -> None:
    """PROTOCOL-HTTP2, Errors."""
    special = {7: "UNAVAILABLE", 8: "CANCELLED", 11: "RESOURCE_EXHAUSTED", 12: "PERMISSION_DENIED"}
    found = outcome_of_reset(code, "")
    assert found.status.name == special.get(code, "INTERNAL")
    assert found.detail.startswith(f"received RST_STREAM with error code {int(code)} (")
    assert outcome_of_reset(code, "our reason").detail == "our reason"
