"""What `eiload predict` found, for people and for scripts.

Pure: a `Prediction` in, text or plain data out. Times are service times of single requests on an
otherwise idle connection. As in every report, a quantile is a number only when 20 inferences lie
beyond it (`blocks.reportable`), and an inference that failed is slower than everything.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from eiload.base import wording
from eiload.base.clock import NS_PER_MS
from eiload.base.status import Status
from eiload.base.units import format_percentile
from eiload.judging.statistics.blocks import BEYOND, reportable
from eiload.report import words
from eiload.serving.detections import Detection

__all__ = ["Inference", "Prediction", "closing", "document", "inference_line", "opening"]

QUANTILES = (0.5, 0.9, 0.95, 0.99)

MOST_DETECTIONS = 20
"""Detections shown to people; `document` has all."""

FIRST_NOTE = "the first loads the model into the accelerator; it is left out below"


@dataclass(frozen=True, slots=True)
class Inference:
    """One request and what became of it."""

    status: Status
    detail: str
    """Why it failed; empty when it did not."""
    service_ns: int

    @property
    def ok(self) -> bool:
        """Tell whether the answer came and was good."""
        return self.status is Status.OK


@dataclass(frozen=True, slots=True)
class Prediction:
    """One picture, one server, some inferences."""

    server: str
    model: str
    picture: str
    """The file's name, or what was made up."""
    width: int
    height: int
    request: str
    """What was sent, in words."""
    request_bytes: int
    notes: tuple[str, ...] = ()
    """What preflight learned."""
    stand_in: str = ""
    """What the server says it is, if it is a stand-in, such as ``emulated p2.xlarge``."""
    first: Inference | None = None
    rest: tuple[Inference, ...] = ()
    min_score: float = 0.5
    detections: tuple[Detection, ...] | None = None
    """What the last good answer shows; None when there was none, or the model is no detector."""
    outputs: dict[str, str] = field(default_factory=dict)
    """Name: type and shape of what the last good answer holds."""
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Least and largest value of the outputs that have some."""
    version: int | None = None
    """Version of the model that gave the first answer; None where the server does not tell."""

    @property
    def failures(self) -> int:
        """Return how many inferences failed, the first included."""
        first = [self.first] if self.first else []
        return sum(not inference.ok for inference in [*first, *self.rest])


def opening(prediction: Prediction) -> list[str]:
    """Return the lines to show before the first request is sent."""
    size = f" ({prediction.width} x {prediction.height})" if prediction.width else ""
    request = f"{words.safe(prediction.request)}, {wording.count(prediction.request_bytes)} bytes"
    return [
        f"{words.safe(prediction.server)} {words.safe(prediction.model)}",
        f"{words.safe(prediction.picture)}{size} as {request} a request",
        *(words.safe(note) for note in prediction.notes),
    ]


def stand_in_line(prediction: Prediction) -> str:
    """Return the line that says what answers, where that is a stand-in."""
    return (
        f"a stand-in answers ({words.safe(prediction.stand_in)}): "
        "its times say nothing of real hardware"
    )


def inference_line(number: int, inference: Inference) -> str:
    """Return one inference's line; number 0 is the first, which is apart."""
    label = "first inference" if number == 0 else f"inference {number}"
    time = f"{words.milliseconds(inference.service_ns):>9} ms"
    if inference.ok:
        return f"{label:<16}{time}" + (f"   ({FIRST_NOTE})" if number == 0 else "")
    detail = f": {words.safe(inference.detail)}" if inference.detail else ""
    return f"{label:<16}{time}   failed, {inference.status.name}{detail}"


def closing(prediction: Prediction) -> list[str]:
    """Return the lines to show after the last answer."""
    lines = ["", *_times(prediction.rest), ""] if prediction.rest else [""]
    if prediction.detections is not None:
        lines += _seen(prediction, prediction.detections)
    elif prediction.outputs:
        lines.append("the answer is no SSD detector's; it holds")
        lines += [
            f"  {words.safe(name)}  {words.safe(what)}{_span(prediction, name)}"
            for name, what in prediction.outputs.items()
        ]
    if prediction.version is not None:
        lines.append(f"version {prediction.version} of the model answered")
    if prediction.failures:
        total = len(prediction.rest) + (prediction.first is not None)
        lines += ["", f"{prediction.failures} of {total} inferences failed"]
    return [line.rstrip() for line in lines]


def _span(prediction: Prediction, name: str) -> str:
    low, high = prediction.ranges.get(name, (math.nan, math.nan))
    return f"  {low:g} to {high:g}" if name in prediction.ranges else ""


