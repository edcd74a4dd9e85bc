"""replay: a part of a trace as a phase's arrivals, the same wherever they are computed."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy

from eiload.base.errors import ScenarioError
from eiload.scenario import Scenario, build, parse, restore
from eiload.scenario.arrivals import OpenPhase, phase_seed
from eiload.scenario.replay import Replay
from eiload.scenario.schedule import Schedule
from eiload.scenario.trace import Trace, TraceError

TRACES = Path(__file__).with_name("traces")
S = 10**9


def instants(replay: Replay, seconds: float, seed: int = 1) -> list[float]:
    """Return the arrivals of a phase, s."""
    chunks = list(replay.instants(round(seconds * S), seed))
    assert all(len(chunk) and chunk.dtype == np.int64 for chunk in chunks)
    return [int(each) / S for chunk in chunks for each in chunk]


@pytest.fixture
def tenths(tmp_path: Path) -> Trace:
    """Return a trace of a minute with a request each 100 ms, the instants as numbers of ms."""
    path = tmp_path / "tenths.csv"
    path.write_text("timestamp\n" + "".join(f"{7000 + 100 * n}\n" for n in range(600)))
    return Trace(str(path), unit="ms")


def test_a_replay_is_the_trace(tenths: Trace) -> None:
    """From its first instant on, in order, duplicates kept; at its speed."""
    assert instants(Replay(tenths), 60) == [n / 10 for n in range(600)]
    azure = Replay(Trace(str(TRACES / "azure-llm.csv")))
    assert instants(azure, 5) == [0, 0, 0.6234567, 1.5, 4.0]
    assert instants(replace(azure, speed=2), 2) == [0, 0, 0.31172835, 0.75]


def test_a_part_of_it(tenths: Trace) -> None:
    """`from` is an instant of the trace, `for` its end; a phase may be shorter."""
    part = Replay(tenths, start_ns=10 * S, length_ns=20 * S)
    assert instants(part, 20) == [n / 10 for n in range(200)]
    assert instants(part, 1.05) == [n / 10 for n in range(11)]
    assert instants(replace(part, speed=4), 5) == [n / 40 for n in range(200)]


@pytest.mark.parametrize(
    ("replay", "seconds", "said"),
    [
        (
            Replay(Trace("")),
            61,
            "only 1 min from 0 s on, the phase is 61 s; expected 'for: 1 min' or",
        ),
        (
            Replay(Trace(""), 10 * S),
            60,
            "only 50 s from 10 s on, the phase is 1 min; expected 'for: ",
        ),
        (Replay(Trace(""), 0, 5 * S), 6, "only 5 s from 0 s on, the phase is 6 s"),
        (Replay(Trace(""), speed=2), 40, "only 30 s from 0 s on at speed 2, the phase is 40 s"),
        (Replay(Trace(""), 3600 * S, loop=True), 1, "no request from 1 h on; expected an earlier"),
    ],
)
def test_a_trace_that_is_shorter_than_its_phase(
    tenths: Trace, replay: Replay, seconds: float, said: str
) -> None:
    """It is said how long it is: nothing is silently sent less."""
    with pytest.raises(TraceError) as refused:
        instants(replace(replay, trace=tenths), seconds)
    assert str(refused.value).startswith(f"{tenths.file}: {said}")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("0\n0\n", "only 0 s from 0 s on, the phase is 1 min; expected a longer trace"),
        ("0.01\n0.01\n", "only 0 s from 0 s on, the phase is 1 min; expected a longer trace"),
        ("0\n" * 250_000 + "1e6\n", "more than 100,000/s over 1 s at speed 1; expected fewer, by"),
    ],
)
def test_a_loop_of_next_to_nothing_ends(tmp_path: Path, content: str, said: str) -> None:
    """However short a trace is, reading it over and over comes to an end, with a reason."""
    path = tmp_path / "gaps.txt"
    path.write_text(content)
    with pytest.raises(TraceError) as refused:
        instants(Replay(Trace(str(path)), loop=True), 1 if "over 1 s" in said else 60)
    assert str(refused.value).startswith(f"{path}: {said}")


def test_a_loop_goes_on_as_if_there_were_no_seam(tenths: Trace, tmp_path: Path) -> None:
    """After the last request the mean gap passes; after a part, the rest of it."""
    assert instants(Replay(tenths, loop=True), 200) == [n / 10 for n in range(2000)]
    part = Replay(tenths, 50 * S, 2 * S, loop=True)
    assert instants(part, 7) == [n / 10 for n in range(70)]
    gaps = tmp_path / "gaps.txt"
    gaps.write_text("1000000\n500000\n")  # as perf_analyzer repeats them
    assert instants(Replay(Trace(str(gaps)), loop=True), 4) == [1, 1.5, 2.5, 3]


def test_what_is_not_in_order(tmp_path: Path) -> None:
    """The line that goes back is named; sorting is asked for. Azure's 2021 trace has ends."""
    path = tmp_path / "back.csv"
    path.write_text("timestamp\n1\n2\n2\n1.5\n4\n")
    with pytest.raises(
        TraceError, match=r"back\.csv:5: earlier than the request before it; .*sort"
    ):
        instants(Replay(Trace(str(path), unit="s")), 3)
    assert instants(Replay(Trace(str(path), unit="s"), sort=True), 3) == [0, 0.5, 1, 1]
    azure = Replay(Trace(str(TRACES / "azure-functions-2021.txt")), sort=True)
    assert instants(azure, 4) == [0, 1.75, 3.5]


