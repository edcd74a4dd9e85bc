"""Our bytes and pixels against TensorFlow's own, in one process of its own (some seconds)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tensorflow_oracle import CHECKS


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what each check found wrong, empty if nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.tensorflow_oracle", str(tmp_path_factory.mktemp("oracle"))],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""},
        check=False,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", CHECKS)
def test_against_tensorflow(outcome: dict[str, str], name: str) -> None:
    """What the check of this name in tensorflow_oracle.py says, holds."""
    assert outcome[name] == ""
