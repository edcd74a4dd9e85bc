"""endpoint: a scenario's target, as the sender calls it."""

from eiload.base.clock import NS_PER_S
from eiload.scenario import Target
from eiload.scenario.target import Keepalive
from eiload.sending.endpoint import KeepAlive
from eiload.serving.endpoint import endpoint_of


def test_keepalive_is_a_targets_word() -> None:
    """Never, unless it is asked for."""
    assert endpoint_of(Target(server="a:1", model="m")).keep_alive is None
    target = Target(server="a:1", model="m", keepalive=Keepalive(every_ns=30 * NS_PER_S))
    assert endpoint_of(target).keep_alive == KeepAlive(30 * NS_PER_S, 20 * NS_PER_S)
