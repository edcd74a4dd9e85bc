"""agree: when two answers say the same."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from eiload.serving.agree import agree, close, iou

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
    assert not agree({"y": y}, {"y": y.astype(np.float64)})
    scalar = {name: each[0] for name, each in answer(DOG).items()}  # an SSD's names, no batch
    assert agree(scalar, scalar)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ([np.nan, -np.inf, 1.0], [np.nan, -np.inf, 1.0], True),
        ([np.inf], [-np.inf], False),
        ([100.0, 0.0], [101.0, 0.005], True),
        ([100.0], [103.0], False),
        ([0.001, 0.002], [0.002, 0.001], False),  # small outputs are not all alike
        ([0.001, 0.002], [0.00101, 0.002], True),
        ([], [], True),
    ],
)
def test_close(a: list[float], b: list[float], same: bool) -> None:
    """Floats within a share of the value, or of the largest; what is not finite as it is."""
    for dtype in (np.float32, np.float64):
        assert close(np.array(a, dtype), np.array(b, dtype), 0.02) is same
    assert close(np.array([1, 2]), np.array([1, 2]), 0.02)
    assert not close(np.array([100]), np.array([101]), 0.02)
    assert close(np.array([b"a"], object), np.array([b"a"], object), 0.02)


def test_iou() -> None:
    """Overlap is intersection over union."""
    assert iou(BOX, BOX) == pytest.approx(1)
    assert iou((0, 0, 1, 1), (0, 0.5, 1, 1.5)) == pytest.approx(1 / 3)
    assert iou((0, 0, 0.1, 0.1), (0.5, 0.5, 1, 1)) == 0
