"""pairing: whose answers belong together."""

from eiload.control.pairing import MAX_WAITING, Pairing
from eiload.scenario import Compare
from tests.serving.test_agree import CAT, DOG, answer


def pairing() -> Pairing:
    """Return the pairing of a comparison of two of three targets."""
    compare = Compare(baseline="a", candidate="b")
    return Pairing(compare, ["a", "x", "b"])


def test_partners_come_by_arrival() -> None:
    """Answers of one arrival are compared once both are there, in whichever order they come."""
    pairs = pairing()
    pairs.add(3 * 7, "a", answer(DOG))
    pairs.add(3 * 8 + 2, "b", answer(CAT))
    pairs.add(3 * 7 + 1, "x", answer(CAT))
    assert (pairs.compared, pairs.agreed) == (0, 0)
    pairs.add(3 * 7 + 2, "b", answer(DOG))
    pairs.add(3 * 8, "a", answer(DOG))
    assert (pairs.compared, pairs.agreed) == (2, 1)


def test_a_bad_answer_agrees_with_nothing() -> None:
    """A bad answer is compared and found to differ, also from another bad one."""
    pairs = pairing()
    for arrival, other in enumerate((answer(DOG), None)):
        pairs.add(3 * arrival, "a", None)
        pairs.add(3 * arrival + 2, "b", other)
    assert (pairs.compared, pairs.agreed) == (2, 0)


def test_memory_is_bounded() -> None:
    """Answers whose partner never comes are forgotten, the oldest first."""
    pairs = pairing()
    for arrival in range(MAX_WAITING + 10):
        pairs.add(3 * arrival, "a", answer(DOG))
    pairs.add(2, "b", answer(DOG))
    assert pairs.compared == 0
    pairs.add(3 * (MAX_WAITING + 5) + 2, "b", answer(DOG))
    assert (pairs.compared, pairs.agreed) == (1, 1)


def test_nothing_to_compare() -> None:
    """Without a comparison nothing is kept."""
    pairs = Pairing(None, ["a"])
    pairs.add(0, "a", answer(DOG))
    assert (pairs.compared, pairs.agreed) == (0, 0)
