"""Feeding: what a slice gives the sender, and when."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from eiload.base.clock import NS_PER_S
from eiload.control.feeder import CEDE_LEAD_NS, KEPT_NS, Feeder
from eiload.scenario import Scenario, build
from eiload.scenario.schedule import Schedule
from eiload.sending.arrays import SEND_DTYPE
from eiload.sending.engine import Engine
from eiload.sending.loop import Loop
from eiload.sending.result import SEND

ORIGIN_NS = 5 * NS_PER_S


class Orders:
    """An engine's ear: keeps what it is told."""

    def __init__(self) -> None:
        self.sends: list[Any] = []
        self.loops: list[Loop] = []

    def send(self, sends: bytes) -> None:
        """Keep sends."""
        self.sends.append(np.frombuffer(sends, SEND_DTYPE))

    def loop(self, loop: Loop) -> None:
        """Keep a loop."""
        self.loops.append(loop)


def a_scenario(traffic: list[dict[str, Any]]) -> Scenario:
    """Return two targets under this traffic."""
    target = {"server": "127.0.0.1:1", "model": "ssd"}
    plain = {"name": "feeder", "targets": {"a": target, "b": target}, "sample": 10}
    return build({**plain, "payload": {"synthetic": "8x8"}, "traffic": traffic}, "test", Path())


def fed(scenario: Scenario, index: int = 0, count: int = 1) -> tuple[Feeder, Orders]:
    """Return a feeder that has begun, and what it will have ordered."""
    orders = Orders()
    engine = cast("Engine", orders)
    feeder = Feeder(scenario, index, count, engine=engine, requests={0: [7, 8], 1: [9, 10]})
    feeder.begin(ORIGIN_NS)
    return feeder, orders


def test_send_records_are_the_senders() -> None:
    """The numpy record is `result.SEND`."""
    packed = SEND.pack(1, -2, 3, 4, 5, 1)
    assert np.frombuffer(packed, SEND_DTYPE)[0].tolist() == (1, -2, 3, 4, 5, 1)


def test_only_to_the_horizon() -> None:
    """What is due before the horizon is given, once; the rest is given later."""
    scenario = a_scenario([{"phase": "x", "rate": "50/s", "for": "10 s"}])
    offsets = np.concatenate([c.offsets_ns for c in Schedule(scenario.traffic, 1).chunks()])
    feeder, orders = fed(scenario)
    for horizon_s in (3, 3, 4, 20):
        feeder.feed(horizon_s * NS_PER_S)
        sent = np.concatenate(orders.sends)
        due = offsets[offsets < horizon_s * NS_PER_S]
        assert (sent["intended_ns"] - ORIGIN_NS).tolist() == np.repeat(due, 2).tolist()


def test_one_payload_for_both_targets() -> None:
    """The two requests of an arrival are the same payload's, each in its target's bytes."""
    feeder, orders = fed(a_scenario([{"phase": "x", "rate": "50/s", "for": "2 s"}]))
    feeder.feed(2 * NS_PER_S)
    (sends,) = orders.sends
    one, other = sends[sends["target"] == 0], sends[sends["target"] == 1]
    assert (other["payload"] == one["payload"] + 2).all()
    assert set(one["payload"].tolist()) == {7, 8}


