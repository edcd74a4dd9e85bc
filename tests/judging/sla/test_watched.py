"""Verdicts on what was observed: no data and no doubt ever make a pass."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from eiload.base.units import parse_duration
from eiload.judging import sla
from eiload.judging.sla import Word
from eiload.judging.sla.watched import verdict
from eiload.record.observed import Series, Source
from eiload.record.run import Run
from eiload.scenario import parse_objective
from eiload.scenario.watched import (
    ForeignLoad,
    GpuUse,
    ServerMean,
    ServerQuantile,
    Throttled,
    Watched,
)
from tests.golden import golden_run
from tests.observe.made import latencies, series, source, with_sources

TEXT = """
name: watched
targets:
  gpu: {server: "127.0.0.1:8500", model: ssd}
payload: {synthetic: 64x48}
traffic:
  - {phase: steady, rate: 50/s, arrivals: constant, for: 120 s}
"""
AT_S = (-0.5, *(float(n) for n in range(1, 121)), 121.0)
OF = {"gpu": "GPU-1", "name": "T4"}


def observed(*of: Series, kind: str = "tfs", at_s: Sequence[float] = AT_S) -> Run:
    """Return a run of two minutes of which that was read."""
    return with_sources(golden_run(TEXT), {"gpu": [source(*of, at_s=at_s, kind=kind)]})


def on(run: Run, metric: Watched) -> tuple[Word, str, str]:
    """Return the word, what was observed, and why."""
    found = verdict(run, 0, run.measured(), metric)
    return found.word, found.observed, found.reason


def served(slow: int, *, seconds: int = 120) -> Run:
    """Return a run of 50 a second: of each second's so many took 500 ms in the server, else 50."""
    came = [[], *([[500_000.0] * slow + [50_000.0] * (50 - slow)] * seconds), []]
    at_s = (-0.5, *(float(n) for n in range(1, seconds + 1)), seconds + 1.0)
    return observed(*latencies("request_us", came, model="ssd", entrypoint="GRPC"), at_s=at_s)


def p(q: float, limit: str) -> ServerQuantile:
    """Return an objective on a quantile."""
    return ServerQuantile(q, parse_duration(limit))


def test_a_servers_quantile() -> None:
    """It passes where all that lies around the limit may be over it, and fails where none may."""
    word, seen, why = on(served(0), p(0.99, "70 ms"))
    assert word is Word.PASS
    assert seen == "0 of 6,000 over 70 ms by the server's account"
    assert why.endswith("1 % allowed")
    word, seen, _ = on(served(5), p(0.99, "200 ms"))
    assert (word, seen) == (Word.FAIL, "600 of 6,000 over 200 ms by the server's account")


def test_within_a_bucket_nobody_knows() -> None:
    """50 ms lie between 37 and 67 ms: whether they are under 60 ms is not known."""
    word, seen, why = on(served(0), p(0.99, "60 ms"))
    assert word is Word.UNDECIDED
    assert seen == "0 to 6,000 of 6,000 over 60 ms: its buckets tell no more"
    assert why == "between 0 % and 100 %, 1 % allowed"


def test_too_short() -> None:
    """A clean record of ten seconds passes nothing."""
    word, _, why = on(served(0, seconds=10), p(0.99, "200 ms"))
    assert word is Word.UNDECIDED
    assert why == "p99 needs at least 60 s of measurement, and enough requests beyond it"
    assert on(served(0, seconds=10), ServerMean(10**9))[0] is Word.UNDECIDED


@pytest.mark.parametrize(
    ("limit", "word"), [("60 ms", Word.PASS), ("40 ms", Word.FAIL), ("50 ms", Word.UNDECIDED)]
)
def test_a_servers_mean(limit: str, word: Word) -> None:
    """It is exact; at its limit nothing is said."""
    found, seen, _ = on(served(0), ServerMean(parse_duration(limit)))
    assert (found, seen) == (word, "mean 50 ms of 6,000 by the server's account")


