"""When two answers say the same, and whose answers belong together."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from eiload.pairing import MAX_WAITING, Pairing, agree, iou
from eiload.scenario import Compare

Outputs = dict[str, NDArray[Any]]
BOX = (0.1, 0.1, 0.5, 0.5)


def answer(*found: tuple[int, float, tuple[float, float, float, float]]) -> Outputs:
    """Return an SSD's answer with these (class, score, box), best first, padded to 5."""
    rows = [*found, *[(1, 0.01, (0.0, 0.0, 0.01, 0.01))] * (5 - len(found))]
    classes, scores, boxes = zip(*rows, strict=True)
    return {
        "detection_classes": np.array([classes], np.float32),
        "detection_scores": np.array([scores], np.float32),
        "detection_boxes": np.array([boxes], np.float32),
        "num_detections": np.array([5.0], np.float32),
    }


DOG = (18, 0.9, BOX)
CAT = (17, 0.8, (0.6, 0.6, 0.9, 0.9))


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (answer(DOG, CAT), True),
        (answer((18, 0.885, BOX), CAT), True),
        (answer((18, 0.87, BOX), CAT), False),
        (answer((18, 0.9, (0.1, 0.1, 0.5, 0.51)), CAT), True),
        (answer((18, 0.9, (0.1, 0.1, 0.5, 0.6)), CAT), False),
        (answer((19, 0.9, BOX), CAT), False),
        (answer(DOG), False),
        (answer(DOG, CAT, (1, 0.5, BOX)), False),
        (answer(DOG, CAT, (1, 0.25, BOX)), True),
    ],
    ids=[
        "equal", "score near", "score off", "box near", "box off", "label", "one missing",
        "one more", "one more in doubt",
    ],
)  # fmt: skip
def test_agree(other: Outputs, same: bool) -> None:
    """Labels, overlap and scores decide, in both directions."""
    assert agree(answer(DOG, CAT), other) is same
    assert agree(other, answer(DOG, CAT)) is same


def test_two_of_one_kind() -> None:
    """Each detection has a partner of its own: two dogs are not one dog."""
    assert not agree(answer(DOG, DOG), answer(DOG))
    assert agree(answer(DOG, DOG), answer(DOG, DOG))


def test_other_models() -> None:
    """Answers that are not an SSD's agree when their arrays do."""
    y = np.array([1.0, 2.0], np.float32)
    assert agree({"y": y}, {"y": y * np.float32(1.001)})
    assert not agree({"y": y}, {"y": y * 2})
    assert not agree({"y": y}, {"z": y})
    assert not agree({"y": y}, {"y": y[:1]})


def test_iou() -> None:
    """Overlap is intersection over union."""
    assert iou(BOX, BOX) == pytest.approx(1)
    assert iou((0, 0, 1, 1), (0, 0.5, 1, 1.5)) == pytest.approx(1 / 3)
    assert iou((0, 0, 0.1, 0.1), (0.5, 0.5, 1, 1)) == 0


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
