"""Where a target is: gRPC's names for servers, and the addresses behind a name.

Follows gRPC's naming (grpc/grpc, doc/naming.md): ``host:port``, ``dns:``, ``ipv4:`` and ``ipv6:``
(of several addresses), ``unix:``, ``unix-abstract:``.

Rules.

- What is a number already is not looked up.
- Each host's addresses stay together and in the system's order (RFC 6724): which of them stand for
  one server is `balance`'s.
- ``:authority`` is what was written, as gRPC has it (the server's name where TLS is told one).
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from eiload.base.clock import NS_PER_MS, NS_PER_S

__all__ = [
    "LOOK_NS",
    "SOON_NS",
    "Address",
    "Hosts",
    "LookUp",
    "ServerName",
    "numeric",
    "parse_name",
    "resolve",
    "shown",
]

LOOK_NS = 10 * NS_PER_S
"""How often a name is looked up: servers that come and go do so within a run, and Kubernetes's
names are good for 5 to 30 s."""

SOON_NS = 500 * NS_PER_MS
"""No two look-ups are closer than this."""

DEFAULT_PORT = 443
"""gRPC's for names without one; scenarios have put theirs in by now."""

Address = tuple[
    socket.AddressFamily,
    tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes] | str | bytes,
]
"""What `socket.connect` takes, and the family of the socket."""

Hosts = tuple[tuple[Address, ...], ...]
"""The addresses of each of a target's hosts."""


@dataclass(frozen=True, slots=True)
class ServerName:
    """What a gRPC name says."""

    hosts: tuple[tuple[str, int], ...]
    """Names or addresses, and ports."""
    path: str | bytes | None
    """The path of a Unix socket, abstract if it begins with a zero byte."""
    authority: str
    host: str
    """The name that the server's certificate has to have."""


LookUp = Callable[[ServerName], Awaitable[Hosts]]
"""Finds the addresses of a target; raises an `OSError` where there are none."""


def parse_name(text: str) -> ServerName:
    """Return what a name says.

    Raises:
        ValueError: it has no host, or no number for a port.
    """
    scheme, colon, rest = text.partition(":")
    match scheme if colon else "":
        case "unix":
            return ServerName((), rest.removeprefix("//"), "localhost", "localhost")
        case "unix-abstract":
            return ServerName((), b"\0" + rest.encode(), "localhost", "localhost")
        case "dns":
            # dns://server/host: the server that is to be asked is nearly always left out.
            names = [rest.rpartition("/")[2] if rest.startswith("//") else rest]
        case "ipv4" | "ipv6":
            names = rest.split(",")
        case _:
            names = [text]
    hosts = tuple(_host_and_port(name) for name in names)
    return ServerName(hosts, None, names[0], hosts[0][0])


def _host_and_port(name: str) -> tuple[str, int]:
    host, colon, port = name.rpartition(":")
    if name.endswith("]") or not colon:
        host, port = name, str(DEFAULT_PORT)
    if not host.strip("[]") or not port.isdigit():
        raise ValueError(f"not an address, got {name!r}; expected 'host:port'")
    return host.strip("[]"), int(port)


def numeric(target: ServerName) -> Hosts | None:
    """Return a target's addresses if they are known without a look-up: numbers, or a path."""
    if target.path is not None:
        return (((socket.AF_UNIX, target.path),),)
    try:
        return tuple(
            _addresses(
                socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
            )
            for host, port in target.hosts
        )
    except (socket.gaierror, UnicodeError):
        return None


async def resolve(target: ServerName) -> Hosts:
    """Look a target's names up.

    Raises:
        OSError: a name is not known, or has no address; the message names it.
    """
    loop = asyncio.get_running_loop()
    hosts = []
    for host, port in target.hosts:
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a name"
            raise OSError(f"the name {host!r} is not known ({reason})") from None
        if not found:
            raise OSError(f"the name {host!r} has no address")
        hosts.append(_addresses(found))
    return tuple(hosts)


def _addresses(found: Iterable[tuple[Any, Any, Any, Any, Any]]) -> tuple[Address, ...]:
    return tuple(dict.fromkeys((family, address) for family, _, _, _, address in found))


def shown(address: Address) -> str:
    """Return an address in words."""
    family, place = address
    if isinstance(place, str | bytes):
        return os.fsdecode(place).replace("\0", "@", 1)
    host, port = place[:2]
    return f"[{host!s}]:{port!s}" if family == socket.AF_INET6 else f"{host!s}:{port!s}"
