"""Locust's command, begun by us."""

import signal
import subprocess
import sys

import pytest

from eiload.base import signals
from eiload.cli.locustfile import PATH

LOCUST = [sys.executable, "-m", "eiload.plugin.command"]

BECOME = """
import os, signal, sys
from eiload.base import signals

signal.pthread_sigmask(signal.SIG_BLOCK, signals.ENDING)
os.kill(os.getpid(), {})
os.execv(sys.executable, [sys.executable, "-m", "eiload.plugin.command", "--version"])
"""


@pytest.mark.parametrize("how", signals.ENDING)
def test_row_35_36_held_back(how: signal.Signals) -> None:
    """A signal that came while one program became the other is seen to, before Locust is loaded."""
    done = subprocess.run(
        [sys.executable, "-c", BECOME.format(int(how))],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 128 + how
    assert done.stdout == ""
    assert done.stderr == f"eiload: stopped before the load began ({how.name})\n"


def test_it_is_locust() -> None:
    """Under its own name."""
    done = subprocess.run(
        [*LOCUST, "--version"],
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    assert done.stdout.startswith("locust 2.")


def test_options_that_do_not_go_together() -> None:
    """Locust says which; its status would mean a bad verdict."""
    done = subprocess.run(
        [*LOCUST, "-f", str(PATH), "--headless", "--autoquit", "1"],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 2
    assert "--autoquit is only meaningful" in done.stderr
