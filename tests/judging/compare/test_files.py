"""separate: runs are compared when they can be, and refused by the field that differs."""

from dataclasses import replace

import pytest

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.errors import ScenarioError
from eiload.judging import looks
from eiload.judging.compare.comparable import Named
from eiload.judging.compare.comparison import Change, Comparison
from eiload.judging.compare.files import compare_runs
from eiload.record import stopping
from eiload.record.looks import up_to
from eiload.record.run import PAYLOAD, Run
from eiload.record.served import Served, Version
from tests.golden import ONE, TWO, Answer, away, golden_run, steady, with_target


def one(name: str, median_ms: float, seed: int, text: str = ONE) -> Named:
    """Return a named run of one target."""
    run = golden_run(text, {"gpu": steady(median_ms, seed)})
    return Named(name, replace(run, started_wall_ns=run.started_wall_ns + seed * NS_PER_S))


FEW = TWO.replace("candidate: ei", "candidate: ei, quantiles: [p50, p99]")


def again(medians_ms: list[float], text: str = FEW, seeds: list[int] | None = None) -> list[Named]:
    """Return repeated runs of two targets, whose candidate took these medians."""
    runs = []
    for index, median_ms in enumerate(medians_ms):
        seed = f"seed: {seeds[index]}\n" if seeds else ""
        answers = {"gpu": steady(100, 2 * index), "ei": steady(median_ms, 2 * index + 1)}
        run = golden_run(seed + text.lstrip(), answers)
        started = run.started_wall_ns + index * 600 * NS_PER_S
        runs.append(Named(f"{index}.json", replace(run, started_wall_ns=started)))
    return runs


def refused(files: list[Named], **options: object) -> str:
    """Return why files are not compared: one line."""
    with pytest.raises(ScenarioError) as raised:
        compare_runs(files, **options)  # type: ignore[arg-type]
    text = str(raised.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("median_ms", "word"), [(100, "no increase"), (140, "increase"), (70, "decrease")]
)
def test_two_runs_are_compared_unpaired(median_ms: float, word: str) -> None:
    """Before and after, each in its own run."""
    found = compare_runs([one("a.json", 100, 1), one("b.json", median_ms, 2)])
    assert (found.kind, found.runs, found.word) == ("separate runs", 2, word)
    assert found.baseline.name == "gpu (a.json)"
    assert found.candidate.name == "gpu (b.json)"
    assert "separate runs share no instants" in found.notes[0]


def test_targets_of_two_runs_can_be_named() -> None:
    """Runs of several targets are compared target by target."""
    files = again([100, 140])
    assert "1.json: has several targets; expected one to be named of gpu, ei" in refused(
        files, baseline="gpu"
    )
    found = compare_runs(files, baseline="ei", candidate="ei")
    assert found.word is Change.INCREASE
    assert "has no target 'tpu'; expected one of gpu, ei" in refused(
        files, baseline="tpu", candidate="ei"
    )


def test_one_run_is_its_own_comparison() -> None:
    """A single file with `compare:` is judged as it is."""
    assert compare_runs(again([100])).kind == "paired"
    assert "expected a second run file" in refused([one("a.json", 100, 1)])
    assert "no run files" in refused([])


def test_targets_of_one_run_can_be_named() -> None:
    """Turned round, the slower candidate is the faster one; a target is not its own baseline."""
    files = again([140])
    assert compare_runs(files).word is Change.INCREASE
    turned = compare_runs(files, baseline="ei", candidate="gpu")
    assert (turned.kind, turned.word) == ("paired", Change.DECREASE)
    assert "has no target 'tpu'" in refused(files, baseline="tpu")
    assert "expected two targets" in refused(files, baseline="ei")
    repeats = again([140, 138, 142, 141, 139])
    assert compare_runs(repeats, baseline="ei", candidate="gpu").word is Change.DECREASE


def test_five_repeated_runs_have_an_interval_over_runs() -> None:
    """Each run's ratio is one observation."""
    found = compare_runs(again([120, 118, 122, 121, 119]))
    assert (found.kind, found.runs, found.word) == ("repeated runs", 5, Change.INCREASE)
    middle = found.response[0].ratio
    assert middle is not None
    assert middle.low <= 1.2 <= middle.high
    assert found.candidate.requests == 5 * 6017


def test_lags_of_runs_are_shown() -> None:
    """Two runs have two generators: what one was later by is said; over runs, lags are means."""
    on_time, late = (Named(f"{lag}.json", golden_run(ONE, lag_ms=lag)) for lag in (0.2, 4.0))
    late = Named(late.name, replace(late.run, started_wall_ns=late.run.started_wall_ns + NS_PER_S))
    found = compare_runs([on_time, late])
    assert "gpu (4.0.json) were sent 3.8 ms later than those to gpu (0.2.json)" in found.notes[1]
    even = compare_runs([one("a.json", 100, 1), one("b.json", 100, 2)])
    assert not [note for note in even.notes if "were sent" in note]
    over = compare_runs(again([100] * 5))
    assert over.candidate.lag_p99_ns == pytest.approx(0.2 * NS_PER_MS, rel=0.01)


