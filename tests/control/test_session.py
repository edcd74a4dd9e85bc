"""Sessions: one worker's part of a run, on a real sender and a real server."""

import contextlib
import signal
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.errors import EngineError
from eiload.base.status import Status
from eiload.control.session import LOOKAHEAD_NS, Left
from eiload.record.facts import Answers
from eiload.record.intervals import Intervals, Kind
from eiload.scenario import Scenario
from eiload.scenario.schedule import Schedule
from eiload.scenario.standin import StandIn
from eiload.sending.result import sampled
from eiload.serving import payload
from tests.control.parts import CLOCK, PATIENCE_S, Make, Player, together
from tests.control.script import two_targets
from tests.grpc_servers import grpc_server
from tests.serving.model_server import ModelServer
from tests.stand_in import WarmStandIn


def test_each_worker_spreads_over_all_addresses() -> None:
    """Two workers, three servers: the shares hold, and are told, with versions and sizes."""
    with contextlib.ExitStack() as stack:
        handlers = ModelServer().handlers()
        ports = [stack.enter_context(grpc_server(handlers)) for _ in range(3)]
        addresses = [f"127.0.0.1:{port}" for port in ports]
        target = {"server": f"ipv4:{','.join(addresses)}", "model": "ssd"}
        scenario = two_targets("", targets={"a": target}, sample=10)
        for index in range(2):
            part = Player(scenario, index, 2)
            part.session.go(CLOCK.now_ns())
            assert part.session.finished.wait(PATIENCE_S)
            (served,) = part.session.take().served["a"]
            part.session.close()
            assert set(served.addresses) == set(addresses)
            assert min(served.addresses.values()) > served.answers / 4, "a third, once connected"
            assert sum(served.addresses.values()) == served.answers == len(part.seen)
            (version,) = served.versions
            assert version.number == 7
            assert version.answers >= 2, "the first answer and the last"
            assert 0 <= version.first_ns < version.last_ns < 60 * NS_PER_S
            assert served.mean_bytes == served.largest_bytes > 0


@pytest.mark.parametrize("count", [1, 3])
def test_slices_make_the_whole(server: str, parts: Make, count: int) -> None:
    """Together the sessions send the whole schedule at its instants, and none of it twice."""
    scenario = two_targets(server)
    players = [parts(scenario, index, count) for index in range(count)]
    origin_ns = together(*players)
    offsets = np.concatenate([c.offsets_ns for c in Schedule(scenario.traffic, 1).chunks()])
    for index, part in enumerate(players):
        own = part.results()
        mine = np.arange(len(offsets)) % count == index
        assert (own["intended_ns"] - origin_ns).tolist() == np.repeat(offsets[mine], 2).tolist()
    counted = Intervals.merge(part.session.take().intervals for part in players)
    assert counted.statuses(0, 0) == counted.statuses(1, 0) == {Status.OK: len(offsets)}


def test_targets_are_paired(server: str, parts: Make) -> None:
    """Each arrival goes to both targets at one instant, with one payload."""
    part = parts(two_targets(server))
    together(part)
    results = part.results()
    one, other = results[results["target"] == 0], results[results["target"] == 1]
    assert (one["intended_ns"] == other["intended_ns"]).all()
    assert (one["payload"] == other["payload"]).all()  # one model: the same bytes, kept once
    assert set(one["payload"].tolist()) == {0, 1, 2}


def test_rest_and_grpc_to_one_server_agree(parts: Make) -> None:
    """The same pictures at the same instants, in other bytes; the answers say the same."""
    settings = StandIn.of(compute="1 ms", concurrency=16)
    with WarmStandIn(settings, "ssd", arguments=("--rest-port", "0")) as server:
        targets = {
            "grpc": {"server": server.address, "model": "ssd"},
            "rest": {"api": "tf-rest", "server": server.rest_address, "model": "ssd"},
        }
        compare = {"baseline": "grpc", "candidate": "rest"}
        part = parts(two_targets("", targets=targets, sample=2, compare=compare))
        together(part)
        taken = part.session.take()
    results = part.results()
    one, other = results[results["target"] == 0], results[results["target"] == 1]
    assert set(results["status"].tolist()) == {Status.OK}
    assert (one["intended_ns"] == other["intended_ns"]).all()
    assert (one["response_bytes"] != other["response_bytes"]).all()
    for instants in (other["sent_ns"], other["written_ns"], other["first_byte_ns"]):
        assert (instants > 0).all()
    (answers,) = taken.answers["rest"]
    assert answers.agreed == answers.compared > 0
    assert answers.bad == 0
    assert taken.failures["rest"] == ({},)


