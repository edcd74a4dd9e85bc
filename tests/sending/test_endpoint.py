"""endpoint: plain data that crosses the pipe."""

import json
from dataclasses import asdict

from eiload.sending.endpoint import Endpoint, KeepAlive


def test_it_crosses_the_pipe_as_json() -> None:
    """Whatever is set."""
    for endpoint in (
        Endpoint("server:8500", "/a/b"),
        Endpoint(
            "server:8500", "/a/b", 7, 3, (("x-key", "secret"),), "gzip", ("roots", None, None),
            (("grpc.enable_retries", 0), ("grpc.ssl_target_name_override", "name")),
            "grpcio", KeepAlive(5, 6),
        ),
    ):  # fmt: skip
        assert Endpoint.told(json.loads(json.dumps(asdict(endpoint)))) == endpoint
