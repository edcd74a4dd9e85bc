"""Accounts that are asked for after the load: whole minutes, all variants, what cannot be had."""

from collections.abc import Iterator
from typing import Any

import pytest

from eiload.base.clock import NS_PER_S, ManualClock
from eiload.control.accounts import Accounts
from eiload.record.observed import Source
from tests.control.script import a_scenario
from tests.observe.cloudwatch_stub import KEY, SECRET, CloudWatch, cloudwatch


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudWatch]:
    """Return a CloudWatch, which we may ask."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    with cloudwatch() as found:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", found.url)
        yield found


def asked(
    said: list[str], hurry: bool = False, **target: Any
) -> tuple[tuple[tuple[Source, ...], ...], ManualClock]:
    """Return what is read after two minutes and a half of load, from 0:00:50 on."""
    clock = ManualClock()
    endpoint = {"api": "sagemaker", "endpoint": "ssd", "region": "eu-west-1", "model": "ssd"}
    scenario = a_scenario(
        targets={
            "a": {**endpoint, "observe": {"cloudwatch": "3 min"}, **target},
            "b": {**endpoint, "variant": "B"},
        },
        traffic=[{"phase": "steady", "rate": "1/s", "for": "150 s"}],
    )

    def say(line: str) -> None:
        said.append(line)
        if hurry:
            accounts.hurry()

    accounts = Accounts(scenario, clock, say)
    accounts.hurry()  # what was stopped early is waited for all the same
    clock.advance(210 * NS_PER_S)
    accounts.went(50 * NS_PER_S)
    return accounts.end(), clock


def test_all_variants_of_an_endpoint(stub: CloudWatch) -> None:
    """Each a source, for the two minutes that lie within the load; others' are not asked for."""
    for minute in (60, 120, 180):
        for variant in ("A", "B"):
            stub.tell(variant, minute, ModelLatency_SampleCount=5.0, ModelLatency_Sum=50.0)
    said: list[str] = []
    (mine, others), clock = asked(said)
    assert [each.name for each in mine] == ["CloudWatch ssd/A", "CloudWatch ssd/B"]
    assert all(each.at_ns == (10 * NS_PER_S, 70 * NS_PER_S) for each in mine)
    assert others == ()
    assert clock.now_ns() == 210 * NS_PER_S
    assert said == ["a: asking CloudWatch, up to 180 s; Ctrl-C goes on without"]


def test_who_wants_to_see_the_end(stub: CloudWatch) -> None:
    """Gets it at once, and is told what is missing."""
    said: list[str] = []
    (mine, _), clock = asked(said, hurry=True, variant="A")
    assert clock.now_ns() == 210 * NS_PER_S
    assert [each.missed for each in mine] == [2]
    assert said[-1] == "a: CloudWatch ssd/A: 2 of 2 minutes had not come after 0 s"


def test_what_cannot_be_asked(stub: CloudWatch) -> None:
    """Costs a line and no run."""
    said: list[str] = []
    stub.error = "AccessDeniedException"
    ((source,), _), clock = asked(said)
    assert clock.now_ns() == 210 * NS_PER_S
    assert source.why.startswith("AccessDeniedException: allow cloudwatch:GetMetricData")
    assert said[-1] == f"a: CloudWatch ssd: {source.why}"
    assert SECRET not in str(said)
    stub.error = ""
    ((source,), _), _ = asked(said)
    assert source.why == "it knows no variant of this endpoint"


def test_nobody_wants_an_account() -> None:
    """Nothing is asked."""
    said: list[str] = []
    accounts = Accounts(a_scenario(), ManualClock(), said.append)
    assert accounts.end() == ()
    assert said == []
