"""Stand-ins of a run: up before it, gone after it."""

import http.client
import socket
from pathlib import Path

import pytest

from eiload.base.errors import EiloadError
from eiload.control.standins import StandIns
from eiload.scenario import Scenario, build


def a_scenario() -> Scenario:
    """Return two targets with a stand-in and one without."""
    quick = {"stand_in": {"compute": "1 ms"}, "model": "ssd"}
    looked_at = {**quick, "observe": {"metrics": "stand-in"}}
    return build(
        {
            "name": "emulated",
            "targets": {"a": quick, "b": {"server": "127.0.0.1:1", "model": "ssd"}, "c": looked_at},
            "payload": {"synthetic": "8x8"},
            "traffic": [{"phase": "x", "rate": "1/s", "for": "1 s"}],
        },
        "test",
        Path(),
    )


def test_they_serve_until_the_end() -> None:
    """Each has an address of its own while the run is on, and nobody is there after it."""
    said: list[str] = []
    with StandIns(a_scenario(), said.append) as stand_ins:
        addresses = stand_ins.start()
        assert addresses.keys() == {"a", "c"}
        assert stand_ins.pages.keys() == {"c"}, "of those that are observed"
        every = [*addresses.values(), *stand_ins.pages.values()]
        places = [(host, int(port)) for host, _, port in map(split, every)]
        for place in places:
            socket.create_connection(place, timeout=60).close()
    assert len(set(places)) == 3
    for place in places:
        with pytest.raises(OSError):  # noqa: PT011  # refused, or reset
            socket.create_connection(place, timeout=60)
    assert said == ["starting the stand-in 'a'", "starting the stand-in 'c'"]


def test_they_serve_the_way_that_their_targets_are_asked() -> None:
    """Over REST, on the port that they tell."""
    rest = {"api": "tf-rest", "stand_in": {"compute": "1 ms"}, "model": "ssd"}
    scenario = build(
        {
            "name": "rest",
            "targets": {"r": rest},
            "payload": {"synthetic": "8x8"},
            "traffic": [{"phase": "x", "rate": "1/s", "for": "1 s"}],
        },
        "test",
        Path(),
    )
    with StandIns(scenario, lambda _text: None) as stand_ins:
        host, _, port = split(stand_ins.start()["r"])
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
        connection.request("GET", "/v1/models/ssd")
        assert b"AVAILABLE" in connection.getresponse().read()
        connection.close()


def split(address: str) -> tuple[str, str, str]:
    """Return an address as host and port."""
    return address.rpartition(":")


def test_interrupted() -> None:
    """Nobody waits for those that are not wanted any more."""
    with StandIns(a_scenario(), lambda _text: None) as stand_ins:
        stand_ins.interrupt()
        with pytest.raises(EiloadError, match="not wanted"):
            stand_ins.start()
