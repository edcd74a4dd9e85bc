"""Whole runs under real signals, several times: ``python tests/faults/again.py [TIMES]``.

The tests are those of `make test`; here they run five times, twice of them beside two busy loops,
so that what holds by chance shows.
"""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SIGNALS = (
    "tests/e2e/test_runs.py::test_stopped_by_a_signal",
    "tests/e2e/test_runs.py::test_interrupted_while_getting_ready",
    "tests/e2e/test_runs.py::test_second_interrupt_leaves_what_is_in_flight",
    "tests/e2e/test_runs.py::test_sender_killed",
    "tests/e2e/test_runs.py::test_worker_killed",
    "tests/e2e/test_runs.py::test_master_killed",
    "tests/e2e/test_nothing_lost.py::test_second_sigterm",
    "tests/e2e/test_edges.py",
    "tests/e2e/test_terminal.py::test_terminal_goes_away",
    "tests/e2e/test_distributed.py::test_master_gone",
    "tests/e2e/test_late.py::test_late_worker_of_a_scenario",
    "tests/faults/test_two_runs.py",
    "tests/faults/test_server.py",
    "tests/faults/test_results.py",
)


@contextlib.contextmanager
def busy(loops: int) -> Iterator[None]:
    """Keep so many processors busy."""
    command = [sys.executable, "-c", "while True: pass"]
    with contextlib.ExitStack() as stack:
        for _ in range(loops):
            process = stack.enter_context(subprocess.Popen(command))
            stack.callback(process.kill)
        yield


def main(times: int = 5) -> int:
    """Run them; return how often they failed."""
    failed = 0
    for turn in range(times):
        with busy(2 if turn >= times - 2 else 0):
            done = subprocess.run(
                [sys.executable, "-m", "pytest", "-n", "3", *SIGNALS], cwd=ROOT, check=False
            )
        failed += done.returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(min(1, main(*map(int, sys.argv[1:]))))
