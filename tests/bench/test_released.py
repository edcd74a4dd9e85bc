"""Versions with their dates."""

from bench.released import RELEASED, dated, installed, ours


def test_dated() -> None:
    """A known version has its month; of another it is said that its date is not known."""
    assert dated("h2load", "1.52.0") == "h2load 1.52.0 (2023-02)"
    assert dated("h2load", "9.9") == "h2load 9.9 (date not known)"
    assert all(len(month) == 7 for month in RELEASED.values())


def test_installed() -> None:
    """Python's packages are looked up; eiload's own version has its commit, or says it has none."""
    assert installed("locust").startswith("locust 2.")
    assert ours().endswith(")")