def test_runs_that_disagree_widen_the_interval() -> None:
    """Where attachments differ by 20 %, five equal means are no proof of equality."""
    found = compare_runs(again([100, 80, 120, 85, 115]))
    assert found.word is Change.INCONCLUSIVE
    assert "more run" in found.statement


def test_a_run_in_which_the_candidate_was_away_is_said() -> None:
    """An absence does not vanish in a mean."""
    files = again([100] * 5)
    absent = golden_run(FEW, answers={"ei": away(steady(100, 1), 100, 140)})
    files[3] = Named("3.json", absent)
    found = compare_runs(files)
    assert found.word is Change.UNAVAILABLE
    assert found.statement.startswith("unavailable: 3.json: ei unavailable for ")
    assert "0.json" not in found.statement


def test_a_target_that_was_away_in_its_own_run_is_unavailable() -> None:
    """Of separate runs too, an absence is not a per cent of slowness."""
    absent = golden_run(ONE, {"gpu": away(steady(100, 2), 100, 140)})
    found = compare_runs([one("a.json", 100, 1), Named("b.json", absent)])
    assert found.word is Change.UNAVAILABLE
    assert found.statement == "gpu (b.json) unavailable for 40 s"
    turned = compare_runs([Named("b.json", absent), one("a.json", 100, 1)])
    assert turned.word is Change.INCONCLUSIVE


def test_what_stands_against_one_run_stands_against_all() -> None:
    """Wrong answers, or times that grew, in one of five runs: no verdict on their mean."""
    files = again([70] * 5)
    assert compare_runs(files).word is Change.DECREASE
    wrong = with_target(files[2].run, "ei", answers_checked=50, answers_bad=1)
    found = compare_runs([*files[:2], Named("2.json", wrong), *files[3:]])
    assert found.statement == "inconclusive: 2.json: 1 of 50 checked answers of ei were wrong"
    slow = golden_run(FEW, answers={"ei": lambda due_s: 0.1 + 0.01 * due_s})
    found = compare_runs([*files[:2], Named("2.json", slow), *files[3:]])
    assert found.statement.startswith("inconclusive: 2.json: ei did not keep up")


def test_runs_that_all_fall_behind_are_slower() -> None:
    """Five runs whose candidate does not keep up are a verdict, without a size."""
    files = []
    for index in range(5):
        run = golden_run(FEW, answers={"ei": lambda due_s: 0.1 + 0.01 * due_s})
        files.append(Named(f"{index}", replace(run, started_wall_ns=index)))
    assert compare_runs(files).word is Change.INCREASE


def test_two_to_four_repeats_are_too_few() -> None:
    """The interval over three runs is so wide that it says nothing."""
    assert "3 repeated runs; expected at least 5" in refused(again([100, 100, 100]))


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("20/s, for: 5 min", "25/s, for: 5 min", "traffic[0].rate"),
        ("5 min", "6 min", "traffic[0].for"),
        ("64x48", "64x64", "payload.synthetic"),
        ("name:", "seed: 7\nname:", "seed is 7, not 1"),
    ],
)
def test_what_must_not_be_compared_is_refused_by_field(old: str, new: str, field: str) -> None:
    """Other traffic, payload or seed: one line with the file, the field and both values."""
    text = refused([one("a.json", 100, 1), one("b.json", 100, 2, ONE.replace(old, new))])
    assert text.startswith("b.json: not comparable with a.json: ")
    assert field in text


def test_other_content_under_the_same_name_is_refused() -> None:
    """Images of one name may be other images: the fingerprint of what was sent tells."""

    def sent(file: Named, digest: str) -> Named:
        environment = {**file.run.environment, **({PAYLOAD: digest} if digest else {})}
        return Named(file.name, replace(file.run, environment=environment))

    first, second = one("a.json", 100, 1), one("b.json", 100, 2)
    text = refused([sent(first, "a" * 64), sent(second, "b" * 64)])
    assert text == (
        "b.json: not comparable with a.json: payload has other content:"
        " SHA-256 bbbbbbbbbbbb..., not aaaaaaaaaaaa..."
    )
    assert compare_runs([sent(first, "a" * 64), sent(second, "a" * 64)]).word is not None
    assert compare_runs([sent(first, "a" * 64), sent(second, "")]).word is not None


def test_another_seed_is_allowed_when_asked_for() -> None:
    """Repeats with other arrivals are better evidence, not worse."""
    files = again([100] * 5, seeds=[1, 2, 3, 4, 5])
    assert "--allow-different-seed" in refused(files)
    assert compare_runs(files, allow_different_seed=True).word is Change.NO_INCREASE


def test_an_invalid_run_is_refused() -> None:
    """What was measured wrongly is not compared with anything."""
    late = Named("b.json", golden_run(ONE, lag_ms=50))
    text = refused([one("a.json", 100, 1), late])
    assert text.startswith("b.json: an invalid run cannot be compared: requests to gpu were sent")