def test_other_models_get_other_bytes(server: str, parts: Make) -> None:
    """Targets of different models share the images, not the requests."""
    targets = {
        "a": {"server": server, "model": "ssd"},
        "b": {"server": server, "model": "ssd", "outputs": ["num_detections", "detection_boxes"]},
    }
    part = parts(two_targets(server, targets=targets))
    together(part)
    results = part.results()
    one, other = results[results["target"] == 0], results[results["target"] == 1]
    assert (one["payload"] != other["payload"]).all()
    assert (one["response_bytes"] > other["response_bytes"]).all()


def test_taking_over(server: str, parts: Make) -> None:
    """A taken slice is sent from the agreed instant on, and nothing of it before."""
    traffic = [{"phase": "steady", "rate": "30/s", "for": "4 s"}]
    scenario = two_targets(server, traffic=traffic)
    part = parts(scenario, 0, 2)
    from_ns = LOOKAHEAD_NS + NS_PER_S
    part.session.own([1], from_ns)
    origin_ns = together(part)
    offsets = np.concatenate([c.offsets_ns for c in Schedule(scenario.traffic, 1).chunks()])
    numbers = np.arange(len(offsets))
    expected = offsets[(numbers % 2 == 0) | (offsets >= from_ns)]
    sent = part.results()["intended_ns"] - origin_ns
    assert sent.tolist() == np.repeat(expected, 2).tolist()


def test_stop(server: str, parts: Make) -> None:
    """After a stop everything due before the cut is recorded, and nothing after it."""
    traffic = [{"phase": "steady", "rate": "100/s", "for": "10 min"}]
    scenario = two_targets(server, traffic=traffic)
    part = parts(scenario)
    part.session.go(CLOCK.now_ns())
    CLOCK.sleep_until(CLOCK.now_ns() + NS_PER_S)
    part.session.stop()
    assert part.session.finished.wait(PATIENCE_S)
    due = sum(Schedule(scenario.traffic, 1).due([part.session.ended_ns]).values())
    assert part.session.take().intervals.statuses(0, 0) == {Status.OK: due}


def test_stopped_before_second_0(server: str, parts: Make) -> None:
    """Who is stopped before anything was due has sent nothing, from second 0 on."""
    part = parts(two_targets(server))
    part.session.go(CLOCK.now_ns() + 3600 * NS_PER_S)
    part.session.stop()
    assert part.session.finished.wait(PATIENCE_S)
    assert part.session.ended_ns == 0
    assert part.session.take().intervals.total() == 0


