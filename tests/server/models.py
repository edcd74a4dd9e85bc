"""Real models for the tests of real models, made once (20 s of TensorFlow's).

They are kept in pytest's cache, a folder of this checkout, by a fingerprint of all that makes them:
a later run of the tests makes them anew only if that has changed.
"""

import hashlib
import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.server.stand_ins import picture
from tests.shared import kept

__all__ = ["IMAGE", "Made", "models"]

IMAGE = picture(40, 60)

ROOT = Path(__file__).parents[2]

MAKING_S = 900
"""What it may take: 20 s of CPU, on a machine at a load of 20."""


class Made(NamedTuple):
    """The models, and what TensorFlow says of them."""

    folder: Path
    """Not to be changed: others may be reading it."""
    said: str
    known: dict[str, Any]


def models(cache: pytest.Cache) -> Made:
    """Return a model of pixels, one of encoded images, and one that is no SSD."""
    folder = kept(cache, "models", _fingerprint(), _make)
    known = json.loads((folder / "known.json").read_text())
    return Made(folder, (folder / "said.txt").read_text(), known)


def _fingerprint() -> str:
    """Return what stands for all that the models depend on: our code, TensorFlow, Python."""
    told = hashlib.sha256(f"{sys.version} {version('tensorflow')} {version('keras')}".encode())
    files = [ROOT / "eiload/base", ROOT / "eiload/server", ROOT / "tests/server"]
    for path in sorted(each for folder in files for each in folder.glob("*.py")):
        if not path.name.startswith("test_"):
            told.update(f"{path.name}\0".encode() + path.read_bytes())
    return told.hexdigest()[:16]


def _make(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.server.models_made", str(folder)],
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        check=False,
        capture_output=True,
        text=True,
        timeout=MAKING_S,
    )
    assert done.returncode == 0, done.stderr
    (folder / "said.txt").write_text(done.stdout)
