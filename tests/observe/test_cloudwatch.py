"""SageMaker's account, asked of a CloudWatch through botocore, over a socket."""

import math
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.session import Session

from eiload.base.clock import NS_PER_S, ManualClock
from eiload.observe.cloudwatch import account, client_of, variants
from eiload.record.observed import Source, observed_of, written
from tests.observe.cloudwatch_stub import KEY, SECRET, CloudWatch, cloudwatch

NOON_S = 1_767_268_800
MIN_NS = 60 * NS_PER_S


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudWatch]:
    """Return a CloudWatch, which botocore goes to."""
    with cloudwatch() as found:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", found.url)
        yield found


@pytest.fixture(scope="module")
def session() -> Session:
    """Return a session of botocore's; making a client reads megabytes of models."""
    session = Session()
    session.set_credentials(KEY, SECRET)
    return session


def minute(number: int, mean_us: float = 1000.0) -> dict[str, float]:
    """Return what is known of a minute."""
    return {
        "ModelLatency_Sum": mean_us * 10 * number,
        "ModelLatency_SampleCount": 10.0 * number,
        "ModelLatency_Maximum": 5000.0 + number,
        "OverheadLatency_Sum": 200.0 * 10 * number,
        "OverheadLatency_SampleCount": 10.0 * number,
        "OverheadLatency_Maximum": 700.0,
        "Invocations_Sum": 10.0 * number,
    }


def asked(stub: CloudWatch, session: Any, clock: ManualClock | None = None, **more: Any) -> Source:
    """Return the account of a load of three minutes and a bit, from 12:00:20 on."""
    return account(
        client_of("eu-west-1", session),
        "ssd",
        "A",
        origin_wall_ns=(NOON_S + 20) * NS_PER_S,
        ended_ns=190 * NS_PER_S,
        clock=clock or ManualClock(),
        **{"wait_ns": 3 * MIN_NS, **more},
    )


def test_whole_minutes_are_told(stub: CloudWatch, session: Session) -> None:
    """Those that began and ended within the load, in order, whatever page they came on."""
    for number in range(-1, 5):
        stub.tell("A", NOON_S + 60 * number, **minute(number + 2))
    stub.tell("B", NOON_S + 60, **minute(100))
    source = asked(stub, session)
    assert (source.kind, source.name) == ("cloudwatch", "CloudWatch ssd/A")
    assert source.at_ns == (40 * NS_PER_S, 100 * NS_PER_S)
    assert (source.missed, source.why) == (0, "")
    (counts,) = source.named("model_us", stat="count")
    assert counts.values(2).tolist() == [30.0, 40.0]
    (largest,) = source.named("model_us", stat="max")
    assert largest.values(2).tolist() == [5003.0, 5004.0]
    assert observed_of(written([source])) == (source,)
    assert len(stub.asked) == 2  # its answer has two pages


def test_a_minute_that_comes_late_is_waited_for(stub: CloudWatch, session: Session) -> None:
    """Until it is there, and no longer."""
    clock = ManualClock()
    stub.tell("A", NOON_S + 60, **minute(1))

    def arrives(state: CloudWatch) -> None:
        if clock.now_ns() > 45 * NS_PER_S:
            state.tell("A", NOON_S + 120, **minute(2))

    stub.on_asked = arrives
    source = asked(stub, session, clock)
    assert source.missed == 0
    assert clock.now_ns() == 50 * NS_PER_S


def test_what_never_comes_is_not_there(stub: CloudWatch, session: Session) -> None:
    """It is said how many minutes are missing; no number is made up."""
    clock = ManualClock()
    stub.tell("A", NOON_S + 120, **minute(2))
    source = asked(stub, session, clock)
    assert clock.now_ns() == 3 * MIN_NS
    assert source.missed == 1
    assert source.why == "1 of 2 minutes had not come after 180 s"
    (counts,) = source.named("model_us", stat="count")
    assert math.isnan(counts.values(2)[0])
    assert counts.values(2)[1] == 20.0


def test_who_waits_no_longer_gets_what_there_is(stub: CloudWatch, session: Session) -> None:
    """After Ctrl-C."""
    clock = ManualClock()
    source = asked(stub, session, clock, given_up=lambda: True)
    assert clock.now_ns() == 0
    assert source.missed == 2
    assert source.series == ()


def test_a_refusal_is_told_without_its_words(stub: CloudWatch, session: Session) -> None:
    """They may hold anything; what may be done about it is said."""
    stub.error = "AccessDeniedException"
    source = asked(stub, session)
    assert source.why == (
        "AccessDeniedException: allow cloudwatch:GetMetricData and cloudwatch:ListMetrics"
    )
    assert len(stub.asked) == 0


def test_a_short_load_has_no_whole_minute(stub: CloudWatch, session: Session) -> None:
    """Nothing is asked then."""
    source = account(
        client_of("eu-west-1", session),
        "ssd",
        "A",
        origin_wall_ns=(NOON_S + 20) * NS_PER_S,
        ended_ns=90 * NS_PER_S,
        wait_ns=0,
        clock=ManualClock(),
    )
    assert source.why == "no whole minute of the clock lies within the load"
    assert stub.asked == []


def test_variants_are_those_that_answered(stub: CloudWatch, session: Session) -> None:
    """Where the scenario names none."""
    stub.tell("B", NOON_S, **minute(1))
    stub.tell("A", NOON_S, **minute(1))
    assert variants(client_of("eu-west-1", session), "ssd") == ["A", "B"]
