"""What commands are given in tests."""

from pathlib import Path

import pytest

from eiload.record import run
from tests.report import runs


@pytest.fixture
def run_file(tmp_path: Path) -> str:
    """Return the path of a good run file."""
    path = tmp_path / "run.json"
    run.save(path, runs.golden().to_json())
    return str(path)