def _times(rest: Sequence[Inference]) -> list[str]:
    good = [inference.service_ns for inference in rest if inference.ok]
    if not good:
        return [f"none of {wording.count(len(rest), 'inference')} was answered well"]
    mean = math.fsum(good) / len(good)
    figures = [
        f"mean {words.milliseconds(mean)}",
        f"min {words.milliseconds(min(good))}",
        *(
            f"{format_percentile(q)} {words.milliseconds(value)}"
            for q, value in _quantiles(rest).items()
            if value is not None
        ),
        f"max {words.milliseconds(max(good))}",
    ]
    number = wording.count(len(good), "inference")
    lines = [f"service time of {number}, ms: {', '.join(figures)}"]
    missing = [q for q in QUANTILES if not reportable(q, len(rest))]
    if missing:
        needs = ", ".join(
            f"{format_percentile(q)} {wording.count(math.ceil(BEYOND / (1 - q) - 1e-6))}"
            for q in missing
        )
        lines.append(f"not shown, for want of inferences (--count): {needs}")
    return lines


def _quantiles(rest: Sequence[Inference]) -> dict[float, float | None]:
    """Return each quantile in ns, infinite where that inference failed, None if not supported."""
    times = sorted(inference.service_ns if inference.ok else math.inf for inference in rest)
    return {
        q: times[max(1, math.ceil(q * len(times) - 1e-9)) - 1]
        if reportable(q, len(times))
        else None
        for q in QUANTILES
    }


def _seen(prediction: Prediction, found: Sequence[Detection]) -> list[str]:
    if not found:
        return [f"nothing detected with a score of {prediction.min_score:g} or more"]
    box = "box: left, top, right, bottom in pixels; then as shares"
    lines = [f"detected with a score of {prediction.min_score:g} or more ({box})"]
    widest = max(len(detection.label) for detection in found)
    for detection in found[:MOST_DETECTIONS]:
        top, left, bottom, right = detection.box
        pixels = " ".join(f"{edge:5d}" for edge in _pixels(prediction, detection))
        shares = " ".join(f"{edge:.3f}" for edge in (left, top, right, bottom))
        lines.append(f"  {detection.label:<{widest}}  {detection.score:.2f}  {pixels}   {shares}")
    if rest := found[MOST_DETECTIONS:]:
        lines.append(f"  and {wording.count(len(rest))} more; a higher --min-score shows fewer")
    return lines


def _pixels(prediction: Prediction, detection: Detection) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom in the picture's pixels."""
    top, left, bottom, right = detection.box
    return (
        round(left * prediction.width),
        round(top * prediction.height),
        round(right * prediction.width),
        round(bottom * prediction.height),
    )


def document(prediction: Prediction) -> dict[str, Any]:
    """Return everything as plain data: times in ms, None for what is not known."""
    return {
        "server": prediction.server,
        "model": prediction.model,
        "picture": {
            "name": prediction.picture,
            "width": prediction.width,
            "height": prediction.height,
        },
        "request": prediction.request,
        "request_bytes": prediction.request_bytes,
        "notes": list(prediction.notes),
        "stand_in": prediction.stand_in or None,
        "first_inference": _plain(prediction.first) if prediction.first else None,
        "inferences": [_plain(inference) for inference in prediction.rest],
        "failures": prediction.failures,
        "service_ms": {
            format_percentile(q): None if value is None or math.isinf(value) else value / NS_PER_MS
            for q, value in _quantiles(prediction.rest).items()
        },
        "min_score": prediction.min_score,
        "detections": None
        if prediction.detections is None
        else [
            {
                "label": detection.label,
                "class_id": detection.class_id,
                "score": detection.score,
                "box": dict(zip(("top", "left", "bottom", "right"), detection.box, strict=True)),
                "box_pixels": dict(
                    zip(
                        ("left", "top", "right", "bottom"),
                        _pixels(prediction, detection),
                        strict=True,
                    )
                ),
            }
            for detection in prediction.detections
        ],
        "outputs": prediction.outputs,
        "ranges": {
            name: [_finite(each) for each in span] for name, span in prediction.ranges.items()
        },
        "model_version": prediction.version,
    }


def _finite(value: float) -> float | str:
    """Return a number as JSON has it; what is not finite as a text."""
    return value if math.isfinite(value) else str(value)


def _plain(inference: Inference) -> dict[str, Any]:
    return {
        "status": inference.status.name,
        "detail": inference.detail,
        "service_ms": inference.service_ns / NS_PER_MS,
    }