def test_no_target_is_always_first() -> None:
    """The requests of one arrival are due together; which of them is sent first changes."""
    feeder, orders = fed(a_scenario([{"phase": "x", "rate": "50/s", "for": "10 s"}]))
    feeder.feed(10 * NS_PER_S)
    sends = np.concatenate(orders.sends)
    first = sends["target"][::2]
    assert (np.diff(sends["intended_ns"])[::2] == 0).all()
    assert (sends["seq"] // 2 == np.repeat(np.arange(len(first)), 2)).all()
    pairs = first[: len(first) // 2 * 2].reshape(-1, 2)
    assert (pairs.sum(axis=1) == 1).all()  # of two arrivals each target leads one
    assert 0 < pairs[:, 0].mean() < 1  # and which one is drawn


def test_users_begin_with_either_target() -> None:
    """In a closed loop half of the users ask one target first, half the other."""
    feeder, orders = fed(a_scenario([{"phase": "users", "users": 40, "for": "5 s"}]))
    feeder.feed(NS_PER_S)
    first: dict[int, int] = {}
    for loop in orders.loops:
        for user in loop.users:
            first.setdefault(user, loop.target)
    assert sorted(first) == list(range(40))
    assert sum(first.values()) == 20


def test_loops_start_once() -> None:
    """A closed phase's users are started when it is near, for each target, and not again."""
    traffic: list[dict[str, Any]] = [
        {"phase": "open", "rate": "1/s", "for": "5 s"},
        {"phase": "users", "users": 3, "for": "5 s"},
    ]
    feeder, orders = fed(a_scenario(traffic), 1, 2)
    feeder.feed(4 * NS_PER_S)
    assert orders.loops == []
    for horizon_s in (6, 7, 20):
        feeder.feed(horizon_s * NS_PER_S)
    assert sorted((loop.target, loop.users) for loop in orders.loops) == [(0, (1,)), (1, (1,))]
    assert orders.loops[0].start_ns == ORIGIN_NS + 5 * NS_PER_S
    feeder.own([0], 8 * NS_PER_S)
    feeder.feed(20 * NS_PER_S)
    again = orders.loops[2:]
    for target in (0, 1):
        users = [user for loop in again if loop.target == target for user in loop.users]
        assert sorted(users) == [0, 2]
    assert orders.loops[2].start_ns == ORIGIN_NS + 8 * NS_PER_S


def test_slices_change_hands() -> None:
    """What one cedes from an offset on another owns, who had none: each arrival is sent once."""
    scenario = a_scenario([{"phase": "x", "rate": "50/s", "for": "10 s"}])
    first, orders = fed(scenario, 0, 2)
    first.own([1], NS_PER_S)
    late, others = fed(scenario, 2, 2)
    for feeder in (first, late):
        feeder.feed(4 * NS_PER_S)
    assert others.sends == []
    assert first.cede([1], 6 * NS_PER_S) == 6 * NS_PER_S
    late.own([1], 6 * NS_PER_S)
    for feeder in (first, late):
        feeder.feed(10 * NS_PER_S)
    sent, taken = (np.concatenate(each.sends) for each in (orders, others))
    assert set((taken["seq"] // 2 % 2).tolist()) == {1}
    assert taken["intended_ns"].min() >= ORIGIN_NS + 6 * NS_PER_S
    (chunk,) = Schedule(scenario.traffic, 1).chunks()
    numbers = np.arange(len(chunk.offsets_ns))
    due = numbers[(numbers % 2 == 0) | (chunk.offsets_ns >= NS_PER_S)]
    assert sorted([*sent["seq"], *taken["seq"]]) == sorted([*(due * 2), *(due * 2 + 1)])


@pytest.mark.parametrize("heard_s", [1, 6, 9])
def test_who_hears_late_of_a_hand_over(heard_s: int) -> None:
    """Nothing is sent twice or left out: one goes on for longer, one begins with the past."""
    scenario = a_scenario([{"phase": "x", "rate": "50/s", "for": "20 s"}])
    first, orders = fed(scenario, 0, 1)
    late, others = fed(scenario, 1, 1)
    first.feed(heard_s * NS_PER_S)
    from_ns = first.cede([0], 5 * NS_PER_S)
    assert from_ns == max(5 * NS_PER_S, heard_s * NS_PER_S + CEDE_LEAD_NS)
    late.feed(15 * NS_PER_S)  # beyond it, long
    late.own([0], from_ns)
    for feeder in (first, late):
        feeder.feed(20 * NS_PER_S)
    (chunk,) = Schedule(scenario.traffic, 1).chunks()
    sent = np.concatenate([*orders.sends, *others.sends])
    assert sorted(sent["seq"].tolist()) == list(range(2 * len(chunk.offsets_ns)))
    assert np.concatenate(others.sends)["intended_ns"].min() >= ORIGIN_NS + from_ns


def test_what_was_passed_over_is_not_kept_for_ever() -> None:
    """Half a minute of it: no order takes so long."""
    feeder, orders = fed(a_scenario([{"phase": "x", "rate": "5/s", "for": "200 s"}]), 1, 1)
    for second in range(0, 100, 2):
        feeder.feed(second * NS_PER_S)
    feeder.own([0], 0)
    sent = np.concatenate(orders.sends)
    assert sent["intended_ns"].min() >= ORIGIN_NS + 98 * NS_PER_S - KEPT_NS - 2 * NS_PER_S


def test_users_stay_with_whoever_has_none_of_them() -> None:
    """A worker that came late starts no users of its own."""
    feeder, orders = fed(a_scenario([{"phase": "users", "users": 5, "for": "5 s"}]), 2, 2)
    feeder.feed(NS_PER_S)
    assert orders.loops == []


def test_users_who_come_and_go() -> None:
    """A ramp's users begin each at its own instant; slices share them out, each numbered once."""
    traffic: list[dict[str, Any]] = [
        {"phase": "ramp", "users": {"from": 1, "to": 5}, "for": "8 s"},
        {
            "phase": "steps",
            "users": {"steps": [1, 3, 2]},
            "think": {"lognormal": {"median": "1 s", "p99": "5 s"}},
            "for": "9 s",
        },
    ]
    found: dict[tuple[int, int], set[tuple[int, int, int]]] = {}
    for index in range(2):
        feeder, orders = fed(a_scenario(traffic), index, 2)
        feeder.feed(20 * NS_PER_S)
        for loop in orders.loops:
            stints = zip(loop.users, loop.stints_ns, strict=True)
            found.setdefault((loop.phase, loop.target), set()).update(
                (user, (begin - ORIGIN_NS) // NS_PER_S, (end - ORIGIN_NS) // NS_PER_S)
                for user, (begin, end) in stints
            )
            assert loop.total_users == (5 if loop.phase == 0 else 3)
            assert loop.think_law == ("constant" if loop.phase == 0 else "lognormal")
    for target in (0, 1):
        assert found[0, target] == {(0, 0, 8), (1, 1, 8), (2, 3, 8), (3, 5, 8), (4, 7, 8)}
        assert found[1, target] == {(0, 8, 17), (1, 11, 14), (2, 11, 17)}


def test_who_takes_over_a_ramp_starts_those_who_are_there() -> None:
    """Users that have gone do not come back; the others begin where they are taken over."""
    feeder, orders = fed(
        a_scenario([{"phase": "x", "users": {"from": 4, "to": 0}, "for": "8 s"}]), 1, 2
    )
    feeder.feed(NS_PER_S)
    taken = len(orders.loops)
    feeder.own([0], 4 * NS_PER_S)
    feeder.feed(5 * NS_PER_S)
    stints = {
        (user, begin - ORIGIN_NS, end - ORIGIN_NS)
        for loop in orders.loops[taken:]
        for user, (begin, end) in zip(loop.users, loop.stints_ns, strict=True)
    }
    assert stints == {(0, 4 * NS_PER_S, 7 * NS_PER_S)}


def test_a_trace_that_chooses(tmp_path: Path) -> None:
    """Images are the trace's, for both targets, on any slice; a target gets its requests alone."""
    rows = [(n / 50, f"synthetic-8x8-{n % 2}", "ab"[n % 5 == 0]) for n in range(100)]
    text = "".join(f"{at},{image},{target}\n" for at, image, target in rows)
    (tmp_path / "t.csv").write_text(f"timestamp,image,target\n{text}")
    for columns in ({"image": "image"}, {"image": "image", "target": "target"}):
        replay = {"file": str(tmp_path / "t.csv"), "unit": "s", "choose": columns}
        scenario = a_scenario([{"phase": "x", "replay": replay, "for": "2 s"}])
        found: list[tuple[int, int, int]] = []
        for index in range(3):
            feeder, orders = fed(scenario, index, 3)
            for horizon_s in (1, 2):
                feeder.feed(horizon_s * NS_PER_S)
            sends = np.concatenate(orders.sends)
            found += [
                (int(seq) // 2, int(target), int(payload))
                for seq, target, payload in sends[["seq", "target", "payload"]].tolist()
            ]
        expected = [
            (n, target, 7 + n % 2 + 2 * target)
            for n, (*_, name) in enumerate(rows)
            for target in range(2)
            if len(columns) == 1 or "ab"[target] == name
        ]
        assert sorted(found) == expected
