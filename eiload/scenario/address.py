"""Where a server is, as people write it and as gRPC takes it.

``host:port``, ``host`` (port 8500, TensorFlow Serving's), ``[::1]:8500``, gRPC's own ``dns:``,
``ipv4:``, ``ipv6:`` and ``unix:`` names (grpc/grpc, doc/naming.md), each also behind ``grpc://``
(plaintext, said aloud) or ``grpcs://`` (TLS). Pure: nothing is looked up. What is nearly an address
is refused with the one that was probably meant; what could be two, too.
"""

import ipaddress
import re
from typing import NamedTuple

from eiload.base.quantity import shown

__all__ = ["DEFAULT_PORT", "Address", "parse_address"]

DEFAULT_PORT = 8500
"""The port of gRPC in TensorFlow Serving's image (tensorflow/serving, Dockerfile)."""

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+-]*)://(?P<rest>.*)", re.DOTALL)
_NAMED = re.compile(r"(?P<kind>dns|ipv4|ipv6|unix|unix-abstract):(?P<rest>\S+)")
_HOST = re.compile(
    r"(?P<host>[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.%\w]+\])"
    r"(:(?P<port>[0-9]{1,5}))?"
)
_PORT = re.compile(r"(?P<before>.+):(?P<port>[0-9]{4,5})")
"""The end of an IPv6 address without brackets that is meant as a port, most probably."""
_BARE_IPV6 = re.compile(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")


class Address(NamedTuple):
    """A server's address."""

    target: str
    """As gRPC takes it."""
    secure: bool | None
    """Whether TLS is asked for; None when the address does not say."""


def parse_address(text: str) -> Address:
    """Return what `text` means.

    Raises:
        ValueError: it is no address, or one of another protocol.
    """
    secure = None
    rest = text
    if (found := _SCHEME.fullmatch(text)) and found["scheme"].lower() in {"grpc", "grpcs"}:
        secure = found["scheme"].lower() == "grpcs"
        rest = found["rest"]
    elif found and found["scheme"] not in {"dns", "unix"}:
        raise ValueError(
            f"not a gRPC address, got {shown(text)}; expected 'host:port' without "
            f"'{found['scheme']}://' (TensorFlow Serving's gRPC port is {DEFAULT_PORT})"
        )
    if named := _NAMED.fullmatch(rest):
        return Address(_named(named["kind"], named["rest"], text), secure)
    return Address(_host(rest, text), secure)


def _named(kind: str, rest: str, text: str) -> str:
    """Return a name of gRPC's, each of its hosts with a port: gRPC itself would take 443."""
    if kind == "dns":
        head, slash, host = rest.rpartition("/")
        return f"dns:{head}{slash}{_host(host, text)}"
    if kind in {"ipv4", "ipv6"}:
        for host in rest.split(","):
            found = _HOST.fullmatch(host)
            if found is None or not found["port"] or not _is_number(found["host"], kind):
                example = "10.0.0.1:8500,10.0.0.2:8500" if kind == "ipv4" else "[fd00::1]:8500"
                raise ValueError(
                    f"not an address, got {shown(text)}; expected '{kind}:' and numbers with their "
                    f"ports, such as '{kind}:{example}'"
                )
    return f"{kind}:{rest}"


def _is_number(host: str, kind: str) -> bool:
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return address.version == (4 if kind == "ipv4" else 6)


def _host(host: str, text: str) -> str:
    """Return a host with its port.

    Raises:
        ValueError: it is none, or could be two; `text` is what was written.
    """
    if _BARE_IPV6.fullmatch(host):
        found = _PORT.fullmatch(host)
        if found is not None and _is_number(found["before"], "ipv6"):
            before, port = found["before"], found["port"]
            raise ValueError(
                f"an address without brackets, got {shown(text)}; expected 'host:port': "
                f"'[{before}]:{port}'"
            )
        host = f"[{host}]"
    found = _HOST.fullmatch(host)
    if found is None or not 1 <= int(found["port"] or DEFAULT_PORT) <= 65535:
        raise ValueError(f"not an address, got {shown(text)}; expected {_meant(host)}")
    return f"{found['host']}:{int(found['port'] or DEFAULT_PORT)}"


def _meant(host: str) -> str:
    """Return what was probably meant by what is no host."""
    general = "'host:port' such as 'localhost:8500'"
    before, slash, _ = host.partition("/")
    if slash and _HOST.fullmatch(before):
        return f"'host:port' without a path: gRPC has none, '{before}'"
    parts = host.split(",")
    if len(parts) > 1 and all(_HOST.fullmatch(part) for part in parts):
        return (
            "'host:port' of one server, a name that stands for several, or their numbers:"
            " 'ipv4:10.0.0.1:8500,10.0.0.2:8500'"
        )
    return general
