"""Signals before anybody sees to them, and after: processes that send themselves some."""

import subprocess
import sys

BEFORE = """
import atexit, os, signal
from eiload.base import signals

def strike(number=signal.SIGTERM):
    os.kill(os.getpid(), number)

atexit.register(strike)  # too late, as the first has ended it already
signals.begin(lambda number: print(number.name))
try:
    strike(signal.SIG{})
finally:
    strike(), print("tidied", signals.taken())
"""

SWALLOWED = """
import os, signal, weakref
from eiload.base import signals

class Thing: pass

signals.begin()
thing = Thing()
watched = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGINT))
del thing
raise SystemExit(signals.taken())
"""

AT_ONCE = """
import os, signal
from eiload.base import signals

signals.begin(lambda number: os.write(1, number.name.encode()), at_once=True)
try:
    os.kill(os.getpid(), signal.SIGTERM)
finally:
    print("tidied")
"""

HELD = """
import os, signal
from eiload.base import signals

signals.begin(lambda number: print(number.name))
signals.hold()
os.kill(os.getpid(), signal.SIGTERM)
signals.release()
raise SystemExit(signals.taken())
"""

PATIENT = """
import os, signal
from eiload.base import signals

signals.begin()
signals.over(3{})
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    os.kill(os.getpid(), number)
    print(number.name, flush=True)
"""

AT_THE_VERY_END = """
import builtins, os, signal, sys
from eiload.base import signals

class Last:
    def __del__(self, kill=os.kill, write=os.write, pid=os.getpid()):
        kill(pid, {0}), kill(pid, {1}), kill(pid, {2}), write(1, b"still there")

builtins.last = Last()  # taken apart when nothing else is left of Python
signals.begin()
signals.over(3)
sys.exit(3)
"""


NOHUP = """
import os
from eiload.base import signals

signals.begin()
os.kill(os.getpid(), signal.SIGHUP)
signals.over(3, patience=1)
os.kill(os.getpid(), signal.SIGHUP)
print("goes on")
"""


def run(program: str) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end."""
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120
    )


def test_before() -> None:
    """A signal is told and ends a process with what shells have for it, tidily; a second waits."""
    for name, status in (("HUP", 129), ("INT", 130), ("TERM", 143)):
        done = run(BEFORE.format(name))
        assert done.stdout == f"SIG{name}\ntidied {status}\n"
        assert done.stderr == ""
        assert done.returncode == status


def test_a_signal_that_python_swallows() -> None:
    """Whoever sees to signals next is told of it."""
    done = run(SWALLOWED)
    assert "Exception ignored in: <function" in done.stderr
    assert done.returncode == 130


def test_at_once() -> None:
    """Where an exception is not borne there is none."""
    done = run(AT_ONCE)
    assert (done.returncode, done.stdout, done.stderr) == (143, "SIGTERM", "")


def test_held() -> None:
    """Where nothing may be raised it is told all the same, and kept for who comes next."""
    done = run(HELD)
    assert (done.returncode, done.stdout, done.stderr) == (143, "SIGTERM\n", "")


def test_over() -> None:
    """Signals change nothing, but for a third one, which a user sends to what hangs."""
    done = run(PATIENT.format(""))
    assert done.stdout.split() == ["SIGINT", "SIGTERM"]
    assert done.returncode == 3
    done = run(PATIENT.format(", patience=1"))
    assert done.stdout == done.stderr == ""
    assert done.returncode == 3


def test_the_very_end() -> None:
    """The last instruction of Python's is not too late for a signal, and changes nothing."""
    done = run(AT_THE_VERY_END.format(2, 15, 1))
    assert done.stdout == "still there"
    assert done.stderr == ""
    assert done.returncode == 3


def test_nohup() -> None:
    """A terminal that goes away is no news for who was told to go on without one."""
    done = run("import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)" + NOHUP)
    assert done.stdout == "goes on\n"
    assert done.returncode == 0
