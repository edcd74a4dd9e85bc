"""address: what is written for a server becomes what gRPC takes, or is refused."""

import pytest

from eiload.scenario import parse_address

ADDRESSES = [
    ("localhost", "localhost:8500", None),
    ("10.0.0.1:9000", "10.0.0.1:9000", None),
    ("::1", "[::1]:8500", None),
    ("[::1]:9000", "[::1]:9000", None),
    ("grpc://h:1", "h:1", False),
    ("GRPCS://h", "h:8500", True),
    ("dns:///h:1", "dns:///h:1", None),
    ("unix:///run/s", "unix:///run/s", None),
    ("unix-abstract:s", "unix-abstract:s", None),
    ("ipv4:10.0.0.1:1", "ipv4:10.0.0.1:1", None),
]


@pytest.mark.parametrize(("text", "target", "secure"), ADDRESSES)
def test_addresses_become_what_grpc_takes(text: str, target: str, secure: bool | None) -> None:
    """A bare host gets TensorFlow Serving's port; grpc:// and grpcs:// say whether there is TLS."""
    assert parse_address(text) == (target, secure)
    assert parse_address(target).target == target


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a b",
        "h:",
        "h:0",
        "h:65536",
        "h:http",
        ":1",
        "-h",
        "http://h",
        "tcp://h:1",
        "unix:",
        "h/x",
        "[::1",
        "h:1:2:z",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """Other protocols, ports out of range and typing errors are found before any connection."""
    with pytest.raises(ValueError, match=r"got .*; expected 'host:port'"):
        parse_address(text)
