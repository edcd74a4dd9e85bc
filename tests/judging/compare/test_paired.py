"""compare: one run of two targets gets the word that its data bear out."""

from dataclasses import replace

import numpy as np
import pytest

from bench.queues import SYSTEMS, simulate
from eiload.judging.compare import compare
from eiload.judging.compare.comparison import Change, Comparison, word_of
from eiload.judging.statistics import shift
from eiload.judging.statistics.blocks import Blocks
from eiload.judging.statistics.shift import Interval, QuantileShift
from eiload.record.facts import Answers
from eiload.record.intervals import Intervals
from eiload.record.recorder import Recorder
from eiload.scenario import Compare
from tests.golden import ONE, TWO, Answer, Floats, away, golden_run, results, steady, with_target


def compared(ei: Answer, gpu: Answer | None = None, text: str = TWO) -> Comparison:
    """Return the comparison of a run with these answers."""
    return compare(golden_run(text, {"gpu": gpu or steady(100, 1), "ei": ei}))


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.95, 1.05, "no increase"),
        (0.90, 0.99, "decrease"),
        (1.02, 1.08, "increase within margin"),
        (1.02, 1.20, "increase"),
        (0.98, 1.12, "inconclusive"),
        (1.0, 1.0, "no increase"),
        (1.2, float("inf"), "increase"),
        (0.0, float("inf"), "inconclusive"),
    ],
)
def test_words_come_from_where_the_interval_lies(low: float, high: float, word: str) -> None:
    """Against 1 and against the margin of 10 %."""
    row = QuantileShift(0.99, 1.0, 1.0, Interval((low * min(high, 9)) ** 0.5, low, high), None)
    assert word_of(row, 0.1) == word


def test_no_interval_no_word() -> None:
    """A quantile without support, or infinite on both sides, is inconclusive."""
    assert word_of(QuantileShift(0.99, None, None, None, None), 0.1) == "inconclusive"
    unknown = Interval(float("nan"), 0.0, float("inf"))
    assert word_of(QuantileShift(0.99, 1.0, 1.0, unknown, None), 0.1) == "inconclusive"


def test_gates_pass_what_is_no_worse_and_stop_what_is() -> None:
    """Open questions are neither."""
    assert {word for word in Change if word.good} == {
        "no increase", "increase within margin", "decrease",
    }  # fmt: skip
    assert {word for word in Change if word.bad} == {"increase", "unavailable"}


@pytest.mark.parametrize(
    ("median_ms", "word"),
    [(100, "no increase"), (130, "increase"), (80, "decrease"), (104, "no increase")],
)
def test_a_true_difference_is_named(median_ms: float, word: str) -> None:
    """6,000 independent requests to each settle +30 % and equality at p99."""
    found = compared(steady(median_ms, 2))
    assert found.word == word
    assert found.statement.startswith(f"{word}: p99 of ei against gpu ")
    assert found.statement.endswith("margin 10 %")


def test_a_small_sure_increase_is_within_the_margin() -> None:
    """5 % at p50: seen, and too small to matter."""
    text = TWO.replace("candidate: ei", "candidate: ei, headline: p50")
    assert compared(steady(105, 2), text=text).word is Change.WITHIN_MARGIN


def test_an_open_question_says_how_much_longer() -> None:
    """The forecast is a least time and a plan."""
    found = compared(steady(107, 2, spread=0.6), steady(100, 1, spread=0.6))
    assert found.word is Change.INCONCLUSIVE
    assert " more, plan for a run of " in found.statement


def test_every_quantile_has_its_row_and_the_headline_too() -> None:
    """The shift function: ascending, unsupported ones without numbers."""
    text = TWO.replace("candidate: ei", "candidate: ei, headline: p95, quantiles: [p50, p99.9]")
    found = compared(steady(110, 2), text=text)
    assert [row.q for row in found.response] == [0.5, 0.95, 0.999]
    assert [row.q for row in found.service] == [0.5, 0.95, 0.999]
    assert found.response[2].ratio is None
    assert found.response[2].needs == 20_000
    ratio, difference = found.response[0].ratio, found.response[0].difference_ns
    assert ratio is not None
    assert difference is not None
    assert ratio.low <= 1.1 <= ratio.high
    assert difference.low <= 10e6 <= difference.high


