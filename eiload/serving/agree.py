"""When two answers say the same.

Two answers agree when each has the same detections above `MIN_SCORE`: for every one of them the
other has one of the same label whose box overlaps by at least `MIN_IOU` (intersection over union)
and whose score is within `MAX_SCORE_DIFFERENCE`. Other answers agree when they hold arrays of the
same names, types and shapes whose elements are equal, floats within `TOLERANCE` (`close`).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eiload.serving.detections import BOXES, Detection, Outputs, detections, is_detector

__all__ = ["agree", "close", "iou"]

MIN_IOU = 0.9
MAX_SCORE_DIFFERENCE = 0.02
TOLERANCE = 0.02
"""What differs less between numerically different devices is nobody's error."""
FLOATS = "fV"
"""numpy's kinds of types with fractions; V is what bfloat16 is to it."""
MIN_SCORE = 0.3
"""Below this score detections are the model's doubts: their order and number differ between
numerically different devices without anybody's answer being wrong."""

Box = tuple[float, float, float, float]


def agree(a: Outputs, b: Outputs) -> bool:
    """Tell whether two answers say the same."""
    if not (is_detector(a) and is_detector(b)):
        return a.keys() == b.keys() and all(
            a[name].dtype == b[name].dtype and close(a[name], b[name], TOLERANCE) for name in a
        )
    if len(a[BOXES]) != len(b[BOXES]):
        return False
    # A score just under the limit on one side may be just above it on the other.
    low = MIN_SCORE - MAX_SCORE_DIFFERENCE
    return all(
        _covered(detections(x, MIN_SCORE, item), detections(y, low, item))
        for item in range(len(a[BOXES]))
        for x, y in ((a, b), (b, a))
    )


def close(a: NDArray[Any], b: NDArray[Any], tolerance: float) -> bool:
    """Tell whether two arrays have the same shape and, element by element, the same values.

    Floats may differ by ``tolerance`` times the value of `b`, plus ``tolerance`` times the largest
    finite value there if that is below 1, else plus ``tolerance``: small outputs are not all alike.
    NaN is equal to NaN, infinity to the same infinity. Whole numbers and texts have to be the same.
    """
    if a.shape != b.shape:
        return False
    if a.dtype.kind not in FLOATS and b.dtype.kind not in FLOATS:
        return bool((a == b).all())
    if object in {a.dtype, b.dtype}:
        return False
    x, y = a.astype(np.float64), b.astype(np.float64)
    finite = np.abs(y[np.isfinite(y)])
    peak = min(1.0, float(finite.max())) if finite.size else 0.0
    return bool(np.allclose(x, y, rtol=tolerance, atol=tolerance * peak, equal_nan=True))


def _covered(found: Sequence[Detection], others: Sequence[Detection]) -> bool:
    """Tell whether each of `found` has a partner of its own among `others`."""
    free = list(others)
    for one in found:
        partner = next((other for other in free if _same(one, other)), None)
        if partner is None:
            return False
        free.remove(partner)
    return True


def _same(one: Detection, other: Detection) -> bool:
    return (
        one.class_id == other.class_id
        and abs(one.score - other.score) <= MAX_SCORE_DIFFERENCE
        and iou(one.box, other.box) >= MIN_IOU
    )


def iou(a: Box, b: Box) -> float:
    """Return the intersection over union of two boxes (ymin, xmin, ymax, xmax), 0 to 1."""
    height = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    width = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)) - height * width
    return height * width / union if union > 0 else float(a == b)
