"""Over which of a target's addresses its connections are spread. Pure.

A *place* is what one connection belongs to: addresses of which it takes the first that answers.

- ``round_robin``: a place for each address, so that each server behind a name gets its share. Where
  a host has addresses of both families, these are nearly always two ways to the same servers
  (``localhost`` is both ::1 and 127.0.0.1): the family that the system prefers makes the places,
  the other stands in where nobody is there.
- ``pick_first``: one place of all addresses, as gRPC does by default: one server has all the load,
  until it is gone.
"""

from eiload.sending.endpoint import PICK_FIRST
from eiload.sending.net.address import Address, Hosts

__all__ = ["Place", "places"]

Place = tuple[Address, ...]
"""Addresses that a connection tries in turn; at least one."""


def places(hosts: Hosts, balance: str) -> tuple[Place, ...]:
    """Return the places of a target, each once, in the order of its addresses.

    Args:
        hosts: the addresses of each of its hosts.
        balance: `endpoint.ROUND_ROBIN` or `PICK_FIRST`.
    """
    if balance == PICK_FIRST:
        return (tuple(dict.fromkeys(address for host in hosts for address in host)),)
    found: dict[Address, Place] = {}
    for host in hosts:
        family = host[0][0]
        own = [address for address in host if address[0] == family]
        others = [address for address in host if address[0] != family]
        for number, address in enumerate(own):
            turn = number % len(others) if others else 0
            found.setdefault(address, (address, *others[turn:], *others[:turn]))
    return tuple(found.values())
