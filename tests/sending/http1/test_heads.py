"""heads: what goes before a request's body, made once."""

import pytest

from eiload.sending.http1.heads import Heads, pairs_of

PAIRS = (("Content-Type", "application/json"), ("x-tenant", "gold"))


def test_a_head_is_that_of_the_protocol() -> None:
    """Request line, Host, the endpoint's fields, the request's own, the body's length."""
    head = Heads("h:8501", PAIRS).head("/v1/models/m:predict", 7, b"Authorization: sig\r\n")
    assert head.data == (
        b"POST /v1/models/m:predict HTTP/1.1\r\nHost: h:8501\r\nUser-Agent: eiload\r\n"
        b"Content-Type: application/json\r\nx-tenant: gold\r\nAuthorization: sig\r\n"
        b"Content-Length: 7\r\n\r\n"
    )


def test_a_get_has_no_body() -> None:
    """``GET /path`` asks for it."""
    assert Heads("h", ()).head("GET /ping", 0).data.startswith(b"GET /ping HTTP/1.1\r\nHost: h\r\n")


def test_heads_are_made_once() -> None:
    """The same request has the same head; a renewed field of its own makes another."""
    heads = Heads("h", PAIRS)
    first = heads.head("/x", 1, b"a: 1\r\n")
    assert heads.head("/x", 1, b"a: 1\r\n") is first
    assert b"a: 2" in heads.head("/x", 1, b"a: 2\r\n").data


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "Connection"])
def test_what_decides_where_a_body_ends_is_ours(name: str) -> None:
    """Whoever says it."""
    with pytest.raises(ValueError, match="client's own"):
        Heads("h", ((name, "1"),)).head("/x", 1)
    with pytest.raises(ValueError, match="client's own"):
        Heads("h", ()).head("/x", 1, f"{name}: 1\r\n".encode())


@pytest.mark.parametrize("path", ["/a b", "/\r\nHost: x", "/ü"])
def test_a_path_is_one_of_the_protocol(path: str) -> None:
    """No other request in it."""
    with pytest.raises(ValueError, match="HTTP"):
        Heads("h", ()).head(path, 1)


def test_lines_are_pairs() -> None:
    """As they go over the connection."""
    lines = b"X-Amz-Date: 20261130T010203Z\r\nAuthorization: AWS4 a=b, c=d\r\n"
    assert pairs_of(lines) == (
        ("X-Amz-Date", "20261130T010203Z"),
        ("Authorization", "AWS4 a=b, c=d"),
    )
    assert pairs_of(b"") == ()