@pytest.mark.parametrize(
    ("use", "word"), [(50.0, Word.PASS), (97.0, Word.FAIL), (90.0, Word.UNDECIDED)]
)
def test_the_use_of_a_gpu(use: float, word: Word) -> None:
    """In the mean over the phases."""
    values = [use - 2 if number // 6 % 2 else use + 2 for number in range(len(AT_S))]
    run = observed(series("gpu_use", values, **OF), kind="gpu")
    found, seen, _ = on(run, GpuUse(0.9))
    assert (found, seen) == (word, f"{use:.3g} % in the mean of 120 readings")


def test_throttled() -> None:
    """Once is enough; looked at seldom, nothing is said."""

    def reasons(values: Sequence[float], at_s: Sequence[float] = AT_S) -> Run:
        return observed(series("gpu_reasons", values, **OF), kind="gpu", at_s=at_s)

    never = [1.0] * len(AT_S)
    assert on(reasons(never), Throttled())[:2] == (Word.PASS, "at 0 of 120 readings")
    once = [*never[:50], 0x40, *never[51:]]
    assert on(reasons(once), Throttled())[:2] == (Word.FAIL, "at 1 of 120 readings")
    assert on(reasons([0.0] * 5, [0, 30, 60, 90, 120]), Throttled())[0] is Word.UNDECIDED
    use = series("gpu_use", [5.0] * len(AT_S), **OF)
    assert on(observed(use, kind="gpu"), Throttled())[0] is Word.UNDECIDED


def counted(total: int) -> Run:
    """Return a run of 6,000 requests of which the server counted so many."""
    values = [total * min(max(at, 0.0), 120.0) / 120 for at in AT_S]
    return observed(series("requests", [round(v) for v in values], model="ssd", status="OK"))


@pytest.mark.parametrize(
    ("total", "word", "seen"),
    [
        (6000, Word.PASS, "0 % of what the server counted over the whole run"),
        (6030, Word.PASS, "0.498 % of what the server counted over the whole run"),
        (6300, Word.FAIL, "4.76 % of what the server counted over the whole run"),
    ],
)
def test_others_load(total: int, word: Word, seen: str) -> None:
    """To the request."""
    assert on(counted(total), ForeignLoad(0.01))[:2] == (word, seen)


@pytest.mark.parametrize(
    "metric", [p(0.99, "1 s"), ServerMean(10**9), GpuUse(0.9), Throttled(), ForeignLoad(0.01)]
)
def test_nothing_was_read(metric: Watched) -> None:
    """Nothing is said."""
    found = on(golden_run(TEXT), metric)
    assert found[:2] == (Word.UNDECIDED, "nothing")


def test_they_are_judged_with_the_others() -> None:
    """By their target and phase, in the scenario's order."""
    run = counted(6300)
    wanted = (parse_objective("p50 < 1 s"), parse_objective("foreign < 1 %", "gpu", "steady"))
    scenario = run.scenario.model_copy(update={"objectives": wanted})
    words = [each.word for each in sla.judge(replace(run, scenario=scenario))]
    assert words == [Word.PASS, Word.FAIL]


def test_a_phase_in_the_middle() -> None:
    """What is under way at its ends is not known, and makes no pass."""
    two = "for: 60 s}\n  - {phase: more, rate: 50/s, for: 60 s}"
    run = golden_run(TEXT.replace("for: 120 s}", two))
    every = [run.statuses(0, [span]) for span in run.phases()]
    first, both = sum(every[0].values()), sum(sum(each.values()) for each in every)

    def page(extra: float) -> Source:
        values = [
            first * min(max(at, 0), 60) / 60
            + (both - first) * min(max(at - 60, 0), 60) / 60
            + (extra if at > 30 else 0)
            for at in AT_S
        ]
        return source(series("requests", values, model="ssd", status="OK"), at_s=AT_S)

    def word(extra: float, limit: float) -> Word:
        observed_run = with_sources(run, {"gpu": [page(extra)]})
        steady = run.measured("steady")
        return verdict(observed_run, 0, steady, ForeignLoad(limit)).word

    assert word(0, 0.5) is Word.PASS
    assert word(0, 0.0001) is Word.PASS  # the whole run has none, so no phase has
    assert word(30, 0.005) is Word.UNDECIDED
    assert word(2000, 0.01) is Word.FAIL
