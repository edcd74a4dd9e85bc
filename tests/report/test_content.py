"""What reports for people say."""

from dataclasses import replace

import pytest

from eiload.base.clock import NS_PER_S
from eiload.base.status import Status
from eiload.record.intervals import Intervals
from eiload.record.run import Run
from eiload.report.content import sections
from eiload.report.section import Section, Tone
from tests.report import runs
from tests.report.runs import judged


def section(run: Run, title: str) -> Section:
    """Return the section of a run's report whose title begins so."""
    (found,) = [each for each in sections(run, judged(run)) if each.title.startswith(title)]
    return found


def said(line: tuple[str | Tone, ...]) -> str:
    """Return a line's text."""
    return "".join(part.text if isinstance(part, Tone) else part for part in line)


def lines(found: Section) -> list[str]:
    """Return the lines of a section."""
    return [said(line) for line in found.lines]


def test_what_was_asked_comes_first() -> None:
    """Objectives, comparison, what bears on both; then the run and its numbers."""
    report = [each.title for each in sections(runs.golden(), judged(runs.golden()))]
    assert report[:2] == ["objectives", "comparison of ei with gpu: response times"]
    rest = report[report.index("run golden") :]
    assert rest == [
        "run golden", "response times", "every request", "what did not end well", "cost",
    ]  # fmt: skip
    invalid = replace(runs.golden(), problems=("the sender was killed",))
    assert sections(invalid, judged(invalid))[0].title.startswith("the run is invalid")


def test_what_was_measured() -> None:
    """The scenario, when, how long, and against what."""
    found = section(runs.golden(), "run golden")
    assert lines(found) == [
        "70 s of load, from 2026-01-01 00:00:00 UTC, seed 1",
        "gpu: 127.0.0.1:8500, model ssd",
        "ei: 127.0.0.1:9000, model ssdresnet",
    ]


def test_a_stopped_run_says_so() -> None:
    """What ended a run early, and when, is in its head."""
    run = replace(runs.golden(), stopped="SIGINT", ended_ns=42 * NS_PER_S)
    assert "stopped early (SIGINT): 42 s of 70 s" in lines(section(run, "run golden"))


def test_times_in_one_table() -> None:
    """One row a target; what the data cannot support is no number."""
    found = section(runs.golden(), "response times")
    assert [column.heading.replace("\n", " ") for column in found.columns] == [
        "target", "requests", "good/s", "errors", "p50", "p90", "p99", "p99.9", "max ok",
        "service p99", "lag p99",
    ]  # fmt: skip
    gpu, ei = (row.cells for row in found.rows)
    assert gpu == (
        "gpu", "3,000", "50.0", "0 %", "100", "129", "159", "-", "212", "159", "0.200",
    )  # fmt: skip
    assert ei[:4] == ("ei", "3,000", "49.8", "0.333 %")


def test_times_among_failures_are_failed() -> None:
    """A quantile that lies among failed requests is a word, not a number."""
    batch = runs.ended(runs.results(0, 1, 10, [100.0] * 3000), slice(0, 300), Status.INTERNAL)
    run = replace(runs.golden(), intervals=runs.recorded(batch))
    assert section(run, "response times").rows[0].cells[6] == "failed"


def test_the_terms_are_defined_on_first_use() -> None:
    """The table's note says what response time, service time and lag are."""
    note = section(runs.golden(), "response times").note
    assert all(term in note for term in ("response time:", "service time:", "lag:"))


def test_every_request_is_accounted_for() -> None:
    """The ledger is an equation, and warm-up is part of it."""
    ledger = "scheduled 3,020 = 3,010 ok + 7 failed + 2 dropped + 1 unfinished"
    assert f"ei: {ledger}; 20 of them in warm-up" in lines(section(runs.golden(), "every request"))


