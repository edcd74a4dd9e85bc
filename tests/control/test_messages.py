"""What agents may say: sound messages pass, and nothing else does."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.control import messages
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
    """Return a final report as a worker makes it."""
    return {
        "type": "report",
        "run": "this",
        "index": 0,
        "intervals": counted(),
        "failures": {name: [{}, {"UNAVAILABLE: gone": 3}] for name in NAMES},
        "answers": {name: [[0, 0, 0, 0], [4, 1, 2, 1]] for name in NAMES},
        "in_flight": 3,
        "final": True,
        "facts": asdict(WorkerFacts("w0", 0.5, 3.0, 10**6, 10**8, lost="")),
        "ended_ns": 3 * NS_PER_S,
    }


def a_ready() -> dict[str, Any]:
    """Return what a worker says when it is ready."""
    facts = [
        TargetFacts(n, "127.0.0.1:1", "ssd", first_inference_ns=9, notes=("slow",)) for n in NAMES
    ]
    targets = json.dumps([asdict(each) for each in facts])
    return {"type": "ready", "run": "this", "digest": "abc", "targets": targets}


def a_failed() -> dict[str, Any]:
    """Return what a worker says that cannot take part."""
    return {"type": "failed", "run": "this", "why": "no such model", "exit_status": 4}


MAKERS = (a_report, a_ready, a_failed)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("make", MAKERS)
def test_what_workers_say_is_sound(make: Callable[[], dict[str, Any]]) -> None:
    """Each message as a worker makes it passes, and belongs to its run only."""
    message = make()
    assert messages.is_of(message, "this")
    assert not messages.is_of(message, "another")
    messages.check(message, SCENARIO)
    if "intervals" in message:
        assert messages.intervals_of(message, SCENARIO).total() == 1


@pytest.mark.parametrize("make", MAKERS)
def test_what_is_missing_is_named(make: Callable[[], dict[str, Any]]) -> None:
    """A message without one of its fields is refused with that field's name."""
    for field in make().keys() - {"run", "index"}:
        message = make()
        del message[field]
        with pytest.raises(ValueError, match=f"^{field}: missing"):
            messages.check(message, SCENARIO)


@given(st.data())
def test_fields_of_any_kind(data: st.DataObject) -> None:
    """Whatever stands in a field, the message is refused in one line or as good as any."""
    message = data.draw(st.sampled_from(MAKERS))()
    field = data.draw(st.sampled_from(sorted(message)))
    message[field] = data.draw(ANYTHING)
    messages.is_of(message, "this")
    refused = ""
    try:
        messages.check(message, SCENARIO)
        if message["type"] == "report":
            messages.intervals_of(message, SCENARIO)
    except ValueError as error:
        refused = str(error)
    assert "\n" not in refused
    assert len(refused) < 400


@given(ANYTHING)
def test_anything_at_all(message: object) -> None:
    """What is no message at all is none of the run."""
    assert not messages.is_of(message, "this")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("in_flight", -1), ("in_flight", True), ("in_flight", 2.0), ("in_flight", 2**60),
        ("final", 1), ("ended_ns", -1), ("ended_ns", float("nan")), ("facts", []),
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
        messages.check({**a_report(), field: value}, SCENARIO)


@pytest.mark.parametrize(
    ("field", "value"),
    [("cpu_s", float("nan")), ("wall_s", float("inf")), ("cpu_s", -1.0), ("rss_bytes", "many"),
     ("lost", None), ("name", 3), ("loop_delay_max_ns", 1.5), ("no\nsuch", 1)],
)  # fmt: skip
def test_facts_that_no_worker_has(field: str, value: object) -> None:
    """What a worker says of itself is finite and of its kind."""
    report = a_report()
    report["facts"][field] = value
    with pytest.raises(ValueError, match=r"^facts: .*$") as refused:
        messages.check(report, SCENARIO)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "targets",
    ["", "{}", "[]", "null", "[1]", '[{"name": "gpu"}]', "[" * 100_000,
     json.dumps([asdict(TargetFacts("gpu", "a", "m"))]),
     json.dumps([asdict(TargetFacts(n, "a", "m")) | {"address": 7} for n in NAMES]),
     json.dumps([asdict(TargetFacts(n, "a", "m")) | {"first_inference_ns": -1} for n in NAMES]),
     json.dumps([asdict(TargetFacts(n, "a", "m")) | {"notes": [None]} for n in NAMES])],
)  # fmt: skip
def test_targets_that_there_are_not(targets: str) -> None:
    """What a worker found out is of the scenario's targets, all of them, in order."""
    with pytest.raises(ValueError, match=r"^targets: "):
        messages.check({**a_ready(), "targets": targets}, SCENARIO)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"target": 2}, "target 2; there are 2"), ({"phase": 2}, "phase 2; there are 2"),
     ({"intended_ns": 4 * NS_PER_S}, "second 4; there are 4"), ({"status": 99}, "no status")],
)  # fmt: skip
def test_counts_of_what_there_is_not(changes: dict[str, int], words: str) -> None:
    """Counts are of the scenario's targets, phases and seconds, and of statuses that there are."""
    with pytest.raises(ValueError, match=words):
        messages.intervals_of({"intervals": counted(**changes)}, SCENARIO)


def test_what_workers_tell_of_targets_is_added_up() -> None:
    """Answers and failures of all workers' last reports, by phase and together."""
    (gpu, ei) = messages.targets_of(a_ready(), [a_report(), a_report()], SCENARIO)
    assert (gpu.name, ei.name) == NAMES
    assert gpu.answers == (Answers(), Answers(checked=8, bad=2, compared=4, agreed=2))
    assert gpu.failures == ({}, {"UNAVAILABLE: gone": 6})
    assert gpu.details == {"UNAVAILABLE: gone": 6}
    assert (gpu.answers_checked, gpu.answers_bad) == (8, 2)
    assert gpu.notes == ("slow",)


def test_a_report_is_no_run_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one report may inflate to is bounded."""
    monkeypatch.setattr(messages, "REPORT_BYTES", 16)
    assert len(Intervals.from_bytes(counted()).keys) == 1
    messages.intervals_of({"intervals": counted()}, SCENARIO)
    more = Intervals.merge(
        Intervals.from_bytes(counted(intended_ns=second * NS_PER_S)) for second in range(4)
    )
    with pytest.raises(ValueError, match="more than the 16 there may be"):
        messages.intervals_of({"intervals": more.to_bytes()}, SCENARIO)
