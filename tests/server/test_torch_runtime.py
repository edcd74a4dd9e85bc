"""PyTorch is asked for late, and its absence is the user's to mend."""

import sys

import pytest

from eiload.base.errors import ScenarioError
from eiload.server.torch_runtime import pytorch


def test_without_it_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra's name."""
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ScenarioError, match=r"^PyTorch cannot be loaded.*pip install 'eiload\["):
        pytorch()
