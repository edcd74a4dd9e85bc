"""What an object detector answered, and whether that is an answer at all.

Pure: arrays in, records or words out. It knows the four outputs of the SSD models (facts: shapes
[N, M, 4], [N, M], [N, M] and [N], all float, classes counted from 1, scores falling; source:
tensorflow/models, research/object_detection/exporter.py) and COCO's labels. A server can answer OK
and say nothing of use: empty arrays, NaN, the zeros of a broken accelerator. `check` says so in
words; models with other outputs are judged by what holds for any of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eiload.scenario import Expect
from eiload.scenario import labels as coco

__all__ = [
    "BOXES",
    "CLASSES",
    "NUMBER",
    "SCORES",
    "SSD_OUTPUTS",
    "Detection",
    "Outputs",
    "check",
    "detections",
    "is_detector",
    "remarks",
]

BOXES = "detection_boxes"
SCORES = "detection_scores"
CLASSES = "detection_classes"
NUMBER = "num_detections"
SSD_OUTPUTS = (BOXES, SCORES, CLASSES, NUMBER)

ROUNDING = 0.01
"""How far a score may be beyond 0 and 1: half precision, or a sigmoid's sums."""

SHOWN_LABELS = 5
"""How many of the labels found are named beside one that is missing."""

Outputs = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Detection:
    """One thing that the model sees in an image."""

    label: str
    """Its name in COCO, or ``class <id>``."""
    class_id: int
    score: float
    """The model's confidence, 0 to 1."""
    box: tuple[float, float, float, float]
    """ymin, xmin, ymax, xmax, as shares of the image's height and width."""


def detections(outputs: Outputs, min_score: float, item: int = 0) -> list[Detection]:
    """Return what is detected in one image of the batch, in the model's order (best first).

    Args:
        outputs: all four outputs of an SSD model, as `check` accepts them.
        min_score: the lowest score that counts.
        item: which image of the batch.
    """
    count = int(outputs[NUMBER][item])
    return [
        Detection(
            coco.label(int(class_id)),
            int(class_id),
            float(score),
            (float(box[0]), float(box[1]), float(box[2]), float(box[3])),
        )
        for class_id, score, box in zip(
            outputs[CLASSES][item][:count],
            outputs[SCORES][item][:count],
            outputs[BOXES][item][:count],
            strict=True,
        )
        if score >= min_score
    ]


def is_detector(outputs: Outputs) -> bool:
    """Tell whether outputs have the names and the form of an SSD's; others may have the names."""
    if not all(alias in outputs for alias in SSD_OUTPUTS):
        return False
    ranks = tuple(outputs[alias].ndim for alias in SSD_OUTPUTS)
    return ranks == (3, 2, 2, 1) and outputs[BOXES].shape[2] == 4


def check(outputs: Outputs, expect: Expect | None, *, wanted: Sequence[str] = ()) -> str | None:
    """Return why an answer is bad, or None when it is good.

    Only what has the form of an SSD's answer is held to what an SSD's answers are; of other models
    nothing is demanded but the outputs that were asked for. A detector that sees nothing is good,
    and so are log-probabilities of minus infinity.

    Args:
        outputs: the answer's arrays.
        expect: labels that each image of the batch must show, if any.
        wanted: the outputs that were asked for; empty means all that the model has.
    """
    detector = is_detector(outputs)
    return (
        _missing(outputs, wanted)
        or (
            (_not_finite(outputs) or _misshapen(outputs) or _implausible(outputs))
            if detector
            else None
        )
        or (_unseen(outputs, expect) if expect is not None and expect.labels else None)
    )


def remarks(outputs: Outputs) -> list[str]:
    """Return what is odd about the outputs of other models, and not taken for bad."""
    if is_detector(outputs) or not outputs:
        return []
    if all(array.size == 0 for array in outputs.values()):
        return ["all outputs of the first answer are empty; `expect:` can demand a shape"]
    return [
        f"{alias} of the first answer holds NaN or infinity; `expect:` can demand `finite: true`"
        for alias, array in outputs.items()
        if array.dtype.kind in "fV" and not np.isfinite(array).all()
    ]


def _missing(outputs: Outputs, wanted: Sequence[str]) -> str | None:
    if not outputs:
        return "the answer has no outputs"
    if missing := [alias for alias in wanted if alias not in outputs]:
        return f"missing from the answer: {', '.join(missing)}"
    if is_detector(outputs) and all(outputs[alias].size == 0 for alias in SSD_OUTPUTS):
        return "all outputs are empty"
    return None


def _not_finite(outputs: Outputs) -> str | None:
    for alias in SSD_OUTPUTS:
        array = outputs[alias]
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            return f"{alias} holds NaN or infinity"
    return None


def _misshapen(outputs: Outputs) -> str | None:
    """Return how the detector's outputs contradict each other."""
    present = {alias: outputs[alias] for alias in SSD_OUTPUTS}
    for alias, array in present.items():
        if array.dtype.kind not in "fiuV":
            return f"{alias} holds no numbers"
    if len({len(array) for array in present.values()}) > 1:
        return f"outputs differ in their batch: {_shapes(present)}"
    lists = {alias: array for alias, array in present.items() if alias != NUMBER}
    if len({array.shape[1] for array in lists.values()}) > 1:
        return f"outputs differ in their number of detections: {_shapes(lists)}"
    return None


def _implausible(outputs: Outputs) -> str | None:
    """Return which value of the detector's well-formed outputs cannot be."""
    places = outputs[SCORES].shape[1]
    for count in outputs[NUMBER]:
        if count != int(count) or count < 0 or count > places:
            return f"{NUMBER} is {count:g}, expected a whole number up to {places}"
    scores = outputs[SCORES]
    if ((scores < -ROUNDING) | (scores > 1 + ROUNDING)).any():
        return f"{SCORES} are not all between 0 and 1"
    return None


def _unseen(outputs: Outputs, expect: Expect) -> str | None:
    """Return which expected label an image of the batch does not show."""
    if missing := [alias for alias in SSD_OUTPUTS if alias not in outputs]:
        return f"`expect` needs {', '.join(missing)}, which the answer does not have"
    if not is_detector(outputs):
        return f"`expect` needs an SSD's outputs, the answer has {_shapes(outputs)}"
    for item in range(len(outputs[NUMBER])):
        found = detections(outputs, 0.0, item)
        seen = {detection.label for detection in found if detection.score >= expect.min_score}
        for label in expect.labels:
            if label not in seen:
                best = ", ".join(f"{each.label} {each.score:.2f}" for each in found[:SHOWN_LABELS])
                return (
                    f"expected {label!r} with a score of {expect.min_score:g} or more,"
                    f" found {best or 'nothing'}"
                )
    return None


def _shapes(outputs: Outputs) -> str:
    return ", ".join(f"{alias} {list(array.shape)}" for alias, array in outputs.items())
