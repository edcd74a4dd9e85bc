"""What the live page says of looks: when the next one is, and how far it is to a decision."""

from eiload.judging import looks
from eiload.record.looks import up_to
from eiload.report.live.ahead import Ahead
from eiload.report.live.watch import Watch
from tests.golden import golden_run, scenario
from tests.judging.test_looks import CLOSE

WORDS = ("pass", "fail", "undecided")


def test_a_run_that_just_ends() -> None:
    """Nothing is ahead of it but its end."""
    of = scenario()
    ahead = Ahead(of)
    assert ahead.next_s(0) is None
    assert ahead.distance(of.objectives[0], "gpu", 100, 10, 20) == ""


def test_before_a_look_there_is_no_word() -> None:
    """A boundary, of as many requests as there will be by then; after the last look nothing."""
    of = scenario(CLOSE)
    ahead = Ahead(of)
    assert ahead.next_s(70) == 130
    said = ahead.distance(of.objectives[0], "gpu", 1200, 60, 70)
    assert said.startswith("at the next look under ")
    assert said.endswith(" at least")
    assert not any(word in said for word in WORDS)
    assert ahead.distance(of.objectives[0], "gpu", 0, 0, 5) == ""
    assert ahead.distance(of.objectives[0], "gpu", 9000, 960, 975) == ""


def test_after_a_look() -> None:
    """What it decided is said with its word, what it left open by its interval."""
    run = golden_run(CLOSE)
    ahead = Watch(run.scenario).ahead
    ahead.seen = looks.look(up_to(run, 130)).verdicts
    close, errors = run.scenario.objectives
    said = ahead.distance(close, "gpu", 2400, 120, 130)
    assert said.startswith("at the last look ")
    assert " of what is allowed; at the next look " in said
    assert not any(word in said for word in WORDS)
    assert ahead.distance(errors, "gpu", 2400, 120, 130).startswith("pass: ")
