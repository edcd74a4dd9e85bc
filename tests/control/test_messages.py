"""What agents may say: sound messages pass, and nothing else does."""

import json
import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.clock import NS_PER_S
from eiload.base.errors import EngineError, ScenarioError
from eiload.base.status import Status
from eiload.control import messages
from eiload.control.messages import (
    Cancel,
    Cede,
    Ceded,
    Failed,
    Final,
    Forget,
    Go,
    Order,
    Own,
    Prepare,
    Ready,
    Report,
    Stop,
    encode,
)
from eiload.record.facts import Answers, TargetFacts, WorkerFacts
from eiload.record.intervals import Intervals
from eiload.record.recorder import Recorder
from eiload.scenario import Scenario, build
from eiload.sending.arrays import RESULT_DTYPE

NAMES = ("gpu", "ei")


def a_scenario() -> Scenario:
    """Return a scenario of two targets and two phases of 3 s."""
    return build(
        {
            "name": "heard",
            "targets": {name: {"server": "127.0.0.1:1", "model": "ssd"} for name in NAMES},
            "payload": {"synthetic": "8x8"},
            "traffic": [
                {"phase": "warm-up", "rate": "1/s", "for": "1 s", "warm_up": True},
                {"phase": "steady", "rate": "1/s", "for": "2 s"},
            ],
        },
        "test",
        Path(),
    )


SCENARIO = a_scenario()


def counted(**changes: int) -> bytes:
    """Return the counts of one request, the last there may be, changed as said."""
    result = np.zeros(1, RESULT_DTYPE)
    plain = {"target": 1, "phase": 1, "intended_ns": 3 * NS_PER_S, "status": Status.DROPPED}
    for field, value in {**plain, **changes}.items():
        result[field] = value
    recorder = Recorder(0)
    recorder.record(result)
    return recorder.take().to_bytes()


def a_report() -> dict[str, Any]:
    """Return a report as a worker sends it."""
    return encode(
        Report(
            run="this",
            intervals=Intervals.from_bytes(counted()),
            failures={name: ({}, {"UNAVAILABLE: gone": 3}) for name in NAMES},
            answers={name: (Answers(), Answers(4, 1, 2, 1)) for name in NAMES},
        )
    )


def a_final() -> dict[str, Any]:
    """Return a final report as a worker sends it."""
    return encode(
        Final(
            run="this",
            intervals=Intervals.from_bytes(counted()),
            failures={name: ({}, {"UNAVAILABLE: gone": 3}) for name in NAMES},
            answers={name: (Answers(), Answers(4, 1, 2, 1)) for name in NAMES},
            facts=WorkerFacts("w0", 0.5, 3.0, 10**6, 10**8, lost=""),
            ended_ns=3 * NS_PER_S,
        )
    )


def facts(**changes: Any) -> list[dict[str, Any]]:
    """Return what a worker finds out of the targets, as it travels, changed as said."""
    return [
        asdict(TargetFacts(n, "127.0.0.1:1", "ssd", first_inference_ns=9, notes=("slow",)))
        | changes
        for n in NAMES
    ]


def a_ready() -> dict[str, Any]:
    """Return what a worker says when it is ready."""
    found = tuple(
        TargetFacts(n, "127.0.0.1:1", "ssd", first_inference_ns=9, notes=("slow",)) for n in NAMES
    )
    return encode(Ready(run="this", digest="abc", targets=found))


def a_failed() -> dict[str, Any]:
    """Return what a worker says that cannot take part."""
    return encode(Failed(run="this", why="no such model", exit_status=4))


def a_ceded() -> dict[str, Any]:
    """Return what a worker says that leaves slices."""
    return encode(Ceded(run="this", slices=(1, 2), from_ns=7))


MAKERS = (a_report, a_final, a_ready, a_failed, a_ceded)

