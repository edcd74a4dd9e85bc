"""Where a target is: gRPC's names for servers, and the addresses behind a name.

Follows gRPC's naming (grpc/grpc, doc/naming.md): ``host:port``, ``dns:``, ``ipv4:`` and ``ipv6:``
(of several addresses), ``unix:``, ``unix-abstract:``.

Rules.

- A name is looked up anew for each connection: a server that moves is found.
- Connection k of a target begins with address k, so that several are spread over the addresses, and
  goes through the others if nobody is there.
- ``:authority`` is what was written, as gRPC has it (the server's name where TLS is told one).
"""

import asyncio
import socket
from dataclasses import dataclass

__all__ = ["Address", "Target", "parse_target", "resolve"]

DEFAULT_PORT = 443
"""gRPC's for names without one; scenarios have put theirs in by now."""

Address = tuple[
    socket.AddressFamily,
    tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes] | str | bytes,
]
"""What `socket.connect` takes, and the family of the socket."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a gRPC name says."""

    hosts: tuple[tuple[str, int], ...]
    """Names or addresses, and ports."""
    path: str | bytes | None
    """The path of a Unix socket, abstract if it begins with a zero byte."""
    authority: str
    host: str
    """The name that the server's certificate has to have."""


def parse_target(text: str) -> Target:
    """Return what a name says.

    Raises:
        ValueError: it has no host, or no number for a port.
    """
    scheme, colon, rest = text.partition(":")
    match scheme if colon else "":
        case "unix":
            return Target((), rest.removeprefix("//"), "localhost", "localhost")
        case "unix-abstract":
            return Target((), b"\0" + rest.encode(), "localhost", "localhost")
        case "dns":
            # dns://server/host: the server that is to be asked is nearly always left out.
            names = [rest.rpartition("/")[2] if rest.startswith("//") else rest]
        case "ipv4" | "ipv6":
            names = rest.split(",")
        case _:
            names = [text]
    hosts = tuple(_host_and_port(name) for name in names)
    return Target(hosts, None, names[0], hosts[0][0])


def _host_and_port(name: str) -> tuple[str, int]:
    host, colon, port = name.rpartition(":")
    if name.endswith("]") or not colon:
        host, port = name, str(DEFAULT_PORT)
    if not host.strip("[]") or not port.isdigit():
        raise ValueError(f"not an address, got {name!r}; expected 'host:port'")
    return host.strip("[]"), int(port)


async def resolve(target: Target, first: int = 0) -> list[Address]:
    """Return a target's addresses, in turn from number `first`.

    Raises:
        OSError: the name is not known.
    """
    if target.path is not None:
        return [(socket.AF_UNIX, target.path)]
    loop = asyncio.get_running_loop()
    found: dict[Address, None] = {}
    for host, port in target.hosts:
        for family, _, _, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            found[family, address] = None
    addresses = list(found)
    start = first % len(addresses) if addresses else 0
    return addresses[start:] + addresses[:start]
