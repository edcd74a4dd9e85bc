"""TorchScript that is written: both ways say the same, by a real interpreter of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from eiload.base.errors import ScenarioError
from eiload.server.make_torch import TorchDesign, _built, write_torch
from tests.server.torch_made import DESIGN, ssd, torch_or_skip


def test_traced_and_scripted_answer_the_same() -> None:
    """For pictures of another size and a batch, which the trace has not seen."""
    torch = torch_or_skip()
    pictures = torch.randint(0, 256, (2, 40, 50, 3), dtype=torch.uint8)
    traced, scripted = (torch.jit.load(str(path)) for path in ssd())
    assert (traced.original_name, scripted.original_name) == ("Detector", "Detector")
    boxes, classes, scores, found = traced(pictures)
    for one, other in zip((boxes, classes, scores, found), scripted(pictures), strict=True):
        assert torch.equal(one, other)
    assert boxes.shape == (2, 100, 4)
    assert boxes.min() >= 0
    assert boxes.max() <= 1
    assert classes.min() >= 1
    assert classes.max() <= 90
    assert torch.equal(scores, scores.sort(dim=1, descending=True).values)
    assert found.tolist() == (scores > 0).sum(1).tolist()


def test_weights_are_the_seeds() -> None:
    """And nothing that others draw changes them, nor they what others draw."""
    torch = torch_or_skip()
    torch.manual_seed(5)
    drawn = torch.rand(1)
    torch.manual_seed(5)
    networks = [_built(torch, replace(DESIGN, seed=seed))[0] for seed in (1, 1, 2)]
    assert torch.equal(torch.rand(1), drawn)
    one, same, other = (next(iter(each.parameters())) for each in networks)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Nor is PyTorch loaded to find out."""
    (tmp_path / "scripted").mkdir()
    with pytest.raises(ScenarioError, match=r"scripted exists already; remove it, or choose anoth"):
        write_torch(tmp_path, DESIGN)


@pytest.mark.parametrize(
    ("design", "said"),
    [
        (replace(DESIGN, size=5), "--size: expected 64 to 2048, got 5"),
        (replace(DESIGN, width=9.0), "--width: expected 0.01 to 4.0, got 9.0"),
        (replace(DESIGN, seed=-1), "--seed: expected 0 to 2147483647, got -1"),
    ],
)
def test_what_cannot_be_built_is_said(tmp_path: Path, design: TorchDesign, said: str) -> None:
    """Before anything is."""
    with pytest.raises(ScenarioError, match=said):
        write_torch(tmp_path / "x", design)
    assert not (tmp_path / "x").exists()
