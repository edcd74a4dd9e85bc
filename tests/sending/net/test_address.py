"""gRPC's names for servers."""

import asyncio
import socket

import pytest

from eiload.sending.net.address import ServerName, numeric, parse_name, resolve, shown

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
    assert parse_name(name) == ServerName(*NAMES[name])


@pytest.mark.parametrize("name", ["", ":1", "server:", "server:port", "[]:1", "ipv4:1.2.3.4:x"])
def test_no_names(name: str) -> None:
    """What has no host, or no number for a port."""
    with pytest.raises(ValueError, match="not an address, got"):
        parse_name(name)


def test_what_is_a_number_is_not_looked_up() -> None:
    """Each host's address by itself, and each once; a path, too; a name is left to `resolve`."""
    hosts = numeric(parse_name("ipv4:127.0.0.1:1,127.0.0.2:2"))
    inet = socket.AF_INET
    assert hosts == (((inet, ("127.0.0.1", 1)),), ((inet, ("127.0.0.2", 2)),))
    assert numeric(parse_name("unix:/run/tf")) == (((socket.AF_UNIX, "/run/tf"),),)
    assert numeric(parse_name("[::1]:8500")) == (((socket.AF_INET6, ("::1", 8500, 0, 0)),),)
    assert numeric(parse_name("localhost:8500")) is None


def test_names_are_looked_up() -> None:
    """All addresses of a name; one that is not known is named."""
    hosts = asyncio.run(resolve(parse_name("localhost:8500")))
    assert (socket.AF_INET, ("127.0.0.1", 8500)) in hosts[0]
    for name in ("nobody.invalid", "a..b"):
        with pytest.raises(OSError, match=f"the name '{name}' is not known"):
            asyncio.run(resolve(parse_name(f"{name}:8500")))


def test_addresses_in_words() -> None:
    """As they are written."""
    hosts = ("127.0.0.1:1", "[::1]:2", "unix:/run/tf", "unix-abstract:tf")
    found = [shown(known[0][0]) for host in hosts if (known := numeric(parse_name(host)))]
    assert found == ["127.0.0.1:1", "[::1]:2", "/run/tf", "@tf"]
