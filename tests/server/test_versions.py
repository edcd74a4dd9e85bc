"""Which version of a model is loaded, served and put away."""

from typing import Any

from eiload.server.model import VersionState
from eiload.server.versions import Versions


def servable(name: str) -> Any:
    """Return something to be told apart by."""
    return name


def test_the_newest_is_loaded_and_served() -> None:
    """It is LOADING until it is there, and asked for once."""
    versions = Versions("ssd", {})
    assert versions.to_load({1, 3, 2}) == 3
    assert versions.states() == {3: (VersionState.LOADING, "")}
    assert versions.to_load({1, 3, 2}) is None
    assert versions.latest() is None
    assert versions.loaded(3, servable("three")) == []
    assert versions.latest() == 3
    assert versions.servable(3) == servable("three")
    assert versions.to_load({1, 3, 2}) is None


def test_a_newer_one_takes_over_when_it_is_ready() -> None:
    """Until then the old one serves; afterwards it is put away."""
    versions = Versions("ssd", {})
    versions.to_load({1})
    versions.loaded(1, servable("one"))
    assert versions.to_load({1, 2}) == 2
    assert versions.servable(1) == servable("one")
    assert versions.loaded(2, servable("two")) == [servable("one")]
    assert versions.servable(1) is None
    assert dict(versions.states()) == {1: (VersionState.END, ""), 2: (VersionState.AVAILABLE, "")}


def test_one_that_cannot_be_loaded_changes_nothing() -> None:
    """Its error is remembered, and it is not tried again and again."""
    versions = Versions("ssd", {})
    versions.to_load({1})
    versions.loaded(1, servable("one"))
    assert versions.to_load({1, 2}) == 2
    versions.failed(2, "broken")
    assert versions.to_load({1, 2}) is None
    assert versions.latest() == 1
    assert versions.states()[2] == (VersionState.END, "broken")
    assert repr(versions) == "<Versions 'ssd': 1 AVAILABLE, 2 END>"


def test_what_is_served_stays_when_its_directory_goes() -> None:
    """Nothing is better than what is loaded."""
    versions = Versions("ssd", {})
    versions.to_load({2})
    versions.loaded(2, servable("two"))
    assert versions.to_load(set()) is None
    assert versions.latest() == 2


def test_going_back_is_loading_again() -> None:
    """Version 2 taken away: version 1, served before, is loaded anew."""
    versions = Versions("ssd", {})
    for version in (1, 2):
        versions.to_load({version})
        versions.loaded(version, servable(str(version)))
    assert versions.to_load({1}) == 1
    assert versions.loaded(1, servable("one again")) == [servable("2")]
    assert versions.latest() == 1