def test_closed_loop_users_are_sliced(server: str, parts: Make) -> None:
    """Users of a closed loop are shared out, to each target as many."""
    traffic = [{"phase": "users", "users": 3, "for": "1 s"}]
    players = [parts(two_targets(server, traffic=traffic), index, 2) for index in range(2)]
    together(*players)
    users = [set((part.results()["seq"] // 2 % 3).tolist()) for part in players]
    assert users == [{0, 2}, {1}]


def test_sampled_answers_are_checked(server: str, parts: Make) -> None:
    """One in `sample` answers is looked at; a bad one counts as a failure, with its reason."""
    payload = {"synthetic": "8x8", "expect": {"labels": ["dog", "cat", "bus"], "min_score": 1.0}}
    compare = {"baseline": "a", "candidate": "b"}
    part = parts(two_targets(server, payload=payload, sample=5, compare=compare))
    together(part)
    taken = part.session.take()
    statuses = taken.intervals.statuses(0, 0)
    total = sum(statuses.values())
    checked = int(sampled(np.arange(total), 5).sum())
    assert statuses[Status.BAD_ANSWER] == checked
    bad = Answers(checked=checked, bad=checked)
    # Bad answers agree with nothing.
    assert taken.answers == {"a": (bad,), "b": (bad._replace(compared=checked),)}
    assert sum(taken.failures["a"][0].values()) == checked


def requests_of(scenario: Scenario, name: str) -> Any:
    """Yield the requests of users to a target."""
    for _, tensor in payload.tensors(scenario.payload):
        yield payload.made_of(scenario.targets[name], {scenario.targets[name].input: tensor})


def test_driven(server: str, parts: Make) -> None:
    """In a driven session users make the requests; each is counted as its caller judged it."""
    part = parts(two_targets(server), requests_of=requests_of)
    session = part.session
    with pytest.raises(EngineError):
        session.call(0, session.payload_of(0, 0))  # not yet
    origin_ns = CLOCK.now_ns() + 200 * NS_PER_MS
    session.go(origin_ns)
    for turn in range(4):
        reply = session.call(0, session.payload_of(0, turn))
        assert reply.status is Status.OK
        assert reply.intended_ns >= origin_ns  # whoever comes early waits for second 0
        status = Status.BAD_ANSWER if turn == 3 else Status.OK
        session.tally.count(reply, status, "not this")
    session.stop()
    assert session.finished.wait(PATIENCE_S)
    with pytest.raises(EngineError):
        session.call(0, session.payload_of(0, 0))  # not any more
    taken = session.take()
    assert taken.intervals.statuses(0, 0) == {Status.OK: 3, Status.BAD_ANSWER: 1}
    assert taken.failures["a"] == ({"BAD_ANSWER: not this": 1},)
    (_, _, counts) = taken.intervals.slab(0, 0, Kind.LAG)
    assert counts.sum() == 4


def test_death_of_the_sender(server: str, parts: Make) -> None:
    """A session whose sender dies finishes at once, and says why."""
    traffic = [{"phase": "steady", "rate": "100/s", "for": "10 min"}]
    part = parts(two_targets(server, traffic=traffic))
    seen = threading.Event()
    part.session.go(CLOCK.now_ns())
    while not part.seen:
        seen.wait(0.01)
    engine = part.session._engine
    assert engine is not None
    engine.kill("a test wanted it")
    assert part.session.finished.wait(PATIENCE_S)
    assert "a test wanted it" in part.session.lost
    assert part.session.facts().lost == part.session.lost
    assert part.session.take().intervals.total() > 0


def test_facts(server: str, parts: Make) -> None:
    """A finished session tells what it used."""
    part = parts(two_targets(server))
    assert part.prepared.targets[0].first_inference_ns is not None
    assert part.prepared.targets[0].emulated.startswith("emulated")
    together(part)
    facts = part.session.facts()
    assert facts.cpu_s > 0
    assert facts.wall_s >= 1
    assert facts.rss_bytes > 10e6
    assert facts.lost == ""


def test_answers_that_nobody_counts(server: str, parts: Make) -> None:
    """They are counted when the session ends, in the order of how sure it is that nobody will."""
    asked: list[Left] = []
    part = parts(two_targets(server), requests_of=requests_of)
    session = part.session

    def settle(left: Left) -> None:
        asked.append(left)
        if left is Left.IDLE:
            session.tally.count(reply, Status.OK, "")

    session._hooks = replace(session._hooks, settle=settle)
    session.go(CLOCK.now_ns())
    reply = session.call(0, session.payload_of(0, 0))
    session.take()
    session.stop()
    assert session.finished.wait(PATIENCE_S)
    assert asked == [Left.DROPPED, Left.IDLE, Left.ALL]
    assert session.take().intervals.statuses(0, 0) == {Status.OK: 1}


def test_a_bounded_drain(parts: Make) -> None:
    """The drain ends when it was said to, however long the deadline; the rest is unfinished."""
    with WarmStandIn(StandIn.of(compute="1 ms"), "ssd") as hanging:
        targets = {"a": {"server": hanging.address, "model": "ssd", "deadline": "1 h"}}
        traffic = [{"phase": "steady", "rate": "40/s", "for": "500 ms"}]
        scenario = two_targets(hanging.address, targets=targets, traffic=traffic)
        part = parts(scenario, drain_ns=200 * NS_PER_MS)
        hanging.signal(signal.SIGSTOP)
        try:
            together(part)
        finally:
            hanging.signal(signal.SIGCONT)
    assert Status.UNFINISHED in part.session.take().intervals.statuses(0, 0)
