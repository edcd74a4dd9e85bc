"""http: targets over HTTP/1.1, their addresses and words."""

import json
from typing import Any

import pytest

from eiload.scenario import Target
from eiload.scenario.http import PORTS, default_server
from eiload.scenario.words import filled


def made(**said: Any) -> Target:
    """Return a target, which has to be right."""
    target, problems = filled(Target, {"model": "m", **said}, {"base": "/"})
    assert problems == []
    assert target is not None
    return target


def wrong(**said: Any) -> list[str]:
    """Return what is wrong with a target."""
    _, problems = filled(Target, {"model": "m", "server": "h", **said}, {"base": "/"})
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("api", "server", "where", "secure"),
    [
        ("tf-rest", "h", "h:8501", False),
        ("tf-rest", "h:80", "h:80", False),
        ("container", "h", "h:8080", False),
        ("container", "http://h:9000/", "h:9000", False),
        ("container", "http://h", "h:80", False),
        ("tf-rest", "https://h", "h:443", True),
        ("tf-rest", "https://h:8443", "h:8443", True),
        ("tf-rest", "[::1]", "[::1]:8501", False),
        ("tf-rest", "ipv4:10.0.0.1:8501,10.0.0.2:8501", "ipv4:10.0.0.1:8501,10.0.0.2:8501", False),
        ("grpc", "h", "h:8500", False),
    ],
)
def test_addresses(api: str, server: str, where: str, secure: bool) -> None:
    """Each API has its port; a URL says whether TLS is spoken."""
    target = made(api=api, server=server)
    assert target.server == where
    assert (target.tls is not None) == secure


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"api": "tf-rest", "server": "grpc://h"}, "expected 'host:port', 'http://host:port'"),
        ({"api": "tf-rest", "server": "http://h:1/v1/models/m"}, "with a path"),
        ({"api": "rest"}, "api"),
        ({"api": "tf-rest", "client": "grpcio"}, "client: HTTP/1.1 has none"),
        ({"api": "tf-rest", "compression": "gzip"}, "compression: HTTP/1.1 has none"),
        ({"api": "tf-rest", "keepalive": {"every": "1 s"}}, "keepalive: HTTP/1.1 has none"),
        ({"api": "tf-rest", "content_type": "text/csv"}, "REST takes JSON"),
        ({"api": "tf-rest", "body": "list"}, "takes no bare list"),
        ({"api": "container", "version": 1}, "a container has one model"),
        ({"api": "container", "content_type": "a\u00fc"}, "printable ASCII"),
        ({"api": "container", "metadata": {"accept": "x"}}, "has a word of its own: `accept:`"),
        ({"api": "container", "metadata": {"connection": "x"}}, "is the connection's"),
        ({"body": "inputs"}, "body: gRPC has none"),
        ({"content_type": "text/csv"}, "content_type: gRPC has none"),
        ({"connections": 257}, "at most 256 with gRPC"),
        ({"server": None, "stand_in": {"api": "tf-rest"}}, "expected `api: tf-rest` in the target"),
    ],
)
def test_what_does_not_go_together(said: dict[str, Any], problem: str) -> None:
    """One line for each, with what to do."""
    (line,) = wrong(**said)
    assert problem in line


def test_connections_are_as_many_as_needed() -> None:
    """Unless the scenario says so; on workers, too."""
    assert made(server="h").connections == 1
    target = made(api="tf-rest", server="h")
    assert target.connections == 1000
    assert made(api="tf-rest", server="h", connections=7).connections == 7
    written = json.loads(target.model_dump_json(by_alias=True, exclude_none=True))
    assert made(**written) == target


def test_where_servers_are_if_nobody_says() -> None:
    """On this machine."""
    assert [default_server(api) for api in ("grpc", *PORTS)] == [
        "localhost:8500",
        "localhost:8501",
        "localhost:8080",
        "localhost:8080",
    ]
