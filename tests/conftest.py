"""In which order the tests run, which of them go to one process, and which are slow.

`make test` runs several processes side by side (xdist), in two lanes. Whole runs of Locust mostly
wait, and measure how late they are themselves: `WAITING` processes take those. What only computes
goes to the others, which are nice: they take what the cores have left, and make no run late. A
process whose lane is empty helps in the other one.

What takes long begins first, so that none of it is left over at the end. A file's tests go to one
process, which makes their fixtures once; each end-to-end test is handed out by itself, but for
files whose tests look at one run.
"""

import os
from collections.abc import Generator
from importlib import import_module
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

WAITING = 3
"""Processes for what waits; the others compute."""
NICE = 5
"""By how much the others hold back: they have a third of an ordinary process's share, and come to
their end on a busy machine, too."""

PROCESS = os.environ.get("PYTEST_XDIST_WORKER", "")
"""Which of xdist's this is: ``gw0`` and so on; empty if there is one only."""

WHOLE_RUNS = "tests/e2e/"

TENSORFLOW = (
    "tests/server/test_savedmodel.py",
    "tests/server/test_watcher.py",
    "tests/server/test_make_model.py",
)
"""Files that share models and servers of them: TensorFlow takes seconds to start."""

TENSORFLOW_S = 1200
"""What the first of them may take: it makes the models (`tests.server.models.MAKING_S`)."""

ONE_RUN = ("tests/e2e/test_truth.py", "tests/e2e/test_same_schedule.py")
"""Files of end-to-end tests that look at one run, or at one pair of runs."""

WAITS = (WHOLE_RUNS, "tests/bench/test_equal.py")
"""What is in the lane of those that wait."""

FIRST = (
    "tests/e2e/test_truth.py",
    "tests/bench/test_equal.py",
    *TENSORFLOW,
    "tests/e2e/test_strangers.py::test_nobody_but_others",
    "tests/e2e/test_runs.py::test_worker_killed",
    "tests/e2e/test_browser.py",
    "tests/e2e/test_same_schedule.py",
    "tests/e2e/test_web_home.py::test_class_picker",
    "tests/e2e/test_late.py",
    "tests/e2e/test_web.py::test_start_stop_start",
    "tests/e2e/test_library.py::test_at_a_breakpoint",
    "tests/test_public.py",
    "tests/serving/test_tensorflow.py",
    "tests/server/test_interop.py",
    "tests/test_any_run.py",
    "tests/test_wheel.py",
    "tests/bench/test_server.py",
    "tests/judging/statistics/test_shares.py",
    "tests/judging/test_no_favourite.py",
    "tests/judging/test_likely.py",
)
"""What takes longest, tests or whole files, longest first: a minute to some seconds of waiting,
then seconds of CPU."""

SLOW = (
    WHOLE_RUNS,
    *TENSORFLOW,
    "tests/bench/test_equal.py::test_a_real_server_has_no_favourite",
    "tests/server/test_interop.py",
    "tests/serving/test_tensorflow.py",
)
"""What `make test-fast` leaves out: whole runs, and TensorFlow's runtime."""


def pytest_configure() -> None:
    """Be nice, in a process that computes; have Locust as it is, whichever file comes first."""
    if _computes(PROCESS):
        os.nice(NICE)
    if PROCESS:
        import_module("tests.plugin")


def _computes(process: str) -> bool:
    """Tell whether a process of xdist's, ``gw0`` and so on, is for what computes."""
    return process.startswith("gw") and int(process[2:]) >= WAITING


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Begin each folder elsewhere in each process.

    In a fresh checkout pytest rewrites the assertions of every file, which takes longer than all
    else of the collecting; so each process does its share of it and finds the others' done.
    """
    report = yield
    if PROCESS and isinstance(collector, pytest.Directory) and report.passed:
        among = int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        begin = len(report.result) * int(PROCESS[2:]) // among
        report.result = [*report.result[begin:], *report.result[:begin]]
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, and put what takes long first; the rest by file."""
    for item in items:
        if item.nodeid.startswith(SLOW):
            item.add_marker("slow")
        if item.nodeid.startswith(TENSORFLOW):
            item.add_marker(pytest.mark.timeout(TENSORFLOW_S))
    items.sort(key=lambda item: (_turn(item.nodeid), item.nodeid.partition("::")[0]))


def _turn(nodeid: str) -> int:
    for turn, prefix in enumerate((*FIRST, WHOLE_RUNS)):
        if nodeid.startswith(prefix):
            return turn
    return len(FIRST) + 1


class TwoLanes(LoadScopeScheduling):  # type: ignore[misc]
    """Hands a process a file of tests at a time, or one end-to-end test, of its lane."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file in TENSORFLOW:
            return TENSORFLOW[0]
        return nodeid if file.startswith(WHOLE_RUNS) and file not in ONE_RUN else file

    def _assign_work_unit(self, node: Any) -> None:
        waits = not _computes(node.gateway.id)
        own = (scope for scope in self.workqueue if scope.startswith(WAITS) == waits)
        if (scope := next(own, None)) is not None:
            self.workqueue.move_to_end(scope, last=False)
        super()._assign_work_unit(node)

    def _reschedule(self, node: Any) -> None:
        """Hand out one more only when a single test is left: what waits in line helps nobody."""
        if not self.workqueue or self._pending_of(self.assigned_work[node]) <= 1:
            super()._reschedule(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """Give xdist this order instead of one by the number of tests in a file."""
    config.option.loadscopereorder = False
    return TwoLanes(config, log)
