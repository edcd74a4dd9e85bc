"""What Locust's command ends with when nobody handles an error."""

import subprocess
import sys

CRASH = """
import atexit
from eiload.plugin import crash

crash.guard()
crash.guard()
atexit.register(print, "workers ended")
raise KeyError("a defect")
"""


def test_a_crash_is_no_verdict() -> None:
    """It has its traceback, all is done that is done at an end, and the status means no verdict."""
    done = subprocess.run(
        [sys.executable, "-c", CRASH], capture_output=True, text=True, check=False
    )
    assert done.returncode == 5
    assert "KeyError: 'a defect'" in done.stderr
    assert done.stdout == "workers ended\n"
