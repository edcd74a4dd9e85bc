"""The networks' own arithmetic, where it can be known."""

from tests.server.torch_made import torch_or_skip


def test_suppression_leaves_no_box_that_overlaps_a_better_one_of_its_class() -> None:
    """By more than the limit; boxes of another class stay."""
    torch = torch_or_skip()
    from eiload.server.torch_nets import CANDIDATES, _best

    boxes = torch.zeros(1, CANDIDATES, 4)
    boxes[0, :4] = torch.tensor(
        [[0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 0.5, 0.45], [0.0, 0.0, 0.5, 0.45], [0.6, 0.6, 1.0, 1.0]]
    )
    scores = torch.zeros(1, CANDIDATES)
    scores[0, :4] = torch.tensor([0.9, 0.8, 0.7, 0.6])
    ids = torch.ones(1, CANDIDATES)
    ids[0, 2] = 2.0
    kept, classes, best, found = _best(boxes, scores, ids)
    assert found.tolist() == [3.0]
    assert best[0, :3].tolist() == scores[0, [0, 2, 3]].tolist()
    assert classes[0, :3].tolist() == [1.0, 2.0, 1.0]
    assert torch.equal(kept[0, :3], boxes[0, [0, 2, 3]])


def test_scores_of_a_picture_add_up_to_one() -> None:
    """Whatever its size."""
    torch = torch_or_skip()
    from eiload.server.torch_nets import Classifier

    with torch.no_grad():
        scores = Classifier(0.05).eval()(torch.rand(2, 3, 40, 50))
    assert scores.shape == (2, 1000)
    assert torch.allclose(scores.sum(1), torch.ones(2))