def test_lost_requests_are_in_the_ledger() -> None:
    """What a dead worker took with it is said, and makes the run invalid."""
    batch = runs.ended(runs.results(0, 1, 10, [100.0] * 3000), slice(0, 5), Status.LOST)
    run = replace(runs.golden(), intervals=runs.recorded(batch))
    assert lines(section(run, "every request"))[0].endswith("+ 0 unfinished + 5 lost")


def test_the_first_inference_is_apart() -> None:
    """The cold start is reported with what it is."""
    assert (
        "  first inference, before the load: 8,412 ms (it loads the model into the accelerator)"
    ) in lines(section(runs.golden(), "every request"))


def test_failures_by_their_text() -> None:
    """What went wrong is listed with the server's words, and ours for our own statuses."""
    found = section(runs.golden(), "what did not end well")
    assert [row.cells for row in found.rows] == [
        ("ei", "7", "UNAVAILABLE: Socket closed"),
        ("ei", "2", "DROPPED: due and never sent"),
        ("ei", "1", "UNFINISHED: sent, no answer when the run ended"),
    ]


def test_many_kinds_of_failures_are_shortened() -> None:
    """A server that invents a text for every failure does not flood the report."""
    gpu, ei = runs.golden().targets
    details = {f"UNAVAILABLE: {n}": n for n in range(1, 10)}
    run = replace(runs.golden(), targets=(gpu, replace(ei, details=details)))
    rows = section(run, "what did not end well").rows
    assert [row.cells for row in rows][:2] == [
        ("ei", "9", "UNAVAILABLE: 9"), ("ei", "8", "UNAVAILABLE: 8"),
    ]  # fmt: skip
    assert rows[-1].cells == ("ei", "13", "of 6 other kinds")


def test_the_shift_function() -> None:
    """Every quantile of both targets, with ratio and difference, each with its interval."""
    found = section(runs.golden(), "comparison of ei with gpu: response times")
    names = [row.cells[0] for row in found.rows]
    assert names == ["p50", "p90", "p95", "p99 *", "p99.9"]
    _, gpu, ei, ratio, difference, picture = found.rows[0].cells
    assert (gpu, ei) == ("100", "120")
    assert isinstance(ratio, str)
    assert ratio.startswith("1.199 [1.1")
    assert isinstance(difference, str)
    assert difference.startswith("+19.9 [+1")
    assert not isinstance(picture, str)
    assert found.rows[-1].cells[3:] == ("needs about 20,000 requests", "-", "")
    (word, rest) = found.lines[0]
    assert word == Tone("increase", good=False)
    assert isinstance(rest, str)
    assert rest.startswith(": p99 of ei against gpu")
    assert "ei: 49.8/s good answers, 0.333 % errors, first inference 8,412 ms" in lines(found)


def test_service_times_are_compared_below() -> None:
    """A reader can tell queueing from inference, and no verdict is on the service times."""
    titles = [each.title for each in sections(runs.golden(), judged(runs.golden()))]
    index = titles.index("comparison of ei with gpu: response times")
    assert titles[index + 1] == "comparison of ei with gpu: service times"
    assert not section(runs.golden(), "comparison of ei with gpu: service times").lines


def test_each_target_by_itself() -> None:
    """Each quantile that is supported has its own interval, open where no limit would pass."""
    found = section(runs.golden(), "comparison of ei with gpu: each by itself")
    assert [row.cells for row in found.rows] == [
        ("p50", "100 [98.9, 102]", "120 [119, 122]"),
        ("p90", "129 [126, 132]", "154 [152, 157]"),
        ("p95", "139 [135, 144]", "166 [162, 173]"),
        ("p99 *", "159 [153, 170]", "196 [187, open]"),
    ]


def test_cost_is_beside_the_verdict() -> None:
    """USD per million good inferences of each target, and at which load."""
    found = section(runs.golden(), "cost")
    assert [row.cells for row in found.rows] == [
        ("gpu", "0.90 USD/h", "0.90", "50.0", "5.00"),
        ("ei", "0.17 USD/h", "0.17", "49.8", "0.95"),
    ]
    assert "not called a saving" in lines(found)[0]
    assert lines(found)[1].startswith("at 50/s offered to each")


