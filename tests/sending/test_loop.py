"""loop: users take turns, think, and end with their loop; and the sender plays them."""

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.sending.loop import Loop
from eiload.sending.result import WANT_RESPONSE, Send, sampled
from tests.sending.driver import CLOCK, PATIENCE_S, Driver, Serve, loop_spec


def test_closed_loop(serve: Serve) -> None:
    """Each user has one request at a time, and thinks between an answer and the next request."""
    with Driver(serve()) as driver:
        driver.engine.add_payload(b"abc")
        spec = loop_spec(end_ns=CLOCK.now_ns() + 3600 * NS_PER_S)
        driver.engine.loop(Loop(**spec))
        give_up_ns = CLOCK.now_ns() + PATIENCE_S * NS_PER_S
        while len(driver.results()) < 40 and CLOCK.now_ns() < give_up_ns:
            CLOCK.sleep_until(CLOCK.now_ns() + 10 * NS_PER_MS)
        results = driver.play(b"", CLOCK.now_ns())
    assert len(results) >= 40
    for user in (0, 1):
        own = np.sort(results[results["seq"] % 2 == user], order="seq")
        gaps_ns = own["intended_ns"][1:] - own["done_ns"][:-1]
        assert (gaps_ns >= spec["think_ns"]).all()


@pytest.mark.parametrize("think_ns", [0, 3600 * NS_PER_S], ids=["in flight", "thinking"])
def test_closed_loop_stopped(serve: Serve, think_ns: int) -> None:
    """A stop ends users who are waiting for an answer and users who are thinking."""
    with Driver(serve()) as driver:
        driver.engine.add_payload(b"abc")
        spec = loop_spec(think_ns=think_ns, users=[0], end_ns=CLOCK.now_ns() + 3600 * NS_PER_S)
        driver.engine.loop(Loop(**spec))
        CLOCK.sleep_until(spec["start_ns"] + 200 * NS_PER_MS)
        results = driver.play(b"", CLOCK.now_ns())
    assert len(results) >= 1
    assert (results["intended_ns"] < driver.stop_at_ns).all()


def loop(**changes: Any) -> Loop:
    """Return a loop that begins at 1000 ns."""
    fields = {
        "users": (0, 1, 2), "total_users": 3, "think_ns": 300, "start_ns": 1000, "end_ns": 5000,
        "target": 1, "targets": 2, "phase": 4, "payloads": (7, 8), "sample": 0, **changes,
    }  # fmt: skip
    return Loop(**fields)


def test_users_that_think_do_not_come_together() -> None:
    """They come spread over one pause; without a pause at once; after the end not at all."""
    assert [at_ns for at_ns, _ in loop().comers()] == [1000, 1100, 1200]
    assert [at_ns for at_ns, _ in loop(think_ns=0).comers()] == [1000] * 3
    assert [user.turn for _, user in loop(end_ns=1101).comers()] == [0, 1]
    assert [user.turn for _, user in loop(users=(1, 2)).comers()] == [1, 2]


@given(
    total=st.integers(1, 6),
    workers=st.integers(1, 3),
    sample=st.integers(0, 5),
    rounds=st.integers(1, 10),
)
def test_turns(total: int, workers: int, sample: int, rounds: int) -> None:
    """However users are shared out, each turn is one user's, with its number, payload, sample."""
    asked: list[Send] = []
    for worker in range(workers):
        users = tuple(range(worker, total, workers))
        shared = loop(users=users, total_users=total, sample=sample, think_ns=0)
        for at_ns, user in shared.comers():
            asked += [user.ask(at_ns + number) for number in range(rounds)]
    asked.sort()
    assert asked == [
        Send(
            turn * 2 + 1, 1000 + turn // total, (7, 8)[turn % 2], 1, 4,
            WANT_RESPONSE if sampled(turn, sample) else 0,
        )
        for turn in range(total * rounds)
    ]  # fmt: skip


def test_users_think_and_go_home() -> None:
    """The next request is due a pause after the answer, if that is before the end."""
    (_, user), *_ = loop().comers()
    assert user.again_ns(2000) == 2300
    assert user.again_ns(4699) == 4999
    assert user.again_ns(4700) is None


def test_users_come_and_go_by_their_stints() -> None:
    """Each from its own beginning to its own end."""
    some = loop(think_ns=0, stints_ns=((1000, 2000), (1500, 5000), (3000, 3000)))
    comers = list(some.comers())
    assert [(at_ns, user.turn, user.end_ns) for at_ns, user in comers] == [
        (1000, 0, 2000),
        (1500, 1, 5000),
    ]
    (_, first), (_, second) = comers
    assert first.again_ns(1999) == 1999
    assert first.again_ns(2000) is None
    assert second.again_ns(2000) == 2000


@pytest.mark.parametrize(
    ("law", "name", "shape"),
    [
        ({"think_law": "exponential"}, "expon", ()),
        ({"think_law": "lognormal", "think_sigma": 0.8}, "lognorm", (0.8,)),
    ],
    ids=["exponential", "lognormal"],
)
def test_think_times_have_their_law(
    law: dict[str, Any], name: str, shape: tuple[float, ...]
) -> None:
    """Over 5,000 turns; a function of the seed and the turn, so the same on any worker."""
    of = loop(think_ns=10**9, seed=7, **law)
    times = [of.thought_ns(turn) for turn in range(5000)]
    assert scipy.stats.kstest(times, name, (*shape, 0, 1e9)).pvalue > 0.01
    assert abs(np.corrcoef(times[:-1], times[1:])[0, 1]) < 4 / np.sqrt(5000)
    other = loop(think_ns=10**9, seed=7, users=(1,), target=0, **law)
    assert [other.thought_ns(turn) for turn in range(50)] == times[:50]
    assert loop(think_ns=10**9, seed=8, **law).thought_ns(3) != times[3]


def test_a_user_thinks_what_its_turn_says() -> None:
    """The time after an answer is that of the turn that was answered."""
    of = loop(think_law="exponential", seed=3, end_ns=1 << 62)
    (_, user), *_ = of.comers()
    for turn in (0, 3, 6):
        user.ask(2000)
        assert user.again_ns(2000) == 2000 + of.thought_ns(turn)


def test_it_crosses_the_pipe() -> None:
    """As JSON."""
    for one in (loop(), loop(think_law="exponential", seed=2**64 - 1, stints_ns=((1, 2),) * 3)):
        assert Loop.from_json(json.dumps(asdict(one)).encode()) == one
