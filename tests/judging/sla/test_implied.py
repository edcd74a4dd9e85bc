"""sla.implied: no two words of one report contradict each other."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eiload.judging.sla.implied import settled
from eiload.judging.sla.sentences import BareVerdict
from eiload.judging.statistics.shares import Word
from eiload.scenario import Objective, parse_objective
from tests.golden import ONE, scenario


def objective(text: str) -> Objective:
    """Return the objective that `text` is."""
    (found,) = scenario(f"{ONE}objectives: [{text}]\n").objectives
    return found


def words(said: dict[str, str], *, answers_bad: bool = False) -> list[str]:
    """Return the words after what each says of the others."""
    findings = [BareVerdict(Word(word), "", "") for word in said.values()]
    found = settled([*map(objective, said)], findings, answers_bad=answers_bad)
    return [str(finding.word) for finding in found]


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ({"p99 < 1 s": "fail", "p99.9 < 1 s": "undecided"}, "fail"),
        ({"p99 < 1 s": "fail", "p99.9 < 2 s": "undecided"}, "undecided"),
        ({"p95 < 300 ms": "pass", "p95 < 600 ms": "undecided"}, "pass"),
        ({"p95 < 600 ms": "pass", "p95 < 300 ms": "undecided"}, "undecided"),
        ({"errors < 1 %": "fail", "p99 < 1 s": "undecided"}, "fail"),
        ({"errors < 1 %": "fail", "service p99 < 1 s": "undecided"}, "fail"),
        ({"errors < 0.1 %": "pass", "errors < 1 %": "undecided"}, "pass"),
        ({"p99 < 1 s": "pass", "errors < 1 %": "undecided"}, "pass"),
        ({"p99 < 1 s": "fail", "errors < 1 %": "undecided"}, "undecided"),
        ({"p99 < 1 s": "pass", "service p99 < 1 s": "undecided"}, "undecided"),
        ({"mean < 1 s": "fail", "p99 < 1 s": "undecided"}, "undecided"),
    ],
)
def test_what_follows(said: dict[str, str], right: str) -> None:
    """The second objective's word, given the first's; and the first keeps its own."""
    first = next(iter(said.values()))
    assert words(said) == [first, right]
    turned = dict(reversed(said.items()))
    assert words(turned) == [right, first]


def test_wrong_answers_are_errors_however_quick() -> None:
    """A good p99 does not show that few answers are wrong."""
    said = {"p99 < 1 s": "pass", "errors < 1 %": "undecided"}
    assert words(said, answers_bad=True) == ["pass", "undecided"]


QUANTILES = [
    f"p{p} < {ms} ms" for p, ms in itertools.product(("50", "95", "99", "99.9"), (100, 300, 600))
]


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(QUANTILES), st.sampled_from([*Word]), min_size=2))
def test_decided_words_stay(said: dict[str, Word]) -> None:
    """Only what is open is settled, and by a word that is there."""
    found = words({text: str(word) for text, word in said.items()})
    for before, after in zip(said.values(), found, strict=True):
        assert before in {after, Word.UNDECIDED}


def test_what_holds_of_one_class_says_nothing_of_another() -> None:
    """Neither of another class nor of all requests."""
    findings = [BareVerdict(Word.PASS, "", ""), BareVerdict(Word.UNDECIDED, "", "")]
    texts = ("p95 < 300 ms", "p95 < 600 ms")
    for one, other in ((None, "large"), ("small", "large"), ("large", None), ("large", "large")):
        of = [parse_objective(texts[0], of_class=one), parse_objective(texts[1], of_class=other)]
        found = settled(of, findings, answers_bad=False)
        assert found[1].word is (Word.PASS if one == other else Word.UNDECIDED)