def test_verdicts() -> None:
    """One row for each objective and target, with what was observed and why."""
    found = section(runs.golden(), "objectives")
    word, objective, target, observed, why = found.rows[0].cells
    assert (word, objective, target) == (Tone("pass", good=True), "p99 < 400 ms", "gpu")
    assert isinstance(observed, str)
    assert observed.startswith("p99 159 ms, 0 of 3,000 over 400 ms")
    assert why


def test_an_objective_of_a_phase_names_it() -> None:
    """The phase of an objective is shown with it."""
    text = runs.SCENARIO.replace("[p99 < 400 ms,", "[{phase: steady, objective: p99 < 400 ms},")
    found = section(replace(runs.golden(), scenario=runs.scenario(text)), "objectives")
    assert found.rows[0].cells[1] == "p99 < 400 ms in steady"


def test_agreement_of_the_answers() -> None:
    """How many compared answers agree is a section of its own."""
    gpu, ei = runs.golden().targets
    ei = replace(ei, answers_compared=30, answers_agreed=29)
    found = section(replace(runs.golden(), targets=(gpu, ei)), "do the two answer the same?")
    assert lines(found) == ["29 of 30 compared answers agree (96.7 %)"]


VERDICT_WORDS = ("pass", "fail", "undecided", "increase", "decrease", "inconclusive")


def test_an_invalid_run_has_numbers_and_no_verdict_words() -> None:
    """Of an invalid run, the numbers stand and no verdict does."""
    run = replace(runs.golden(), problems=("the sender was killed",))
    report = sections(run, judged(run))
    tones = {
        part.text
        for each in report
        for line in [*each.lines, *(row.cells for row in each.rows)]
        for part in line
        if isinstance(part, Tone)
    }
    assert tones == {"invalid"}
    objectives = section(run, "objectives")
    assert {row.cells[0] for row in objectives.rows} == {"no verdict"}
    comparison = section(run, "comparison of ei with gpu: response times")
    assert lines(comparison)[0] == "no verdict: the run is invalid"
    assert comparison.rows[0].cells[1] == "100"
    assert lines(section(run, "the run is invalid"))[0] == "invalid: the sender was killed"


def test_emulated_wherever_a_stand_in_was_a_target() -> None:
    """Title, targets, tables and comparison say that a stand-in is no real hardware."""
    gpu, ei = runs.golden().targets
    run = replace(runs.golden(), targets=(gpu, replace(ei, emulated="eia2.medium, network")))
    assert "ei (emulated): 127.0.0.1:9000, model ssdresnet, eia2.medium, network" in lines(
        section(run, "emulated run golden")
    )
    for title in ("response times", "what did not end well", "cost (emulated)", "objectives"):
        named = {
            cell for row in section(run, title).rows for cell in row.cells if "ei" in str(cell)
        }
        assert "ei (emulated)" in named
        assert "ei" not in named
    assert lines(section(run, "cost (emulated)"))[0].startswith("emulated: ei costs ")
    assert section(run, "comparison of ei with gpu (emulated): response")
    assert any("emulated" in line for line in lines(section(run, "keep in mind")))


@pytest.mark.parametrize("ended_ns", [0, 5 * NS_PER_S, 70 * NS_PER_S])
def test_nothing_recorded(ended_ns: int) -> None:
    """A run of nothing has a report without NaN, infinity or traceback."""
    run = replace(runs.golden(), intervals=Intervals.empty(), ended_ns=ended_ns)
    for each in sections(run, judged(run)):
        for line in [*lines(each), *(str(row.cells) for row in each.rows)]:
            assert "nan" not in line.lower().replace("tenance", "")
            assert "inf" not in line.lower().replace("inference", "")