ORDERS: tuple[Order, ...] = (
    Prepare(run="this", scenario=SCENARIO, index=0, count=2, addresses={"gpu": "x:1"}, drain_ns=3),
    Go(run="this", origin_ns=5, in_ns=6, boot_id=None),
    Own(run="this", slices=(1, 2), from_ns=7),
    Cede(run="this", slices=(1, 2), from_ns=7),
    Stop(run="this", at_ns=8),
    Cancel(run="this"),
    Forget(run="this"),
)


def travelled(message: dict[str, Any]) -> Any:
    """Return what arrives of a message that Locust packs."""
    return msgpack.loads(msgpack.dumps(message), raw=False, strict_map_key=False)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("make", MAKERS)
def test_what_workers_say_is_sound(make: Callable[[], dict[str, Any]]) -> None:
    """Each message as a worker makes it passes, and belongs to its run only."""
    message = travelled(make())
    assert messages.run_of(message) == "this"
    word = messages.word_of(message, SCENARIO)
    assert encode(word) == make()
    if isinstance(word, Report):
        assert word.intervals.total() == 1


@pytest.mark.parametrize("order", ORDERS)
def test_orders_travel(order: Order) -> None:
    """What an agent hears is what the coordinator has said."""
    assert messages.order_of(travelled(encode(order))) == order


@pytest.mark.parametrize("order", ORDERS)
def test_orders_that_are_none(order: Order) -> None:
    """A field that is missing, foreign or new is named, with the message it is of."""
    kind = type(order).__name__.lower()
    for field in encode(order).keys() - {"type"}:
        message = encode(order)
        del message[field]
        with pytest.raises(EngineError, match=rf"damaged: {field}: missing \(in '{kind}'\)"):
            messages.order_of(message)
        with pytest.raises(EngineError, match=rf"damaged: {field}: expected .*, got nan"):
            messages.order_of({**encode(order), field: math.nan})
    with pytest.raises(EngineError, match="'more': there is no such field"):
        messages.order_of({**encode(order), "more": 1})
    with pytest.raises(EngineError, match="damaged: type: expected one of prepare, go, own, cede"):
        messages.order_of(a_ready())


def test_a_scenario_that_is_none() -> None:
    """What is no scenario is named as any other field."""
    for text in ("", "[" * 10_000, "{}", json.dumps({"name": "x"})):
        with pytest.raises(EngineError, match=r"damaged: scenario: .*\(in 'prepare'\)$") as refused:
            messages.order_of({**encode(ORDERS[0]), "scenario": text})
        assert "\n" not in str(refused.value)


def test_another_version_is_named_before_its_message_is_read() -> None:
    """Whatever else a master of another version says, it is told to have the same."""
    with pytest.raises(ScenarioError, match=r"and the master eiload 9; install the same on both"):
        messages.order_of({"type": "prepare", "run": "this", "versions": "eiload 9"})


@pytest.mark.parametrize("make", MAKERS)
def test_what_is_missing_is_named(make: Callable[[], dict[str, Any]]) -> None:
    """A message without one of its fields is refused with that field's name."""
    for field in make().keys() - {"type"}:
        message = make()
        del message[field]
        with pytest.raises(ValueError, match=f"^{field}: missing"):
            messages.word_of(message, SCENARIO)
    message = make()
    del message["type"]
    with pytest.raises(ValueError, match=r"^type: expected one of ready, failed, ceded, report"):
        messages.word_of(message, SCENARIO)


@given(st.data())
def test_fields_of_any_kind(data: st.DataObject) -> None:
    """Whatever stands in a field, the message is refused in one line or as good as any."""
    message = data.draw(st.sampled_from(MAKERS))()
    field = data.draw(st.sampled_from(sorted(message)))
    message[field] = data.draw(ANYTHING)
    messages.run_of(message)
    refused = ""
    try:
        messages.word_of(message, SCENARIO)
    except ValueError as error:
        refused = str(error)
    assert "\n" not in refused
    assert len(refused) < 400


