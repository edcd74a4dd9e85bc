"""What Locust's command ends with when nobody handles an error."""

import subprocess
import sys

CRASH = """
import atexit
from eiload.plugin import crash

crash.guard()
crash.guard()
atexit.register(print, "workers ended")
raise {}
"""


def crashed(error: str) -> "subprocess.CompletedProcess[str]":
    """Return how a process has ended that an error has ended."""
    return subprocess.run(
        [sys.executable, "-c", CRASH.format(error)], capture_output=True, text=True, check=False
    )


def test_a_crash_is_no_verdict() -> None:
    """It has its traceback, all is done that is done at an end, and the status means no verdict."""
    done = crashed('KeyError("a defect")')
    assert done.returncode == 5
    assert "KeyError: 'a defect'" in done.stderr
    assert done.stdout == "workers ended\n"


def test_ctrl_c_is_no_crash() -> None:
    """Where Locust expects none it is told in a line, with a shell's status."""
    done = crashed("KeyboardInterrupt")
    assert done.returncode == 130
    assert done.stderr == "eiload: stopped (SIGINT)\n"
    assert done.stdout == "workers ended\n"


def test_locust_gives_up() -> None:
    """Its status would mean a bad verdict; whoever knows why is asked."""
    asked = "SystemExit(1) if crash.ask(lambda: {!r}) is None else None"
    done = crashed(asked.format("no run: nobody came"))
    assert (done.returncode, done.stderr) == (5, "eiload: no run: nobody came\n")
    assert crashed(asked.format("")).returncode == 1