def test_sides_say_what_is_beside_the_quantiles() -> None:
    """Throughput, failures, and the first inference of each."""
    run = golden_run(answers={"ei": away(steady(100, 1), 100, 110)})
    found = compare(with_target(run, "ei", first_inference_ns=8 * 10**9))
    assert found.baseline.error_share == 0
    assert 0.02 < found.candidate.error_share < 0.05
    assert found.candidate.throughput_per_s < found.baseline.throughput_per_s
    assert found.candidate.first_inference_ns == 8 * 10**9
    assert found.kind == "paired"


def test_a_candidate_that_was_away_is_unavailable_not_slow() -> None:
    """40 s without an answer are said as that, not as a per cent of infinity."""
    found = compared(away(steady(100, 2), 100, 140))
    assert found.word is Change.UNAVAILABLE
    assert found.statement.startswith("ei unavailable for ")
    assert "%" not in found.statement


def test_a_baseline_that_was_away_proves_nothing_good() -> None:
    """The candidate is no faster for that."""
    found = compared(steady(100, 2), away(steady(100, 1), 100, 140))
    assert found.word is Change.INCONCLUSIVE
    both = compared(away(steady(100, 2), 100, 140), away(steady(100, 1), 100, 140))
    assert both.word is Change.INCONCLUSIVE
    assert "gpu unavailable" in both.statement
    assert "ei unavailable" in both.statement


def _some_fail(due_s: Floats) -> Floats:
    fails = np.random.default_rng(9).random(len(due_s)) < 0.03
    return np.where(fails, np.inf, steady(100, 2)(due_s))


def test_scattered_failures_make_it_slower_than_everything() -> None:
    """3 % that fail put p99 beyond the baseline's, whatever the others take."""
    found = compared(_some_fail)
    assert found.word is Change.INCREASE
    assert found.statement == "increase: more than 1 % of ei's requests failed"
    assert compared(steady(100, 1), _some_fail).word is Change.DECREASE
    assert compared(_some_fail, _some_fail).word is Change.INCONCLUSIVE


def test_wrong_answers_are_not_compared() -> None:
    """No verdict on the speed of a target that answers nonsense."""
    run = golden_run(answers={"ei": steady(50, 2)})
    found = compare(with_target(run, "ei", answers_checked=60, answers_bad=2))
    assert found.word is Change.INCONCLUSIVE
    assert "2 of 60 checked answers of ei were wrong" in found.statement


def test_disagreement_beyond_its_objective_is_not_compared() -> None:
    """Answers that differ are told; below the limit asked for there is no verdict."""
    text = TWO.replace("errors < 5 %", "agreement >= 99 %")
    different = {"answers_compared": 100, "answers_agreed": 70}
    found = compare(with_target(golden_run(text), "ei", **different))
    assert "only 70 of 100 compared answers agree" in found.statement
    assert found.word is Change.INCONCLUSIVE
    found = compare(with_target(golden_run(), "ei", **different))
    assert found.word is Change.NO_INCREASE
    assert "30 % of the compared answers differ" in found.notes


def test_a_target_that_does_not_keep_up_gets_no_size() -> None:
    """Times that grow all run long have no ratio; that they grow is the verdict."""

    def growing(due_s: Floats) -> Floats:
        return np.asarray(0.1 + 0.01 * due_s)

    found = compared(growing)
    assert found.word is Change.INCREASE
    assert "did not keep up" in found.statement
    for either in (compared(growing, growing), compared(steady(100, 1), growing)):
        assert either.word is Change.INCONCLUSIVE
        assert "grew over the run" in either.statement


def test_closed_loop_shows_an_increase_and_nothing_better() -> None:
    """Users slow down with their server."""
    text = TWO.replace("rate: 20/s, for: 5 min", "users: 20, for: 5 min")
    assert compared(steady(100, 2), text=text).word is Change.INCONCLUSIVE
    assert compared(steady(150, 2), text=text).word is Change.INCREASE


def test_closed_phases_beside_open_ones_are_left_out() -> None:
    """Only arrivals that both targets shared are compared."""
    text = TWO.replace("objectives:", "  - {phase: users, users: 5, for: 1 min}\nobjectives:")
    run = golden_run(text)
    found = compare(run)
    assert found.word is Change.NO_INCREASE
    assert "closed-loop phases are left out: users" in found.notes
    assert found.baseline.requests == run.sample(0, run.measured("steady")).total


def test_the_same_server_twice_is_said() -> None:
    """An A/A run is the user's own test of the tool."""
    text = TWO.replace("9000", "8500").replace("ssdresnet", "ssd")
    assert any(note.startswith("an A/A run") for note in compared(steady(100, 2), text=text).notes)


