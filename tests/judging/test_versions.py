"""Versions of the model that answered, and what is said of several."""

from eiload.base.clock import NS_PER_S
from eiload.judging import versions
from eiload.judging.judgement import judge
from eiload.judging.sla import Word
from eiload.record.run import Run
from eiload.record.served import Served, Version
from tests.golden import TWO, golden_run, with_target

SAME = TWO.replace("errors < 5 %]", "errors < 5 %, versions: same]")
NAMED = TWO.replace("errors < 5 %]", "{versions: same, target: gpu}]")


def second(number: float) -> int:
    """Return an instant, ns."""
    return int(number * NS_PER_S)


def seen(number: int, first_s: float, last_s: float) -> Version:
    """Return a version that answered 10 times."""
    return Version(number, second(first_s), second(last_s), 10)


def run_of(*steady: Version, warm_up: tuple[Version, ...] = (), text: str = SAME) -> Run:
    """Return a run whose first target answered so."""
    parts = (Served(versions=warm_up), Served(versions=steady))
    return with_target(golden_run(text), "gpu", served=parts)


def test_one_version_is_said_and_passes() -> None:
    """Warm-up apart."""
    run = run_of(seen(2, 12, 300), warm_up=(seen(1, 0, 9),))
    judgement = judge(run)
    same = judgement.verdicts[-2]
    assert (same.word, same.target) == (Word.PASS, "gpu")
    assert same.observed == "version 2 (12.0 s to 300.0 s) in 10 answers that were looked at"
    assert not any("version" in each for each in judgement.validity.cautions)


def test_a_change_is_said_with_every_verdict() -> None:
    """And fails where it is an objective."""
    run = run_of(seen(1, 10, 20), seen(2, 21, 310))
    judgement = judge(run)
    said = (
        "gpu answered as version 1 (10.0 s to 20.0 s), version 2 (21.0 s to 310.0 s): these are"
        " several systems"
    )
    assert said in judgement.validity.cautions
    for verdict in judgement.verdicts:
        if verdict.objective.text == "versions: same":
            assert verdict.word is (Word.FAIL if verdict.target == "gpu" else Word.UNDECIDED)
        else:
            assert (said in verdict.reason) is (verdict.target == "gpu")
    assert judgement.comparison is not None
    assert said in judgement.comparison.notes
    assert judgement.comparison.baseline.versions == (1, 2)
    assert judgement.exit_status == 1


def test_versions_in_turn() -> None:
    """Servers of several versions behind one name."""
    run = run_of(seen(1, 10, 300), seen(2, 11, 301))
    assert versions.change(run, 0) == (
        "gpu answered as several versions in turn (version 1, version 2): these are several systems"
    )


def test_what_is_not_known() -> None:
    """No answer said it, or nobody looked: nothing is judged."""
    for run in (run_of(), golden_run(SAME)):
        (same, _) = judge(run).verdicts[-2:]
        assert (same.word, same.observed) == (Word.UNDECIDED, "nothing")
        assert versions.change(run, 0) == ""


def test_an_objective_of_one_target() -> None:
    """Written as a mapping."""
    (verdict,) = [
        each
        for each in judge(run_of(seen(3, 10, 20), text=NAMED)).verdicts
        if each.objective.text == "versions: same"
    ]
    assert (verdict.word, verdict.target) == (Word.PASS, "gpu")


def test_many_versions_are_not_all_listed() -> None:
    """And long runs have no seconds in thousandths."""
    many = [seen(number, number * 2000, number * 2000 + 1) for number in range(1, 7)]
    text = versions.in_words(many)
    assert text.startswith("version 1 (2,000 s to 2,001 s), version 2")
    assert text.endswith("version 4 (8,000 s to 8,001 s), and 2 more")
