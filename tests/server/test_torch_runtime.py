"""PyTorch is asked for late, and its absence is the user's to mend."""

import os
import sys

import pytest

from eiload.base.errors import ScenarioError
from eiload.server.torch_runtime import pytorch


def test_without_it_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra's name."""
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ScenarioError, match=r"^PyTorch cannot be loaded.*pip install 'eiload\["):
        pytorch()


def test_threads_that_wait_do_not_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody says otherwise, before it is loaded."""
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    with pytest.raises(ScenarioError):
        pytorch()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
    monkeypatch.delenv("OMP_WAIT_POLICY")
    with pytest.raises(ScenarioError):
        pytorch()
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
