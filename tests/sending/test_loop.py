"""loop: users take turns, think, and end with their loop; and the sender plays them."""

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.sending.loop import Loop
from eiload.sending.result import WANT_RESPONSE, Send, sampled
from tests.sending.driver import CLOCK, Driver, Serve, loop_spec


def test_closed_loop(serve: Serve) -> None:
    """Each user has one request at a time, and thinks between an answer and the next request."""
    with Driver(serve()) as driver:
        driver.engine.add_payload(b"abc")
        spec = loop_spec()
        driver.engine.loop(Loop(**spec))
        results = driver.play(b"", spec["end_ns"])
    assert len(results) >= 4
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


def test_it_crosses_the_pipe() -> None:
    """As JSON."""
    assert Loop.from_json(json.dumps(asdict(loop())).encode()) == loop()
