"""wires: a run of each of our wires against its server."""

from pathlib import Path

from bench.wires import cpu_ms, threads
from eiload.sending.endpoint import HTTP1


def test_http_1_is_measured(tmp_path: Path) -> None:
    """A request of any bytes has its cost."""
    request = tmp_path / "request"
    request.write_bytes(bytes(100_000))
    with threads() as address:
        assert 0 < cpu_ms(HTTP1, address, request, 2, 0.05) < 1000
