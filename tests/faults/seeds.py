"""Random faults by seed, for `make test-faults`; those that once broke a rule stay."""

from pathlib import Path

import pytest

from tests.e2e.conftest import hangups
from tests.faults.chaos import play

__all__ = ["hangups"]

ONCE_BROKEN = [24, 3057]


@pytest.mark.usefixtures("hangups")
@pytest.mark.parametrize("seed", [*ONCE_BROKEN, *range(1, 21)])
def test_no_rule_is_broken(tmp_path: Path, seed: int) -> None:
    """Whatever happens."""
    assert play(seed, tmp_path) == []
