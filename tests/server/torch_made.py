"""TorchScript for tests: a small SSD, written once a process; skipped by name without PyTorch."""

import functools
import tempfile
from pathlib import Path
from typing import Any

import pytest

from eiload.server.make_torch import TorchDesign, write_torch

__all__ = ["DESIGN", "ssd", "torch_or_skip"]

DESIGN = TorchDesign("ssd", 64, 0.05, 1)


def torch_or_skip() -> Any:
    """Return PyTorch, or skip the test that asks."""
    torch = pytest.importorskip("torch", reason="no PyTorch: pip install 'eiload[torch]'")
    torch.set_num_threads(1)  # several wait for each other on a machine that is busy
    return torch


@functools.cache
def ssd() -> tuple[Path, Path]:
    """Return a traced and a scripted file; they go with the process's temporary folder."""
    torch_or_skip()
    return write_torch(Path(tempfile.mkdtemp(prefix="eiload-torch-")) / "ssd", DESIGN)