def test_a_ratio_that_moves_within_the_run_is_unstable() -> None:
    """A candidate that slows down half-way has no one ratio."""

    def slows(due_s: Floats) -> Floats:
        return steady(100, 2)(due_s) * np.where(due_s < 160, 1.0, 1.3)

    assert any(note.startswith("unstable: ") for note in compared(slows).notes)


def test_near_saturation_the_size_is_a_least_size() -> None:
    """An almost saturated candidate is slower still than its interval says."""
    slow = replace(SYSTEMS["A60"], service_s=0.135)
    pairs = simulate(SYSTEMS["A60"], 300, 1, seed=8, candidate=slow)

    def times(which: str) -> Answer:
        values = getattr(pairs, which)[:, 0]
        return lambda due_s: np.resize(values[pairs.intended_s[:, 0] >= 0], len(due_s))

    text = TWO.replace("candidate: ei", "candidate: ei, headline: p50")
    found = compared(times("candidate_s"), times("baseline_s"), text)
    assert found.word is Change.INCREASE
    assert "at least +" in found.statement
    assert "ei is near saturation: an increase is real, its size understated" in found.notes


def test_too_few_requests_are_inconclusive() -> None:
    """A minute at 2/s has no p99, and says what one takes."""
    text = TWO.replace("rate: 20/s, for: 5 min", "rate: 2/s, for: 1 min")
    found = compared(steady(150, 2), text=text)
    assert found.word is Change.INCONCLUSIVE
    assert "p99 needs at least 2,000 requests" in found.statement


def test_nothing_measured_is_inconclusive() -> None:
    """No division by zero, no word."""
    run = replace(golden_run(), intervals=Intervals.empty())
    assert compare(run).statement == "inconclusive: no requests were measured"


def test_other_targets_than_the_scenarios_can_be_asked_for() -> None:
    """Turned round, an increase is a decrease."""
    run = golden_run(answers={"ei": steady(130, 2)})
    turned = compare(run, Compare(baseline="ei", candidate="gpu"))
    assert turned.word is Change.DECREASE
    with pytest.raises(ValueError, match="no `compare:`"):
        compare(golden_run(ONE))


def test_false_alarms_on_queues_are_rare() -> None:
    """Equal targets at 60 % utilisation: of 40 runs at most 4 say increase or decrease."""
    pairs = simulate(SYSTEMS["A60"], 300, 40, seed=12)
    wrong = 0
    for run in range(pairs.runs):
        cuts = [Blocks.of(pairs.sample(run, 300, of)) for of in ("baseline_s", "candidate_s")]
        rows, _ = shift.shift(cuts[0], cuts[1], (0.95,), paired=True)
        wrong += word_of(rows[0], 0.1) in {Change.INCREASE, Change.DECREASE}
    assert wrong <= 4


@pytest.mark.parametrize("objectives", ["[p95 < 300 ms]", "[agreement >= 99 %]"])
def test_targets_that_never_agree_are_not_compared(objectives: str) -> None:
    """None of 100 answers agree: whatever the times are, it is not the same work."""
    text = TWO.replace("[p95 < 300 ms, errors < 5 %]", objectives)
    run = golden_run(text, {"gpu": steady(100, 1), "ei": steady(300, 2)})
    found = compare(with_target(run, "ei", answers_compared=100, answers_agreed=0))
    assert found.word is Change.INCONCLUSIVE
    assert "none of 100 compared answers agree" in found.statement
    # In warm-up they may differ: it decides nothing.
    phases = (Answers(compared=100), Answers(compared=100, agreed=100))
    assert compare(with_target(run, "ei", answers=phases)).word is Change.INCREASE


def test_a_decrease_is_not_called_an_increase() -> None:
    """Near saturation a quicker candidate is no increase whose size is understated."""
    pairs = simulate(SYSTEMS["A60d"], 300, 1, seed=8)
    run = golden_run()
    for word, candidate in (("decrease", 0.8), ("increase", 1.3)):
        recorder = Recorder(0)
        order = pairs.intended_s[:, 0] >= 0
        due_s, took = pairs.intended_s[order, 0], pairs.baseline_s[order, 0]
        inside = due_s < 300
        for target, factor in enumerate((1.0, candidate)):
            times = took[inside] * factor
            recorder.record(results(target, 1, 10 + due_s[inside], times))
        how = Compare(baseline="gpu", candidate="ei", headline=0.5)
        found = compare(replace(run, intervals=recorder.take()), how)
        assert str(found.word) == word
        assert word == "increase" or not [n for n in found.notes if "increase is real" in n]
