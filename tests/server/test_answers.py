"""Made-up detections: the same for the same image, and plausible."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eiload.scenario.labels import LABELS
from eiload.server.answers import detections, fingerprint


@given(st.binary(min_size=1, max_size=2000), st.integers(0, 2**40))
def test_detections_look_like_an_ssds(image: bytes, seed: int) -> None:
    """Scores fall, boxes lie inside and have corners in order, ids are COCO's."""
    found = detections([fingerprint(memoryview(image), (1, 1, 3))], seed)
    assert {alias: each.shape for alias, each in found.items()} == {
        "detection_boxes": (1, 100, 4),
        "detection_classes": (1, 100),
        "detection_scores": (1, 100),
        "num_detections": (1,),
    }
    assert all(each.dtype == np.float32 for each in found.values())
    (scores,), (boxes,) = found["detection_scores"], found["detection_boxes"]
    assert (np.diff(scores) <= 0).all()
    assert 0.5 <= scores[0] < 1
    assert scores[-1] >= 0
    assert (boxes >= 0).all()
    assert (boxes <= 1).all()
    assert (boxes[:, :2] < boxes[:, 2:]).all()
    assert set(found["detection_classes"][0].astype(int)) <= LABELS.keys()
    assert found["num_detections"] == 100


def test_the_same_image_and_seed_give_the_same_answer() -> None:
    """And another image or seed another one."""
    cat, dog = (
        fingerprint(memoryview(b"cat" * 500), (5, 100, 3)),
        fingerprint(memoryview(b"dog" * 500), (5, 100, 3)),
    )
    first = detections([cat], 1)["detection_boxes"]
    assert (detections([cat], 1)["detection_boxes"] == first).all()
    assert (detections([dog], 1)["detection_boxes"] != first).any()
    assert (detections([cat], 2)["detection_boxes"] != first).any()


def test_an_image_is_answered_in_a_batch_as_alone() -> None:
    """Items of a batch do not know of each other."""
    cat, dog = (
        fingerprint(memoryview(b"cat" * 500), (5, 100, 3)),
        fingerprint(memoryview(b"dog" * 500), (5, 100, 3)),
    )
    both = detections([cat, dog], 1)
    for index, one in enumerate((cat, dog)):
        for alias, each in detections([one], 1).items():
            np.testing.assert_array_equal(both[alias][index], each[0])


def test_a_fingerprint_knows_size_and_shape() -> None:
    """The same bytes as another picture are another picture."""
    data = memoryview(bytes(1200))
    assert fingerprint(data, (20, 20, 3)) != fingerprint(data, (40, 10, 3))
    assert fingerprint(data, (20, 20, 3)) == fingerprint(data, (20, 20, 3))


def test_raw_outputs_are_all_anchors() -> None:
    """Boxes with corners in order, one score per class."""
    found = detections([b"x"], 1, raw=True)
    assert found["raw_detection_boxes"].shape == (1, 51_150, 4)
    assert found["raw_detection_scores"].shape == (1, 51_150, 91)
    boxes = found["raw_detection_boxes"][0]
    assert (boxes[:, :2] <= boxes[:, 2:]).all()
