"""Making a model: what is written and how it is built (run by TensorFlow in another process)."""

import numpy as np
import pytest

from eiload.server.make_model import ANCHORS_A_CELL, UNTRAINED, anchors
from tests.server.models import Made


def test_it_says_plainly_that_it_is_untrained(made: Made) -> None:
    """On the terminal and in a file beside the model."""
    assert "an untrained SSD, random weights (seed 1); its detections mean nothing" in made.said
    assert (made.folder / "pixels" / "UNTRAINED.txt").read_text() == UNTRAINED


def test_a_model_of_two_inputs(made: Made) -> None:
    """It is no SSD, and says so."""
    said = "an untrained model of two inputs, random weights (seed 1); its scores mean nothing"
    assert said in made.said
    assert (made.folder / "two" / "1" / "saved_model.pb").exists()


def test_the_backbone_is_resnet50(made: Made) -> None:
    """At full width its convolutions have as many weights as those of Keras' ResNet50."""
    assert made.known["ours"] == made.known["theirs"] > 23_000_000


@pytest.mark.parametrize(("size", "cells"), [(640, 8525), (300, 38**2 + 19**2 + 10**2 + 25 + 9)])
def test_anchors_cover_the_pyramid(size: int, cells: int) -> None:
    """Six a cell; at 640 the 51,150 of the published configuration; centres inside the image."""
    boxes = np.array(anchors(size))
    assert len(boxes) == cells * ANCHORS_A_CELL
    assert (boxes[:, :2] > 0).all()
    assert (boxes[:, :2] < 1).all()
    # The smallest is 4 x 8 pixels square: area and aspect ratios are those of the generator.
    assert boxes[0, 2:] * size == pytest.approx([32, 32])
    assert boxes[1, 3] / boxes[1, 2] == pytest.approx(2)
    assert boxes[3, 2] * boxes[3, 3] * size**2 == pytest.approx(32 * 32 * 2)
