"""Made-up detections: plausible, and the same for the same image from every stand-in.

An answer is a function of the image's bytes and a seed: two stand-ins with one `answers_seed` agree
on every image, as two servers of one model do, and disagree with another seed, as two models do.
Nobody looked at the image: the labels mean nothing. What is plausible is the form: 100 rows an
image, scores sorted, a few high ones and a long low tail, boxes inside 0..1 with ymin < ymax and
xmin < xmax, ids that COCO has, `num_detections` 100 as the non-maximum suppression's padding gives.

A few hundred bytes sampled over the whole image stand for it: hashing 820 kB a request would cost
more than the rest of the request.
"""

from array import array
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from eiload.scenario.labels import LABELS
from eiload.server.signatures import ANCHORS, CLASSES, DETECTIONS

__all__ = ["detections", "fingerprint"]

SAMPLES = 509
"""How many bytes stand for an image; a prime, so that the stride rarely divides a row of pixels."""

Arrays = Mapping[str, NDArray[np.float32]]

IDS = np.array(sorted(LABELS), dtype=np.float32)


def fingerprint(image: bytes | memoryview, shape: Sequence[int]) -> bytes:
    """Return 16 bytes that stand for an image: its size, its shape and samples of its bytes."""
    stride = max(1, len(image) // SAMPLES)
    digest = blake2b(bytes(image[::stride]), digest_size=16)
    digest.update(array("q", (len(image), *shape)).tobytes())
    return digest.digest()


@lru_cache(maxsize=2048)
def _one(image: bytes, seed: int) -> Arrays:
    """Return the detections in one image, without the batch dimension."""
    rng = np.random.default_rng((seed, int.from_bytes(image, "little")))
    found = int(rng.integers(1, 8))
    scores = np.concatenate(
        (rng.uniform(0.5, 0.99, found), 0.5 * rng.beta(0.6, 6.0, DETECTIONS - found))
    )
    scores[::-1].sort()
    centres = rng.uniform(0.1, 0.9, (DETECTIONS, 2))
    halves = rng.uniform(0.02, 0.35, (DETECTIONS, 2))
    boxes = np.concatenate((centres - halves, centres + halves), axis=1)
    return {
        "detection_boxes": np.clip(boxes, 0.0, 1.0).astype(np.float32),
        "detection_classes": rng.choice(IDS, DETECTIONS),
        "detection_scores": scores.astype(np.float32),
        "num_detections": np.array(DETECTIONS, dtype=np.float32),
    }


@lru_cache(maxsize=1)
def _raw(seed: int) -> Arrays:
    """Return the output of every anchor; the same for all images, being 19 MB."""
    rng = np.random.default_rng((seed, ANCHORS))
    corners = np.sort(rng.random((ANCHORS, 2, 2), dtype=np.float32), axis=1)
    return {
        "raw_detection_boxes": corners.reshape(ANCHORS, 4),
        "raw_detection_scores": rng.random((ANCHORS, CLASSES), dtype=np.float32),
    }


def detections(images: Sequence[bytes], seed: int, *, raw: bool = False) -> Arrays:
    """Return the outputs for a batch, by alias; each image's as if it were alone.

    Args:
        images: fingerprints.
        seed: of the answers.
        raw: with raw_detection_boxes and raw_detection_scores.

    Returns:
        float32 arrays whose first dimension is ``len(images)``.
    """
    # Without an image the shapes are still those of one.
    ones: list[Arrays] = [_one(image, seed) for image in images or (b"",)]
    if raw:
        ones = [{**one, **_raw(seed)} for one in ones]
    return {alias: np.stack([one[alias] for one in ones])[: len(images)] for alias in ones[0]}