def test_the_same_run_twice_is_refused() -> None:
    """A copy is no second observation."""
    first = one("a.json", 100, 1)
    assert "the same run as a.json" in refused([first, Named("copy.json", first.run)])


def test_other_targets_or_settings_are_no_repeat() -> None:
    """Five runs are of one scenario; addresses may differ, models and margins may not."""
    files = again([100] * 5)

    def fifth(old: str, new: str) -> list[Named]:
        run: Run = again([100], FEW.replace(old, new))[0].run
        return [*files[:4], Named("x", replace(run, started_wall_ns=1))]

    assert "targets.ei is" in refused(fifth("model: ssdresnet", "model: other"))
    assert "compare.margin" in refused(fifth("candidate: ei", "candidate: ei, margin: 20 %"))
    moved = fifth("127.0.0.1:9000", "127.0.0.1:9001")
    assert isinstance(compare_runs(moved), Comparison)


def test_wrong_answers_are_no_comparison() -> None:
    """A target that answers nonsense is compared with nobody."""
    first, second = one("a.json", 100, 1), one("b.json", 50, 2)
    wrong = with_target(second.run, "gpu", answers_checked=50, answers_bad=1)
    assert compare_runs([first, Named("b.json", wrong)]).word is Change.INCONCLUSIVE


def test_headline_and_margin_can_be_asked_for() -> None:
    """What is asked for replaces what `compare:` or the defaults say."""
    files = [one("a.json", 100, 1), one("b.json", 115, 2)]
    assert compare_runs(files).headline == 0.99
    found = compare_runs(files, headline=0.5, margin=0.5)
    assert (found.headline, found.margin, found.word) == (0.5, 0.5, "increase within margin")


def served_by(run: Run, *numbers: int) -> Run:
    """Return a run of one target whose answers were of these versions."""
    seen = tuple(Version(number, at, at + 1, 5) for at, number in enumerate(numbers))
    facts = run.targets[0]
    parts = (Served(versions=seen),) * len(run.scenario.traffic)
    return with_target(run, facts.name, served=parts)


def test_runs_of_other_versions_are_refused_unless_told() -> None:
    """The same model as version 1 on Monday and 2 on Tuesday is two systems."""
    monday, tuesday = (
        served_by(golden_run(ONE, {"gpu": steady(100, seed)}), seed) for seed in (1, 2)
    )
    files = [Named("monday.json", monday), Named("tuesday.json", tuesday)]
    with pytest.raises(ScenarioError) as caught:
        compare_runs(files)
    assert str(caught.value) == (
        "tuesday.json: not comparable with monday.json: model 'ssd' answered as version 2, not"
        " version 1; --allow-different-versions"
    )
    told = compare_runs(files, allow_different_versions=True)
    assert (told.baseline.versions, told.candidate.versions) == ((1,), (2,))
    same = [files[0], Named("again.json", served_by(tuesday, 1))]
    assert compare_runs(same).word is not None
    unknown = [files[0], Named("old.json", served_by(tuesday))]
    assert compare_runs(unknown).word is not None


FIXED = ONE.replace("5 min", "16 min") + "objectives: [p95 < 300 ms]\n"
UNTIL = FIXED.replace("for: 16 min}", "for: {at_least: 2 min, at_most: 16 min, until: decided}}")


def decided(text: str, answers: dict[str, Answer], at_s: int, name: str = "a.json") -> Named:
    """Return a run that ended at its first look, after 2 min."""
    run = replace(up_to(golden_run(text, answers), at_s), stopped=stopping.decided("2 min"))
    return Named(name, replace(run, started_wall_ns=run.started_wall_ns + at_s * NS_PER_S))


def test_a_run_that_ended_when_decided_is_judged_by_its_looks() -> None:
    """The words and intervals of its own report, and not those of a run of a length set before."""
    text = UNTIL.replace("payload:", '  ei: {server: "127.0.0.1:9000", model: ssd}\npayload:')
    text += "compare: {baseline: gpu, candidate: ei, headline: p90}\n"
    file = decided(text, {"gpu": steady(100, 1), "ei": steady(101, 2)}, 123)
    found = compare_runs([file])
    assert found == looks.comparison(file.run)
    assert found.statement.endswith("; decided at the look after 2 min")
    turned = compare_runs([file], baseline="ei", candidate="gpu")
    assert turned.statement.endswith("; decided at the look after 2 min")


def test_two_runs_of_which_one_ended_when_decided_are_compared_as_surely_as_its_look() -> None:
    """The same requests make a wider interval where when they end was not set before."""

    def half_width(text: str) -> float:
        other = decided(text, {"gpu": steady(103, 2)}, 130, "b.json")
        ratio = compare_runs([decided(text, {"gpu": steady(100, 1)}, 125), other]).response[0].ratio
        assert ratio is not None
        return ratio.high - ratio.low

    assert half_width(UNTIL) > 1.2 * half_width(FIXED)
