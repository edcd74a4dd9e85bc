"""Real models for the tests of real models, made once in a run (20 s of TensorFlow's)."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.server.stand_ins import picture
from tests.shared import once

__all__ = ["IMAGE", "Made", "models"]

IMAGE = picture(40, 60)


class Made(NamedTuple):
    """The models, and what TensorFlow says of them."""

    folder: Path
    """Not to be changed: others may be reading it."""
    said: str
    known: dict[str, Any]


def models(factory: pytest.TempPathFactory) -> Made:
    """Return a model of pixels, one of encoded images, and one that is no SSD."""
    folder = once(factory, "models", _make)
    known = json.loads((folder / "known.json").read_text())
    return Made(folder, (folder / "said.txt").read_text(), known)


def _make(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.server.models_made", str(folder)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        check=False,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    (folder / "said.txt").write_text(done.stdout)
