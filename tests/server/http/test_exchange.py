"""The vocabulary."""

from eiload.server.http.exchange import Asked, stated


def test_a_path_is_without_its_query() -> None:
    """The target is as it stands."""
    asked = Asked("GET", "/a/b?c=d", {}, b"", 0)
    assert (asked.path, asked.target) == ("/a/b", "/a/b?c=d")


def test_errors_are_objects() -> None:
    """Of one key."""
    assert stated(415, 'a "b"').body == b'{"error": "a \\"b\\""}'
    assert stated(400, "a", indent=4).body == b'{\n    "error": "a"\n}'
