"""A real server for the tests of this room that send something."""

from collections.abc import Iterator

import pytest

from eiload.scenario.standin import StandIn
from eiload.server.launch import StandInProcess
from tests.control.parts import parts

__all__ = ["parts", "server"]


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Serve a stand-in that answers at once; yield its address."""
    with StandInProcess(StandIn.of(compute="1 ms", concurrency=16), "ssd") as process:
        yield process.address
