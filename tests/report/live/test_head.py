"""What the live page says: numbers and what is missing, no verdict, nothing hidden in a name."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eiload.base.status import Status
from eiload.judging.sla import Word
from eiload.record.facts import Answers, TargetFacts
from eiload.record.stopping import decided
from eiload.report.live import head
from eiload.report.live.watch import Watch
from eiload.scenario import build
from tests.golden import results
from tests.report import runs

PLAIN: dict[str, Any] = {
    "name": "watched",
    "targets": {name: {"server": "127.0.0.1:1", "model": "ssd"} for name in ("gpu", "ei")},
    "payload": {"synthetic": "8x8"},
    "traffic": [
        {"phase": "warm-up", "rate": "50/s", "for": "2 s", "warm_up": True},
        {"phase": "steady", "rate": "50/s", "for": "5 min"},
        {"phase": "users", "users": 3, "for": "1 min"},
    ],
    "objectives": [
        {"phase": "steady", "objective": each}
        for each in (
            "p50 < 120 ms", "p99.9 < 200 ms", "mean < 1 s", "max < 2 s", "errors < 1 %",
            "dropped < 1 %", "throughput > 10/s", "service p95 < 1 s",
        )
    ] + [{"phase": "users", "objective": "p95 < 1 s"}, "agreement > 90 %"],
    "compare": {"baseline": "gpu", "candidate": "ei"},
}  # fmt: skip


def watched(*, lag_ms: float = 0.2, failed: int = 0) -> Watch:
    """Return a watch that has seen 10 s of two targets."""
    watch = Watch(build(PLAIN, "test", Path()))
    due_s = np.arange(100, 500) / 50
    for target in range(2):
        times_s = np.full(400, 0.1)
        times_s[:failed] = np.inf
        batch = results(target, 1, due_s, times_s, lag_ms=lag_ms, failed=Status.UNAVAILABLE)
        watch.add(runs.recorded(batch), 10.5)
    return watch


def test_targets() -> None:
    """Each has its rates, and its percentiles or how many requests are missing for them."""
    watch = watched(failed=4)
    now = watch.look(11.0, [10.5])
    found = [TargetFacts("gpu", "127.0.0.1:1", "ssd", emulated="a stand-in")]
    row, other = head.targets(watch, now, found, {"gpu": {"UNAVAILABLE: gone": 4}})
    assert (row["name"], row["emulated"], other["emulated"]) == ("gpu", True, False)
    assert row["judged"] == ["100", "100", "needs 1,600 more", "needs 19,600 more"]
    assert row["recent"][0] == "100"
    assert (row["requests"], row["errors"]) == ("400", "1 %")
    assert row["failures"] == [["UNAVAILABLE: gone", "4"]]
    assert float(row["answered"]) == pytest.approx(39.6)
    assert float(row["failed"]) == pytest.approx(0.4)


def test_objectives() -> None:
    """Each has what was observed, its limit, and how much more it takes at least."""
    watch = watched()
    watch.look(10.5, [10.5])
    rows = head.objectives(watch, {"ei": Answers(compared=20, agreed=19)})
    gpu = {row["objective"]: row for row in rows if row["target"] == "gpu"}
    assert gpu["p50 < 120 ms"]["observed"] == "p50 100 ms; 0 % over 120 ms, 50 % may be"
    assert gpu["p99.9 < 200 ms"]["observed"] == "0 % over 200 ms, 0.1 % may be"
    assert "requests" in gpu["p99.9 < 200 ms"]["missing"]
    assert gpu["mean < 1 s"]["observed"] == "mean 100 ms of those that ended OK"
    assert gpu["max < 2 s"] == {
        "objective": "max < 2 s", "target": "gpu", "phase": "steady", "observed": "max 100 ms",
        "missing": "",
    }  # fmt: skip
    assert gpu["errors < 1 %"]["observed"] == "0 %: 0 of 400"
    assert gpu["errors < 1 %"]["missing"].startswith("at least ")
    assert gpu["p50 < 120 ms"]["missing"].startswith("at least ")
    assert gpu["throughput > 10/s"]["observed"] == "47.1/s"
    assert gpu["p95 < 1 s"]["observed"] == "nothing yet"
    assert gpu["p95 < 1 s"]["missing"].startswith("this run cannot decide it: a closed loop")
    (agreement,) = [row for row in rows if row["objective"].startswith("agreement")]
    assert (agreement["target"], agreement["observed"]) == ("ei", "95 % of 20 compared")


def test_enough() -> None:
    """When a clean run of so many could be decided, nothing is missing but independence."""
    watch = watched()
    times_s = np.full(15_000, 0.1)
    watch.add(runs.recorded(results(0, 1, np.arange(15_000) / 50 + 2, times_s)), 302.0)
    watch.look(302.0, [302.0])
    row = head.objectives(watch, {})[0]
    assert (row["objective"], row["target"]) == ("p50 < 120 ms", "gpu")
    assert row["missing"] == head.ENOUGH


def test_no_verdict_word() -> None:
    """Not one of them is in it: who could peek would stop at a pleasant moment."""
    watch = watched()
    now = watch.look(10.5, [10.5])
    said = json.dumps([head.targets(watch, now, (), {}), head.objectives(watch, {})])
    for word in (*Word, "increase", "decrease", "inconclusive"):
        assert not re.search(rf"\b{word}\b", said)


def test_badges() -> None:
    """Emulated targets, a stop, what makes the run invalid, and lateness that would."""
    found = [TargetFacts("gpu", "127.0.0.1:1", "ssd", emulated="a stand-in")]
    rows = head.badges(watched(), found, ["worker w was lost: it left"], "SIGINT")
    assert [row[1] for row in rows] == ["EMULATED", "STOPPED EARLY", "INVALID"]
    ended = head.badges(watched(), (), (), decided("5 min"))
    assert ended == [["good", "ENDED AS PLANNED", "everything is decided by the look after 5 min"]]
    watch = watched(lag_ms=50)
    watch.look(10.5, [10.5])
    late = head.badges(watch, (), (), "")
    assert [row[1] for row in late] == ["LATE", "LATE"]
    assert "lag p99 50 ms so far" in late[0][2]


def test_hostile_texts() -> None:
    """What would steer a display is shown as what it is; nothing is longer than a line or two."""
    watch = watched()
    now = watch.look(10.5, [10.5])
    failures = dict.fromkeys((*runs.HOSTILE, "x" * 10_000), 1)
    row = head.targets(watch, now, (), {"gpu": failures})[0]
    assert len(row["failures"]) == head.FAILURES_AT_MOST
    rows = head.badges(watch, (), [*runs.HOSTILE[:4]], "")
    said = json.dumps([row, rows], ensure_ascii=False)
    assert not {"\x1b", "\u202e", "\x07"} & set(said)


def test_where_requests_go() -> None:
    """Each target with its server; what turns out to be emulated says so."""
    scenario = watched().scenario
    assert head.aim(scenario, ()) == "gpu (127.0.0.1:1), ei (127.0.0.1:1)"
    found = [TargetFacts("gpu", "127.0.0.1:1", "ssd", emulated="a stand-in")]
    assert head.aim(scenario, found) == "gpu (emulated), ei (127.0.0.1:1)"


def test_fixed() -> None:
    """What does not change: names, where phases lie, limits of response times."""
    told = head.fixed(watched().scenario)
    assert told["targets"] == ["gpu", "ei"]
    assert told["phases"][:2] == [
        ["warm-up", 0.0, 2.0, True, False],
        ["steady", 2.0, 302.0, False, False],
    ]
    assert told["limits"] == [
        ["p50 < 120 ms", 120.0], ["p99.9 < 200 ms", 200.0], ["p95 < 1 s", 1000.0],
    ]  # fmt: skip
