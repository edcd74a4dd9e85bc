"""A child that ends with its parent."""

import subprocess
import sys

import pytest


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's, on Linux")
def test_a_parent_that_has_ended() -> None:
    """Who is to be tied to a process that is not its parent any more ends at once."""
    program = "from eiload.base.tied import tie; tie(1 << 30)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's, on Linux")
def test_a_parent_that_is_there() -> None:
    """Who is tied to its own parent goes on."""
    program = "import os; from eiload.base.tied import tie; tie(os.getppid())"
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0
