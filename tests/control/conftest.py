"""A real server for the tests of this room that send something."""

from collections.abc import Iterator

import pytest

from eiload.scenario.standin import StandIn
from tests.control.parts import parts
from tests.stand_in import WarmStandIn

__all__ = ["parts", "server"]


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Serve a stand-in that answers at once; yield its address."""
    with WarmStandIn(StandIn.of(compute="1 ms", concurrency=16), "ssd") as process:
        yield process.address
