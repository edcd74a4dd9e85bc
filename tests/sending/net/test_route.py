"""How servers are reached, as an endpoint says, or as gRPC does where it says nothing."""

from eiload.sending.endpoint import CHANNEL_OPTIONS, Endpoint, KeepAlive
from eiload.sending.net.address import parse_name
from eiload.sending.net.route import CONNECT_NS, SERVER_NAME, Route, named, route_of

TARGET = parse_name("ei.example.com:9000")


def test_what_nobody_says_is_grpcs() -> None:
    """20 s to connect, any age, and what was not looked at is sent again."""
    route = Route(None, "server", 1)
    assert route[4:] == (CONNECT_NS, 0, True)
    assert route_of(Endpoint("ei.example.com:9000", "/a/b"), TARGET, 1) == Route(
        None, "ei.example.com", 1
    )


def test_what_an_endpoint_says() -> None:
    """All of it, and the name of the server before that of its address."""
    asks = KeepAlive(30, 20)
    options = (*CHANNEL_OPTIONS, (SERVER_NAME, "other.example.com"))
    endpoint = Endpoint(
        "ei.example.com:9000", "/a/b", options=options, keep_alive=asks, connect_ns=7,
        max_age_ns=9, retries=False, tls=(None, None, None),
    )  # fmt: skip
    assert named(endpoint) == "other.example.com"
    tls, *others = route_of(endpoint, TARGET, 5, "http/1.1")
    assert tls is not None
    assert others == ["other.example.com", 5, asks, 7, 9, False]