@given(ANYTHING)
def test_anything_at_all(message: object) -> None:
    """What is no message at all is none of the run, and is refused."""
    assert messages.run_of(message) != "this"
    with pytest.raises(ValueError, match=r"^type: "):
        messages.word_of(message, SCENARIO)
    with pytest.raises(EngineError):
        messages.order_of(message)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("answers", {n: [[0, 0, 0, bad]] * 2 for n in NAMES}) for bad in (True, 2.0, "1")),
        *(("failures", {n: [{"text": bad}] * 2 for n in NAMES}) for bad in (True, 2.0, 2**60)),
        ("run", 1), ("ended_ns", -1), ("ended_ns", float("nan")), ("ended_ns", True),
        ("ended_ns", 2**63), ("facts", []), ("answers", []), ("intervals", "text"),
        ("answers", {"gpu": [[0, 0, 0, 0]] * 2}), ("answers", {"gpu": [], "ei": []}),
        ("answers", {n: [[0, 0, 0, -1]] * 2 for n in NAMES}),
        ("answers", {n: [[0, 0, 0]] * 2 for n in NAMES}),
        ("failures", {n: [{"text": -1}] * 2 for n in NAMES}),
        ("failures", {n: [{7: 1}] * 2 for n in NAMES}),
        ("failures", {n: [{"x" * 200_000: 1}] * 2 for n in NAMES}),
        ("failures", {n: {} for n in NAMES}),
        ("type", "go"), ("type", 3),
    ],
)  # fmt: skip
def test_values_that_no_worker_has(field: str, value: object) -> None:
    """Negative, fractional, endless and foreign values are refused with the field's name."""
    with pytest.raises(ValueError, match=f"^{field}: "):
        messages.word_of({**a_final(), field: value}, SCENARIO)


@pytest.mark.parametrize(
    ("field", "value"),
    [("cpu_s", float("nan")), ("wall_s", float("inf")), ("cpu_s", -1.0), ("rss_bytes", "many"),
     ("lost", None), ("name", 3), ("loop_delay_max_ns", 1.5), ("no\nsuch", 1)],
)  # fmt: skip
def test_facts_that_no_worker_has(field: str, value: object) -> None:
    """What a worker says of itself is finite and of its kind."""
    report = a_final()
    report["facts"][field] = value
    with pytest.raises(ValueError, match=r"^facts: .*$") as refused:
        messages.word_of(report, SCENARIO)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "targets",
    ["", {}, [], None, [1], [{"name": "gpu"}], "[" * 100_000, facts()[:1], facts()[::-1],
     facts(address=7), facts(first_inference_ns=-1), facts(notes=[None]), facts(more=1),
     facts(failures=[{"text": -1}]), facts(answers=[[1]]), json.dumps(facts())],
)  # fmt: skip
def test_targets_that_there_are_not(targets: object) -> None:
    """What a worker found out is of the scenario's targets, all of them, in order."""
    with pytest.raises(ValueError, match=r"^targets: "):
        messages.word_of({**a_ready(), "targets": targets}, SCENARIO)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"target": 2}, "target 2; there are 2"), ({"phase": 2}, "phase 2; there are 2"),
     ({"intended_ns": 4 * NS_PER_S}, "second 4; there are 4"), ({"status": 99}, "no status")],
)  # fmt: skip
def test_counts_of_what_there_is_not(changes: dict[str, int], words: str) -> None:
    """Counts are of the scenario's targets, phases and seconds, and of statuses that there are."""
    with pytest.raises(ValueError, match=f"^intervals: .*{words}"):
        messages.word_of({**a_report(), "intervals": counted(**changes)}, SCENARIO)


def test_a_report_is_no_run_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one report may inflate to is bounded."""
    monkeypatch.setattr(messages, "REPORT_BYTES", 16)
    assert len(Intervals.from_bytes(counted()).keys) == 1
    messages.word_of(a_report(), SCENARIO)
    more = Intervals.merge(
        Intervals.from_bytes(counted(intended_ns=second * NS_PER_S)) for second in range(4)
    )
    with pytest.raises(ValueError, match="more than the 16 there may be"):
        messages.word_of({**a_report(), "intervals": more.to_bytes()}, SCENARIO)
