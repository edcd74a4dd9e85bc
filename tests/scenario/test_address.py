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
    ("ipv6:[fd00::1]:1,[fd00::2]:1", "ipv6:[fd00::1]:1,[fd00::2]:1", None),
    ("dns:///h", "dns:///h:8500", None),
    ("dns:h", "dns:h:8500", None),
    ("dns://8.8.8.8/h", "dns://8.8.8.8/h:8500", None),
    ("grpcs://dns:///h", "dns:///h:8500", True),
    ("2001:db8::8500", "[2001:db8::8500]:8500", None),
]

NEARLY = [
    ("::1:8500", "without brackets, got '::1:8500'; expected 'host:port': '[::1]:8500'"),
    ("::1:18501", "expected 'host:port': '[::1]:18501'"),
    ("ipv4:127.0.0.5", "expected 'ipv4:' and numbers with their ports"),
    ("ipv4:server:8500", "expected 'ipv4:' and numbers with their ports"),
    ("ipv6:::1", "expected 'ipv6:' and numbers with their ports, such as 'ipv6:[fd00::1]:8500'"),
    ("h:8500/v1/models/ssd", "without a path: gRPC has none, 'h:8500'"),
    ("10.0.0.1:1,10.0.0.2:2", "or their numbers: 'ipv4:10.0.0.1:8500,10.0.0.2:8500'"),
    ("dns:///h:x", "not an address, got 'dns:///h:x'; expected 'host:port'"),
]


@pytest.mark.parametrize(("text", "said"), NEARLY)
def test_what_is_nearly_an_address(text: str, said: str) -> None:
    """It is refused with what was probably meant."""
    with pytest.raises(ValueError, match=r"got .*; expected") as caught:
        parse_address(text)
    assert said in str(caught.value)


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
