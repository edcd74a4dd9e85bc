"""Places: what each of a target's connections belongs to."""

import socket

from eiload.sending.endpoint import PICK_FIRST, ROUND_ROBIN
from eiload.sending.net.address import Address
from eiload.sending.net.balance import places


def four(host: int) -> Address:
    """Return an address of IPv4."""
    return (socket.AF_INET, (f"10.0.0.{host}", 8500))


def six(host: int) -> Address:
    """Return an address of IPv6."""
    return (socket.AF_INET6, (f"fd00::{host}", 8500, 0, 0))


def test_each_address_is_a_place() -> None:
    """Of all hosts, each once."""
    hosts = ((four(1), four(2)), (four(2), four(3)))
    assert places(hosts, ROUND_ROBIN) == ((four(1),), (four(2),), (four(3),))


def test_both_families_of_a_name_are_the_same_servers() -> None:
    """The family that comes first makes the places; the other stands in, evenly."""
    assert places(((six(1), four(1)),), ROUND_ROBIN) == ((six(1), four(1)),)
    assert places(((six(1), four(1), six(2), four(2)),), ROUND_ROBIN) == (
        (six(1), four(1), four(2)),
        (six(2), four(2), four(1)),
    )


def test_pick_first_is_one_place() -> None:
    """All addresses in order, each once."""
    hosts = ((four(1), six(1)), (four(2), four(1)))
    assert places(hosts, PICK_FIRST) == ((four(1), six(1), four(2)),)
