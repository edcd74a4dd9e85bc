"""wires: each endpoint gets the channel that it names, and gRPC's stack only when it does."""

import asyncio
import subprocess
import sys

import pytest

from eiload.sending.endpoint import GRPCIO, HTTP2, Endpoint
from eiload.sending.grpcio import GrpcioChannel
from eiload.sending.http2.channel import Http2Channel
from eiload.sending.wires import channel_of


@pytest.mark.parametrize(("client", "kind"), [(HTTP2, Http2Channel), (GRPCIO, GrpcioChannel)])
def test_the_channel_is_the_endpoints_choice(client: str, kind: type) -> None:
    """Ours unless `grpcio` is said."""

    async def made() -> object:
        return channel_of(Endpoint("127.0.0.1:1", "/x", client=client))

    assert isinstance(asyncio.run(made()), kind)
    assert Endpoint("127.0.0.1:1", "/x").client == HTTP2


def test_grpc_is_not_loaded_unless_it_is_asked_for() -> None:
    """It would be half of the sender's memory."""
    code = "import sys, eiload.sending.wires; print('grpc' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
