"""Where a server is, as people write it and as gRPC takes it.

``host:port``, ``host`` (port 8500, TensorFlow Serving's), ``[::1]:8500``, gRPC's own ``dns:``,
``ipv4:``, ``ipv6:`` and ``unix:`` names (grpc/grpc, doc/naming.md), each also behind ``grpc://``
(plaintext, said aloud) or ``grpcs://`` (TLS). Pure: nothing is looked up.
"""

import re
from typing import NamedTuple

from eiload.base.quantity import shown

__all__ = ["DEFAULT_PORT", "Address", "parse_address"]

DEFAULT_PORT = 8500
"""The port of gRPC in TensorFlow Serving's image (tensorflow/serving, Dockerfile)."""

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+-]*)://(?P<rest>.*)", re.DOTALL)
_NAMED = re.compile(r"(dns|ipv4|ipv6|unix|unix-abstract):\S+")
_HOST = re.compile(
    r"(?P<host>[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.%\w]+\])"
    r"(:(?P<port>[0-9]{1,5}))?"
)
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
    if _NAMED.fullmatch(rest):
        return Address(rest, secure)
    if _BARE_IPV6.fullmatch(rest):
        rest = f"[{rest}]"
    found = _HOST.fullmatch(rest)
    if found is None or not 1 <= int(found["port"] or DEFAULT_PORT) <= 65535:
        raise ValueError(
            f"not an address, got {shown(text)}; expected 'host:port' such as 'localhost:8500'"
        )
    return Address(f"{found['host']}:{int(found['port'] or DEFAULT_PORT)}", secure)
