"""What is not loaded with the wire: it must start fast, in a process that only sends."""

import subprocess
import sys

import pytest

HEAVY = {
    *("numpy", "google.protobuf", "locust", "gevent", "pydantic", "grpc", "yaml", "rich"),
}
PROTOCOL = ["frames", "headers", "streams", "events", "incoming", "connection", "heads", "grpc"]


def loaded(code: str) -> set[str]:
    """Return the modules in a fresh process after it ran `code`."""
    program = f"{code}\nimport sys\nprint(*sys.modules)"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=240)
    return set(done.stdout.split())


@pytest.mark.parametrize("name", PROTOCOL)
def test_the_protocol_is_without_io(name: str) -> None:
    """Bytes in, events and bytes out: no socket, no clock of its own, no event loop."""
    modules = loaded(f"import eiload.sending.http2.{name}")
    assert not modules & (HEAVY | {"asyncio", "socket", "ssl", "uvloop"})


def test_a_channel_is_light() -> None:
    """All that it needs is the standard library's, hpack and eiload's base."""
    assert not loaded("import eiload.sending.http2.channel") & HEAVY
