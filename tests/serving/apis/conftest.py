"""A stand-in with both of TensorFlow Serving's ports."""

from collections.abc import Iterator

import pytest

from eiload.scenario.standin import StandIn
from eiload.server.launch import StandInProcess
from tests.stand_in import WarmStandIn


@pytest.fixture(scope="package")
def served() -> Iterator[StandInProcess]:
    """Serve model ssd over gRPC and REST."""
    settings = StandIn.of(profile="p2.xlarge", compute="1 ms")
    with WarmStandIn(settings, "ssd", arguments=("--rest-port", "0")) as process:
        yield process
