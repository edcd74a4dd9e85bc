"""How far a run is, as its workers have told it."""

from dataclasses import replace

from eiload.control.present import present
from eiload.control.workers import Workers
from eiload.record.facts import Answers
from tests.control.test_workers import a_final, a_report, begun, ready


def test_before_the_load() -> None:
    """Who is ready is known, and what the first found out."""
    workers = Workers("this", ["a", "b"], duration_ns=1)
    assert present(workers, 0, None, begun=False).targets == ()
    workers.ready("a", ready())
    now = present(workers, 0, 5, begun=False)
    assert (now.ready, now.workers, now.begun, now.stopped_ns) == (1, 2, False, None)
    assert [facts.name for facts in now.targets] == ["gpu"]


def test_during_the_load() -> None:
    """Failures and answers are summed over workers and phases; the lost do not count."""
    workers = begun(3)
    said = replace(
        a_report(), failures={"gpu": ({"UNAVAILABLE: gone": 2},)}, answers={"gpu": (Answers(5, 1),)}
    )
    workers.report("w0", said, 100)
    workers.report("w1", said, 200)
    workers.lose("w2", "it left", 250)
    now = present(workers, 300, None, begun=True)
    assert now.failures == {"gpu": {"UNAVAILABLE: gone": 4}}
    assert now.answers == {"gpu": Answers(10, 2)}
    assert (now.workers, now.heard_ns) == (2, (100, 200))
    assert now.problems == ("worker w2 was lost: it left",)


def test_after_a_stop() -> None:
    """It is known when it was; who has made a final report is not waited for."""
    workers = begun(2)
    workers.stop()
    workers.report("w0", a_final(400), 500)
    now = present(workers, 600, 400, begun=True)
    assert (now.stopped_ns, now.heard_ns) == (400, (0,))