def test_counted_minutes_are_poisson_given_the_counts() -> None:
    """As many as were counted in each minute, uniform within it, drawn from the phase's seed."""
    replay = Replay(Trace(str(TRACES / "azure-functions-2019.csv")))
    found = np.array(instants(replay, 240))
    assert np.bincount((found // 60).astype(int)).tolist() == [61, 241, 13, 4]
    assert (np.diff(found) >= 0).all()
    second = found[(found >= 60) & (found < 120)]
    assert scipy.stats.kstest((second - 60) / 60, "uniform").pvalue > 0.01
    assert instants(replay, 240) == found.tolist()
    assert instants(replay, 240, seed=2) != found.tolist()


def test_scale_to_keeps_a_drawn_share(tenths: Trace) -> None:
    """So many per second in the mean, each of them an instant of the trace; never more than all."""
    plain = Replay(tenths, loop=True, scale_to=4.0)
    looked = plain.looked(600 * S, 1)
    assert looked.seen is not None
    assert looked.seen.share == pytest.approx(0.4)
    found = instants(looked, 600)
    assert len(found) == pytest.approx(2400, abs=4 * np.sqrt(2400))
    assert len(found) == looked.seen.per_second().sum()
    assert set(np.round(np.array(found) * 10, 6) % 1) == {0.0}
    assert found != instants(plain.looked(600 * S, 2), 600, seed=2)
    with pytest.raises(TraceError, match=r"10/s there at speed 1, fewer than 'scale_to'; .* 2$"):
        replace(plain, scale_to=20.0).looked(600 * S, 1)


# -- in a scenario -------------------------------------------------------------------------------


def scenario(folder: Path, replay: dict[str, object], length: str = "5 s") -> Scenario:
    """Return a scenario that replays a trace of the folder after a phase of another kind."""
    return build(
        {
            "name": "x",
            "targets": {"a": {"server": "h", "model": "m"}},
            "payload": {"synthetic": "64x48"},
            "traffic": [
                {"phase": "before", "rate": "20/s", "for": "2 s"},
                {"phase": "trace", "replay": replay, "for": length},
            ],
        },
        "s",
        folder,
    )


def phase_of(of: Scenario) -> OpenPhase:
    """Return the phase that replays."""
    phase = of.traffic[1]
    assert isinstance(phase, OpenPhase)
    return phase


def test_the_scenario_knows_what_it_will_send() -> None:
    """How many requests there are is known before anything is sent, and of any second."""
    of = scenario(TRACES, {"file": "azure-llm.csv"})
    phase = phase_of(of)
    assert phase.expected() == 5
    assert phase.profile(1).total == 5
    assert [phase.due(ns, 1) for ns in (0, S // 2, S, 3 * S // 2, 5 * S, 9 * S)] == [
        (0, 0),
        (0, 3),
        (3, 3),
        (3, 4),
        (5, 5),
        (5, 5),
    ]
    assert restore(of.to_json()) == of


@pytest.mark.parametrize("workers", [1, 2, 7])
@pytest.mark.parametrize("name", ["azure-llm.csv", "azure-functions-2019.csv"])
def test_slices_are_the_whole(name: str, workers: int) -> None:
    """Workers compute the same sequence from the scenario that travelled."""
    of = scenario(TRACES, {"file": name})
    travelled = restore(of.to_json())
    whole = np.concatenate([c.offsets_ns for c in Schedule(of.traffic, of.seed).chunks()])
    again = np.concatenate([c.offsets_ns for c in Schedule(travelled.traffic, of.seed).chunks()])
    assert np.array_equal(whole, again)
    cuts = Schedule(of.traffic, of.seed).due([of.duration_ns] * workers)
    assert sum(cuts.values()) == len(whole)


def test_a_worker_without_the_file_says_so(tmp_path: Path) -> None:
    """No trace, or another one: before the load, by name. What was due is known all the same."""
    shutil.copy(TRACES / "azure-llm.csv", tmp_path)
    of = scenario(tmp_path, {"file": "azure-llm.csv"})
    schedule = Schedule(of.traffic, of.seed)
    schedule.check()
    due = schedule.due([of.duration_ns] * 2)
    (tmp_path / "azure-llm.csv").write_text("TIMESTAMP\n2023-11-16 23:59:58\n")
    with pytest.raises(ScenarioError, match="another content here than where the scenario was"):
        schedule.check()
    (tmp_path / "azure-llm.csv").unlink()
    with pytest.raises(ScenarioError, match=r"azure-llm\.csv: no such file"):
        schedule.check()
    assert schedule.due([of.duration_ns] * 2) == due
    assert phase_of(restore(of.to_json())).expected() == 5


def test_a_saved_scenario_wants_the_trace_it_was_made_with(tmp_path: Path) -> None:
    """The resolved form is a scenario file; with another trace it is refused."""
    shutil.copy(TRACES / "azure-llm.csv", tmp_path)
    of = scenario(tmp_path, {"file": "azure-llm.csv"})
    text = json.dumps({k: v for k, v in json.loads(of.to_json()).items() if k != "source"})
    assert parse(text, "s", tmp_path, {}) == of
    with (tmp_path / "azure-llm.csv").open("a") as file:
        file.write("2023-11-17 00:00:09,1,2\n")
    with pytest.raises(ScenarioError, match="another content than this scenario was made with"):
        parse(text, "s", tmp_path, {})


def test_damaged_counts_are_one_error(tmp_path: Path) -> None:
    """What came from a file may be anything."""
    of = scenario(TRACES, {"file": "azure-llm.csv"})
    for text in ("", "AAAA", "x", "eJwDAAAAAAE="):
        data = json.loads(of.to_json())
        data["traffic"][1]["replay"]["seen"]["seconds"] = text
        with pytest.raises(ScenarioError, match="counts"):
            restore(json.dumps(data))


@pytest.mark.parametrize(
    ("replay", "said"),
    [
        (
            {"file": "azure-lm.csv"},
            "replay.file: no such file, got 'azure-lm.csv'; expected a file",
        ),
        ({"file": "azure-llm.csv", "sped": 2}, "replay.sped: unknown key (did you mean 'speed'?)"),
        ({"file": "azure-llm.csv", "speed": 0}, "replay.speed: out of range, got 0; expected"),
        (
            {"file": "azure-llm.csv", "unit": "m"},
            "replay.unit: unknown word, got 'm'; expected 's'",
        ),
        ({"file": "mooncake.jsonl"}, "mooncake.jsonl:1: a plain number, got 0; expected 'unit:'"),
        ({"file": "azure-llm.csv", "from": "1 h"}, "no request from 1 h on; expected an earlier"),
        ({}, "'file' is missing; expected 'file: trace.csv.gz'"),
    ],
)
def test_what_is_wrong_with_a_replay(replay: dict[str, object], said: str) -> None:
    """Each mistake is one line with its place."""
    with pytest.raises(ScenarioError) as refused:
        scenario(TRACES, replay)
    (line,) = str(refused.value).split("\n")
    assert line.startswith("s: traffic[1].replay")
    assert said in line


def test_a_replay_has_no_rate() -> None:
    """What is said twice is refused."""
    for key, value in (("rate", "8/s"), ("arrivals", "poisson"), ("users", 3)):
        with pytest.raises(ScenarioError, match=f"both a replay and '{key}'"):
            build(
                {
                    "name": "x",
                    "targets": {"a": {"server": "h", "model": "m"}},
                    "payload": {"synthetic": "64x48"},
                    "traffic": [{"phase": "p", "replay": {"file": "x"}, key: value, "for": "1 s"}],
                },
                "s",
                TRACES,
            )


def test_seeds_are_the_phases_own() -> None:
    """Two phases of one trace of counts have other instants in the same minutes."""
    of = scenario(TRACES, {"file": "azure-functions-2019.csv"}, "4 min")
    rate = phase_of(of).rate
    assert isinstance(rate, Replay)
    one, other = (instants(rate, 240, phase_seed(of.seed, index)) for index in (1, 2))
    assert one != other
