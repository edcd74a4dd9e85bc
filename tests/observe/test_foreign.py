"""What the server counted against what was sent: to the request over a run, and phase by phase."""

from dataclasses import replace

import numpy as np
import pytest

from eiload.base.status import Status
from eiload.observe import foreign
from eiload.observe.foreign import Check, by_phase, check
from eiload.record.observed import Source
from eiload.record.recorder import Recorder
from eiload.record.run import Run
from tests.golden import golden_run, results, with_target
from tests.observe.made import Values, source, with_sources
from tests.observe.test_server import AT_S, PHASES, requests

SENT = 100


def run_of(*, failed: int = 0, status: Status = Status.DEADLINE_EXCEEDED) -> Run:
    """Return a run of ten seconds with a hundred requests, of which so many failed."""
    recorder = Recorder(0)
    due = np.arange(SENT) / 10
    took = np.where(np.arange(SENT) < failed, np.inf, 0.02)
    for phase, (first, last) in enumerate(((0, 4), (4, 8), (8, 10))):
        within = (due >= first) & (due < last)
        recorder.record(results(0, phase, due[within], took[within], failed=status))
    return replace(golden_run(PHASES), intervals=recorder.take())


def counted(ok: float, **others: float) -> Source:
    """Return a page that counted so many over the run, evenly."""

    def evenly(total: float) -> Values:
        return [round(total * min(max(at, 0.0), 10.0) / 10) for at in AT_S]

    return source(
        requests(evenly(ok)),
        *(requests(evenly(total), status=status) for status, total in others.items()),
        at_s=AT_S,
    )


def held(run: Run, *pages: Source) -> Check:
    """Return the check of the one target."""
    found = check(with_sources(run, {"gpu": pages}), 0)
    assert found is not None
    return found


def test_both_count_the_same() -> None:
    """To the request."""
    found = held(run_of(), counted(SENT))
    assert found.agrees
    assert (found.sent, found.total, found.low, found.high) == (SENT, SENT, 0, 0)
    assert found.together == ("gpu",)


def test_failures_that_both_know_are_each_others() -> None:
    """By status."""
    found = held(
        run_of(failed=7, status=Status.RESOURCE_EXHAUSTED), counted(93, RESOURCE_EXHAUSTED=7)
    )
    assert found.agrees


def test_foreign_load() -> None:
    """More than ever left us is surely not ours."""
    found = held(run_of(), counted(SENT + 5))
    assert (found.least, found.most) == (5, 5)
    assert found.low == found.high == pytest.approx(5 / 105)
    assert not found.agrees


def test_what_the_server_did_after_our_deadline() -> None:
    """It may be all that there is, or others' load: between two limits."""
    found = held(run_of(failed=7), counted(SENT))
    assert (found.least, found.most, found.unanswered) == (0, 7, 7)
    assert (found.low, found.high) == pytest.approx((0, 0.07))


def test_what_never_reached_the_server() -> None:
    """Is no difference: nobody took the connection."""
    found = held(run_of(failed=7, status=Status.UNAVAILABLE), counted(93))
    assert found.agrees


def test_what_was_never_sent_does_not_count() -> None:
    """Not even as perhaps."""
    found = held(run_of(failed=7, status=Status.DROPPED), counted(SENT))
    assert (found.sent, found.least, found.most) == (93, 7, 7)


def test_a_bad_answer_was_a_good_one_to_the_server() -> None:
    """It is our judgement."""
    assert held(run_of(failed=7, status=Status.BAD_ANSWER), counted(SENT)).agrees


def test_good_answers_that_it_did_not_count() -> None:
    """Another server has answered."""
    found = held(run_of(), counted(60))
    assert found.uncounted == 40
    assert (found.least, found.most) == (0, 0)


def test_after_a_restart_only_the_least_holds() -> None:
    """Counts are lost."""
    counts: Values = [0, 10, 20, 30, None, 20, 30, 40, 50, 60, 90, 90]
    found = held(run_of(), source(requests(counts), at_s=AT_S))
    assert found.restarted
    assert (found.least, found.high) == (20, 1.0)


def test_targets_that_share_a_server_are_held_against_it_together() -> None:
    """An A/A run: one page counts both."""
    text = PHASES.replace("payload:", '  aa: {server: "127.0.0.1:8500", model: ssd}\npayload:')
    run = golden_run(text)
    both = sum(sum(run.statuses(t, run.phases()).values()) for t in (0, 1))
    page = counted(both)
    for target in (0, 1):
        found = check(with_sources(run, {"gpu": [page], "aa": [page]}), target)
        assert found is not None
        assert found.agrees
        assert found.together == ("gpu", "aa")


def test_phase_by_phase() -> None:
    """Within what is under way at its ends; more than that is foreign."""
    run = with_sources(run_of(), {"gpu": [counted(SENT)]})
    found = by_phase(run, 0)
    assert [(each.phase, each.sent, each.foreign) for each in found] == [
        ("warm-up", 40, 0),
        ("steady", 40, 0),
        ("more", 20, 0),
    ]
    assert sum(each.counted for each in found) == pytest.approx(SENT)
    counts: Values = [0, 10, 20, 30, 40, 50, 190, 200, 210, 220, 230, 230]
    loud = by_phase(with_sources(run_of(), {"gpu": [source(requests(counts), at_s=AT_S)]}), 0)
    assert [each.foreign > 50 for each in loud] == [False, True, False]


def test_nothing_is_known() -> None:
    """Without a page, of another model, of one that counts nothing."""
    assert check(run_of(), 0) is None
    assert by_phase(run_of(), 0) == []
    other = with_target(with_sources(run_of(), {"gpu": [counted(SENT)]}), "gpu", model="x")
    assert check(other, 0) is None
    assert by_phase(other, 0) == []


def test_loud_is_a_percent() -> None:
    """As the documentation says."""
    assert foreign.LOUD == 0.01
