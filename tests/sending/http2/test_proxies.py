"""Proxies that nobody here wrote, in front of gRPC's server: nginx, nghttpx; and nghttpd alone.

They are Debian's packages nginx-light, nghttp2-proxy and nghttp2-server; where a program is not
there, its tests are skipped and say so.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from eiload.base.status import Status
from eiload.sending.channel import Landing
from tests import programs
from tests.grpc_servers import certificate, closed_port, grpc_server
from tests.programs import found, running
from tests.sending.http2.calls import METHOD, echo, endpoint, grpcios, land_all, opened, ours, run

HTTP = """
  client_max_body_size 0; keepalive_requests 100; http2_max_concurrent_streams 8;
  server {{
    listen 127.0.0.1:{port} {options};
    ssl_certificate {cert}; ssl_certificate_key {key};
    location / {{ grpc_pass grpc://127.0.0.1:{backend}; }}
    location /gone/ {{ grpc_pass grpc://127.0.0.1:{closed}; }}
    location /forbidden/ {{ return 403; }}
    location /page/ {{ default_type text/html; return 200 "<html>"; }}
  }}
"""


def told(landing: Landing) -> set[tuple[str, str | bytes]]:
    """Return trailing metadata without the time of day."""
    return {pair for pair in landing.trailers if pair[0] != "date"}


def double(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Answer twice the request, with a trailer, or fail if it is empty."""
    context.set_trailing_metadata((("x-cost", "7"), ("x-id-bin", b"\xff\x00")))
    if not request:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "empty, Grüße")
    return request * 2


@contextlib.contextmanager
def nginx(folder: Path, backend: int, *, secure: bool) -> Iterator[int]:
    """Run nginx; yield its port."""
    port, pair = closed_port(), certificate(folder)
    options = "ssl http2" if secure else "http2"
    http = HTTP.format(
        port=port, options=options, backend=backend, closed=closed_port(), cert=pair.cert,
        key=pair.key,
    )  # fmt: skip
    with programs.nginx(folder, http, port):
        yield port


@contextlib.contextmanager
def nghttpx(folder: Path, backend: int, *, secure: bool) -> Iterator[int]:
    """Run nghttpx; yield its port."""
    program, port, pair = found("nghttpx"), closed_port(), certificate(folder)
    command = [
        program, "--conf=/dev/null", "--workers=1", "--single-process", "--no-ocsp",
        f"--frontend=127.0.0.1,{port}{'' if secure else ';no-tls'}",
        f"--backend=127.0.0.1,{backend};;proto=h2", "--accesslog-file=/dev/null",
        f"--errorlog-file={folder}/error.log", pair.key, pair.cert,
    ]  # fmt: skip
    with running(command, port):
        yield port


PROXIES = {"nginx": nginx, "nghttpx": nghttpx}


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("proxy", PROXIES)
def test_requests_through_a_proxy(proxy: str, secure: bool, tmp_path: Path) -> None:
    """Small and large both ways, metadata, statuses, more than one connection's worth."""
    handlers = {METHOD: double, "/t/Echo": echo}
    with (
        grpc_server(handlers) as backend,
        PROXIES[proxy](tmp_path, backend, secure=secure) as port,
    ):
        roots = (tmp_path / "localhost.pem").read_text()
        tls = (roots, None, None) if secure else None
        where = endpoint(f"localhost:{port}", tls=tls)
        small = ours(where, b"small")
        assert (small.status, small.response) == (Status.OK, b"smallsmall")
        assert small.trailers == (("x-cost", "7"), ("x-id-bin", b"\xff\x00"))
        large = ours(where, bytes(9_500_000))
        assert (large.status, len(large.response)) == (Status.OK, 19_000_000)
        failed = ours(where, b"")
        assert (failed.status, failed.detail) == (Status.FAILED_PRECONDITION, "empty, Grüße")
        # A block that is head and end at once has the proxy's own fields as well, for gRPC too.
        assert told(failed) == told(grpcios(where, b""))
        assert {("x-cost", "7"), ("x-id-bin", b"\xff\x00")} <= told(failed)
        assert ours(where, b"x", method="/t/Nothing").status is Status.UNIMPLEMENTED

        async def main() -> None:
            async with opened(where) as channel:
                landings = await land_all(channel, [b"%d" % number for number in range(1000)])
                answers = [landing.response for landing in landings]
                assert answers == [b"%d" % number * 2 for number in range(1000)]
                assert {landing.status for landing in landings} == {Status.OK}

        run(main)


def test_what_nginx_says_itself(tmp_path: Path) -> None:
    """A backend that is gone, a page, a ban: HTTP's statuses are translated."""
    with grpc_server({METHOD: echo}) as backend, nginx(tmp_path, backend, secure=False) as port:
        where = endpoint(port)
        gone = ours(where, b"x", method="/gone/x")
        assert gone.status is Status.UNAVAILABLE
        assert gone.detail.startswith("received HTTP status 502: a proxy does not reach the server")
        forbidden = ours(where, b"x", method="/forbidden/x")
        assert forbidden.status is Status.PERMISSION_DENIED
        page = ours(where, b"x", method="/page/x")
        assert page.status is Status.UNKNOWN
        assert page.detail.startswith("received content-type 'text/html': REST, a web server or")


def test_nghttpd_is_no_grpc_server(tmp_path: Path) -> None:
    """Files over HTTP/2: it has none of that name."""
    program, port = found("nghttpd"), closed_port()
    with running([program, "--no-tls", "-d", str(tmp_path), str(port)], port):
        landing = ours(endpoint(port), bytes(300_000))
    assert landing.status is Status.UNIMPLEMENTED
    assert landing.detail.startswith(
        "received HTTP status 404: what answers does not know the path"
    )
