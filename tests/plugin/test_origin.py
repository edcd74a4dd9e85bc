"""Whose requests the web UI takes, by their Host, Origin and Referer."""

import pytest

from eiload.plugin.origin import VARIABLE, Names

NAMES = Names(["Build-7", "0.0.0.0", "", None, "*", "https://load.example:8089"], "")
PROXIED = Names(["build-7"], " locust.example.com , ")


@pytest.mark.parametrize(
    "host",
    [
        "localhost:8089",
        "LOCALHOST",
        "app.localhost:1",
        "127.0.0.1:8089",
        "10.1.2.3",
        "[::1]:8089",
        "[fe80::1%25eth0]:8089",
        "build-7:8089",
        "build-7.:8089",
        "load.example",
    ],
)
@pytest.mark.parametrize("changes", [True, False])
def test_our_own_names(host: str, changes: bool) -> None:
    """Addresses, localhost and the machine's names are ours, from no browser and from ours."""
    assert NAMES.refusal({"Host": host}, changes=changes) is None
    assert NAMES.refusal({"Host": host, "Origin": f"http://{host}"}, changes=changes) is None


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8089", "", "127.0.0.1.evil.example", "localhost.evil.example",
     "build-7.evil.example", "a@evil.example", "[::1", "x:y:z", "127.0.0.1:99999999"],
)  # fmt: skip
def test_rebound_names(host: str) -> None:
    """A name that is not ours is refused, though it led here, with the remedy."""
    why = NAMES.refusal({"Host": host, "Origin": f"http://{host}"}, changes=False)
    assert why is not None
    assert "\n" not in why
    assert VARIABLE in why


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "", "http://127.0.0.1:8090", "https://127.0.0.1", "http://",
     "http://127.0.0.1:8089.evil.example", "file://127.0.0.1:8089", "http://[", "127.0.0.1:8089"],
)  # fmt: skip
@pytest.mark.parametrize("changes", [True, False])
def test_other_sites(origin: str, changes: bool) -> None:
    """A page of another site, or of another port here, is refused by its origin."""
    headers = {"Host": "127.0.0.1:8089", "Origin": origin}
    why = NAMES.refusal(headers, changes=changes)
    assert why is not None
    assert "\n" not in why


def test_referer_stands_in_for_origin() -> None:
    """Where a browser sends no Origin, what changes something looks at the Referer."""
    foreign = {"Host": "localhost:8089", "Referer": "http://evil.example/page"}
    assert NAMES.refusal(foreign, changes=True) is not None
    assert NAMES.refusal(foreign, changes=False) is None  # a link to a page
    own = {"Host": "localhost:8089", "Referer": "http://localhost:8089/"}
    assert NAMES.refusal(own, changes=True) is None


def test_ports_that_are_not_said() -> None:
    """The scheme's own port is the same said or not."""
    for origin in ("http://localhost", "http://localhost:80", "https://localhost:443"):
        assert NAMES.refusal({"Host": "localhost", "Origin": origin}, changes=True) is None
    assert (
        NAMES.refusal({"Host": "localhost:443", "Origin": "https://localhost"}, changes=True)
        is None
    )


def test_a_proxy() -> None:
    """A name that the user gives is ours, with the proxy's own port and also where it hides."""
    outside = "https://locust.example.com"
    for host in ("locust.example.com", "127.0.0.1:8089"):
        assert PROXIED.refusal({"Host": host, "Origin": outside}, changes=True) is None
    assert PROXIED.refusal({"Host": "127.0.0.1", "Origin": "http://evil"}, changes=True) is not None


def test_what_a_stranger_says_is_shown_tame() -> None:
    """Headers are cut and stripped of what could steer a page or a terminal."""
    why = NAMES.refusal({"Host": "<b>\x1b[31m" + "x" * 500}, changes=True) or ""
    assert "<" not in why
    assert "\x1b" not in why
    assert len(why) < 400
