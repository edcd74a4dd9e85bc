"""The profiles: nothing without a source, and means that are the published ones."""

from math import exp, log
from statistics import NormalDist

import pytest

from eiload.scenario.standin import Gamma, StandIn
from eiload.scenario.standin.profiles import PICTURE_BYTES, PROFILES

PUBLISHED_MS = {
    "p2.xlarge": 197.7,
    "p3.2xlarge": 61.0,
    "titan-x": 76.0,
    "m5.large": 2862.7,
    "m5.4xlarge": 415.9,
    "c5.4xlarge": 363.5,
    "eia1.medium": 353.5,
    "eia1.large": 222.8,
    "eia1.xlarge": 141.0,
    "eia2.medium": 353.5,
    "eia2.large": 222.8,
    "eia2.xlarge": 141.0,
}


def test_every_number_has_a_source() -> None:
    """Each setting of each profile says where it is from, or that it is an assumption."""
    for profile in PROFILES.values():
        assert profile.settings.keys() == profile.sources.keys()
        assert all(profile.sources.values())


@pytest.mark.parametrize("name", PROFILES)
def test_the_mean_service_time_is_the_published_one(name: str) -> None:
    """Compute, round trip and transfer of the published picture add up to the published mean."""
    stand_in = StandIn.of(profile=name)
    assert isinstance(stand_in.compute, Gamma)
    mean_ms = stand_in.compute.mean_ns / 1e6
    if stand_in.attach == "network":
        assert stand_in.round_trip is not None
        assert stand_in.bandwidth is not None
        median_ns, p99_ns = stand_in.round_trip.median_ns, stand_in.round_trip.p99_ns
        sigma = log(p99_ns / median_ns) / NormalDist().inv_cdf(0.99)
        mean_ms += median_ns / 1e6 * exp(sigma**2 / 2)
        mean_ms += PICTURE_BYTES / stand_in.bandwidth * 1e3
    assert mean_ms == pytest.approx(PUBLISHED_MS[name], abs=0.01)
