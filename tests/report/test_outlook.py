"""What `eiload validate` says of a good scenario."""

from dataclasses import replace

import pytest

from eiload.report.outlook import least_share, measured, needed, outlook, rate, share_of
from eiload.scenario import parse_objective
from tests import golden
from tests.report import runs


def of(*changes: tuple[str, str]) -> list[str]:
    """Return the outlook of the golden scenario with some of its text replaced."""
    text = runs.SCENARIO
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return outlook(runs.scenario(text))


def test_what_it_would_do() -> None:
    """The first line has targets, phases, length, requests, objectives and comparison."""
    assert of()[0] == (
        "2 targets (gpu 127.0.0.1:8500, ei 127.0.0.1:9000), 2 phases (warm-up, steady), 70 s, "
        "about 3,020 requests to each target (measured: about 3,000 requests), 2 objectives, "
        "compares ei with gpu"
    )


def test_a_run_that_is_long_enough() -> None:
    """3,000 requests in 60 s may decide p99, and 5 % of errors; p99.9 is too far out."""
    assert of()[1:] == ["cannot compare, for want of requests: p99.9 (20,000)"]


@pytest.mark.parametrize(
    ("objective", "least", "longer"),
    [("p99.9 < 900 ms", "20,000", "7 min"), ("errors < 0.1 %", "4,649", "93 s")],
)
def test_too_few_requests(objective: str, least: str, longer: str) -> None:
    """An objective that takes more requests is named, with how many and how long that is."""
    assert (
        f"cannot decide {objective}: needs at least {least} requests: {longer} at 50/s; "
        "this run expects 3,000 in 60 s"
    ) in of(("p99 < 400 ms", objective))


def test_too_short() -> None:
    """Nothing is decided on less than a minute, whatever the rate."""
    lines = of(("rate: 50/s, arrivals: constant, for: 60 s", "rate: 500/s, for: 30 s"))
    lacks = "needs at least 30,000 requests: 60 s at 500/s; this run expects 15,000 in 30 s"
    assert f"cannot decide p99 < 400 ms: {lacks}" in lines
    assert f"cannot compare at p99, the headline: {lacks}" in lines


def test_a_capacity_that_is_looked_for() -> None:
    """Is another command's to find; it is said which."""
    looks = (
        "'eiload capacity' looks for the highest rate that holds, from 2/s to 20/s, within 10 min"
    )
    form = ", and so does the web UI's form; an ordinary run does not"
    find = "compare: {baseline: gpu, candidate: ei}\nfind: {from: 2/s, to: 20/s, budget: 10 min}"
    assert f"{looks}{form}" in of((find.partition("\n")[0], find))


def test_a_closed_loop_never_passes() -> None:
    """Users who wait for their answers make no schedule, and cannot show that an SLA holds."""
    first, *rest = of(("rate: 50/s, arrivals: constant, for: 60 s", "users: 10, for: 60 s"))
    assert "measured: as many requests as its users get answered" in first
    assert rest[0].startswith("cannot decide p99 < 400 ms: a closed loop")
    assert rest[1].startswith("cannot compare at p99, the headline: a closed loop")
    assert len(rest) == 2


def test_what_needs_no_time() -> None:
    """Agreement and the maximum are not a matter of a minute."""
    lines = of(
        ("rate: 50/s, arrivals: constant, for: 60 s", "rate: 50/s, for: 10 s"),
        ("[p99 < 400 ms, errors < 5 %]", "[max < 2 s, agreement >= 99 %, mean < 1 s]"),
    )
    assert [line for line in lines if line.startswith("cannot decide")] == [
        "cannot decide mean < 1 s: needs at least 60 s, measures 10 s"
    ]


def test_one_phase_one_target() -> None:
    """An objective for a phase or a target is looked at there."""
    lines = of(
        (
            "objectives: [p99 < 400 ms, errors < 5 %]",
            "objectives: [{target: ei, phase: burst, objective: p99 < 1 s}]",
        ),
        ("for: 60 s}", "for: 60 s}\n  - {phase: burst, rate: 10/s, for: 60 s}"),
    )
    assert lines[1] == (
        "cannot decide p99 < 1 s of ei in burst: needs at least 2,000 requests: 4 min at 10/s; "
        "this run expects 600 in 60 s"
    )


def test_the_same_server_twice() -> None:
    """A comparison of a server with itself is called what it is."""
    assert of(("127.0.0.1:9000", "127.0.0.1:8500"))[0].endswith(
        "compares ei with gpu, which are the same server (an A/A run)"
    )


def test_stand_ins_are_emulated() -> None:
    """A target without a server says that it is emulated."""
    line = of(('server: "127.0.0.1:8500"', "stand_in: p2.xlarge"))[0]
    assert line.startswith("2 targets (gpu emulated, ei 127.0.0.1:9000)")


def test_a_class_takes_its_share() -> None:
    """An objective of a class has its requests only: by weight as many times as many are needed."""
    scenario = golden.scenario(golden.MIX)
    phases = measured(scenario)
    shares = {name: share_of(scenario, phases, name, None) for name in scenario.payload.classes}
    assert sum(shares.values()) == pytest.approx(1)
    for name, share in shares.items():
        objective = replace(parse_objective("p99.9 < 300 ms"), of_class=name)
        assert least_share(scenario, objective, phases) == share
        need, of_all = needed(objective, phases, share=share), needed(objective, phases)
        assert need.seconds > of_all.seconds
        assert need.requests / need.seconds == pytest.approx(share * rate(phases), rel=0.01)
