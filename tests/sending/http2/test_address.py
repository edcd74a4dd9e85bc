"""gRPC's names for servers."""

import asyncio
import socket

import pytest

from eiload.sending.http2.address import Target, parse_target, resolve

NAMES = {
    "server:8500": ((("server", 8500),), None, "server:8500", "server"),
    "server": ((("server", 443),), None, "server", "server"),
    "[::1]:8500": ((("::1", 8500),), None, "[::1]:8500", "::1"),
    "[::1]": ((("::1", 443),), None, "[::1]", "::1"),
    "dns:server:1": ((("server", 1),), None, "server:1", "server"),
    "dns:///server:1": ((("server", 1),), None, "server:1", "server"),
    "dns://8.8.8.8/server:1": ((("server", 1),), None, "server:1", "server"),
    "ipv4:10.0.0.1:1,10.0.0.2:2": (
        (("10.0.0.1", 1), ("10.0.0.2", 2)), None, "10.0.0.1:1", "10.0.0.1",
    ),
    "ipv6:[::1]:1,[::2]:2": ((("::1", 1), ("::2", 2)), None, "[::1]:1", "::1"),
    "unix:/run/tf": ((), "/run/tf", "localhost", "localhost"),
    "unix:///run/tf": ((), "/run/tf", "localhost", "localhost"),
    "unix:tf": ((), "tf", "localhost", "localhost"),
    "unix-abstract:tf": ((), b"\0tf", "localhost", "localhost"),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names(name: str) -> None:
    """doc/naming.md: hosts, or a path; the authority; the name that a certificate has to have."""
    assert parse_target(name) == Target(*NAMES[name])


@pytest.mark.parametrize("name", ["", ":1", "server:", "server:port", "[]:1", "ipv4:1.2.3.4:x"])
def test_no_names(name: str) -> None:
    """What has no host, or no number for a port."""
    with pytest.raises(ValueError, match="not an address, got"):
        parse_target(name)


def test_addresses_in_turn() -> None:
    """Number k begins at address k, and all are there."""
    target = parse_target("ipv4:127.0.0.1:1,127.0.0.2:2,127.0.0.3:3,127.0.0.1:1")
    ports = [
        [address[1] for _, address in asyncio.run(resolve(target, first)) if len(address) == 2]
        for first in range(4)
    ]
    assert ports == [[1, 2, 3], [2, 3, 1], [3, 1, 2], [1, 2, 3]]


def test_a_path_is_an_address() -> None:
    """Nothing is looked up."""
    found = asyncio.run(resolve(parse_target("unix:/run/tf"), 7))
    assert found == [(socket.AF_UNIX, "/run/tf")]
