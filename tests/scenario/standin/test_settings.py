"""The settings of a stand-in: what is filled in, what is refused, how they travel."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.errors import ScenarioError
from eiload.scenario.standin import Constant, Gamma, LogNormal, StandIn, parse
from eiload.scenario.standin.profiles import PROFILES


def test_a_profile_fills_in_what_is_not_set() -> None:
    """Settings override their profile, one by one."""
    stand_in = StandIn.of(profile="eia1.medium", concurrency=3)
    assert (stand_in.attach, stand_in.concurrency, stand_in.api) == ("network", 3, "ei")
    assert isinstance(stand_in.compute, Gamma)


def test_an_accelerator_can_be_moved_into_the_host() -> None:
    """``attach: pcie`` leaves out the network settings of the profile."""
    stand_in = StandIn.of(profile="eia1.medium", attach="pcie")
    assert stand_in.round_trip is None
    assert stand_in.bandwidth is None


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_is_a_stand_in(name: str) -> None:
    """Each profile is valid by itself and says what it is."""
    assert name in StandIn.of(profile=name).describe()


@pytest.mark.parametrize(
    ("written", "law"),
    [
        ("60 ms", Constant),
        ({"constant": "60 ms"}, Constant),
        ({"median": "60 ms", "p99": "90 ms"}, LogNormal),
        ({"mean": "60 ms", "cv": 0.1}, Gamma),
    ],
)
def test_the_keys_say_which_law_is_meant(written: object, law: type) -> None:
    """A law needs no name."""
    assert isinstance(StandIn.of(compute=written).compute, law)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"profile": "eia1.mediun"}, "profile: expected one of p2.xlarge.*did you mean 'eia1.medium'"),
    ({"profile": 3}, "profile: expected one of .*got 3"),
    ({"compute": 5}, "compute: no unit, got 5"),
    ({"compute": "5 m"}, "compute: unknown unit 'm'.*did you mean '5 ms' or '5 min'"),
    (
        {"compute": "48 h"},
        "compute: out of range, got '48 h'; expected at least 0 s and at most 1 d",
    ),
    ({"compute": {"median": "5 ms"}}, "compute: 'p99' is missing; expected 'p99: 250 ms'"),
    ({"compute": {"median": "5 ms", "p99": "4 ms"}}, "compute: expected p99 >= median"),
    (
        {"compute": {"median": "0 ms", "p99": "4 ms"}},
        "compute.median: out of range, got '0 ms'; expected more than 0 s",
    ),
    ({"compute": {"mean": "5 ms", "cv": float("nan")}}, "compute.cv: "),
    ({"compute": {"csv": "absent.csv"}}, "compute.csv: no such file: '.*absent.csv'"),
    ({"compute": {"speed": 1}}, r"compute: expected a duration, \{median, p99\}.*got .*speed"),
    ({"concurrency": 0}, "concurrency: "),
    ({"concurrency": True}, "concurrency: "),
    ({"queue": -1}, "queue: "),
    ({"slowdown": float("inf")}, "slowdown: "),
    ({"hang": "101 %"}, "hang: more than 100 %"),
    ({"hang": 0.5}, "hang: no unit, got 0.5"),
    ({"fail": {"rate": "1 %", "status": "UNAVAILIBLE"}}, "expected .* such as UNAVAILABLE"),
    ({"fail": {"rate": "1 %", "status": "OK"}}, "fail.status: "),
    ({"fail": {"rate": "60 %"}, "hang": "50 %"}, "fail and hang: .*more than 100 %"),
    ({"round_trip": {"median": "1 ms", "p99": "2 ms"}}, "round_trip: .*attach: network"),
    ({"batching": {}, "queue": 5}, "queue: with batching"),
    ({"bandwidth": "9 Gbit"}, "bandwidth: unknown unit 'Gbit'.*did you mean '9 Gbit/s'"),
    ({"concurrency": "3"}, "concurrency: not a whole number, got '3'; expected a whole number"),
    ({"encoded": "yes"}, "encoded: neither true nor false, got 'yes'; expected true or false"),
    ({"saved_model": 3}, "saved_model: not a path, got 3; expected the path of a file or folder"),
    ({"colour": "red"}, "colour: unknown key; expected one of .*'profile', .*"),
    ({"attach": "usb"}, "attach: "),
]


@pytest.mark.parametrize(("settings", "said"), WRONG, ids=[str(row[0]) for row in WRONG])
def test_what_is_wrong_is_said_in_one_line(settings: dict[str, Any], said: str) -> None:
    """Every mistake names the setting and what was expected."""
    with pytest.raises(ScenarioError, match=rf"^here: .*{said}") as caught:
        parse(settings, "here")
    assert "\n" not in str(caught.value)


def test_all_mistakes_are_said_at_once() -> None:
    """The second mistake does not wait for the first to be mended, nor one between fields."""
    with pytest.raises(ScenarioError, match=r"compute: .*; concurrency: "):
        parse({"compute": "5", "concurrency": 0}, "here")
    with pytest.raises(ScenarioError, match=r"stalls: expected only with .*; concurrency: "):
        parse({"stalls": {"every": "1 s", "for": "1 ms"}, "concurrency": 0}, "here")


def test_a_real_model_is_not_emulated(tmp_path: Path) -> None:
    """With `saved_model` there is nothing to emulate, and nothing says so."""
    stand_in = StandIn.of(saved_model=str(tmp_path))
    assert not stand_in.emulated
    assert stand_in.describe() == ""
    with pytest.raises(ScenarioError, match="fail: emulation"):
        parse({"saved_model": str(tmp_path), "fail": {"rate": "1 %"}}, "here")


def test_paths_are_relative_to_the_scenario(tmp_path: Path) -> None:
    """A CSV file is looked for beside the file that names it."""
    (tmp_path / "times.csv").write_text("12\n")
    stand_in = parse({"compute": {"csv": "times.csv"}}, "here", tmp_path)
    assert stand_in.model_dump(mode="json")["compute"] == {"csv": str(tmp_path / "times.csv")}


durations = st.integers(1, 10**13).map(lambda ns: f"{ns} ns")
stand_ins = st.fixed_dictionaries(
    {},
    optional={
        "profile": st.sampled_from(list(PROFILES)),
        "compute": durations
        | st.tuples(durations, st.floats(0.001, 5)).map(lambda t: {"mean": t[0], "cv": t[1]}),
        "slowdown": st.floats(0.01, 100),
        "concurrency": st.integers(1, 100),
        "hang": st.floats(0, 40).map(lambda share: f"{share:.6f} %"),
        "fail": st.fixed_dictionaries({"rate": st.just("0.3 %")}),
        "cold_start": durations,
        "batching": st.fixed_dictionaries({}, optional={"batch_timeout": durations}),
    },
)


@given(stand_ins)
def test_settings_survive_their_journey(settings: dict[str, Any]) -> None:
    """Dumped to JSON and read again, they are the same to the last digit."""
    stand_in = StandIn.of(**settings)
    assert StandIn.model_validate(json.loads(stand_in.model_dump_json())) == stand_in
