"""The command's process at both of its ends; tests/base/test_signals.py has what is done there."""

import signal
import subprocess
import sys

import pytest

from tests.cli.command import eiload

STRUCK = """
import builtins, os, signal, sys
from eiload.cli.start import main

class Struck:
    def find_spec(self, name, *_, kill=os.kill, pid=os.getpid()):
        if name == "eiload.{}":
            kill(pid, {})

    __del__ = lambda self, find=find_spec: find(self, "eiload.last")

builtins.struck = Struck()
sys.meta_path.insert(0, builtins.struck)
sys.argv[1:] = {}
sys.exit(main())
"""


def struck(where: str, how: signal.Signals, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command, which gets a signal when it is about to import a module, or at the last."""
    program = STRUCK.format(where, int(how), list(arguments))
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=240
    )


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("where", ["cli.main", "cli.schema"])
def test_row_35_36_early(where: str, how: signal.Signals) -> None:
    """A signal ends it without a traceback, before there is a command and after."""
    done = struck(where, how, "schema")
    assert (done.returncode, done.stdout, done.stderr) == (128 + how, "", "")


@pytest.mark.parametrize(
    ("how", "arguments", "status"),
    [
        (signal.SIGINT, ["locustfile"], 0),
        (signal.SIGTERM, ["bogus"], 2),
        (signal.SIGHUP, ["report", "gone.json"], 2),
    ],
)
def test_row_35_36_late(how: signal.Signals, arguments: list[str], status: int) -> None:
    """What is done is done."""
    done = struck("last", how, *arguments)
    assert done.returncode == status
    assert "Traceback" not in done.stderr


def test_the_arguments_are_the_process_own() -> None:
    """Its status is the command's."""
    assert eiload("locustfile").stdout.endswith("locustfile.py\n")
    assert eiload("bogus").returncode == 2
