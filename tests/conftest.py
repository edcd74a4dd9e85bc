"""In which order the tests run, which of them go to one process, and which are slow.

`make test` runs several processes side by side (xdist). What takes long begins first, so that none
of it is left over at the end: a minute-long run, then TensorFlow's models, then the other whole
runs of Locust, which mostly wait. Tests that only compute come last, when no run that measures its
own lateness is beside them any more.

A file's tests go to one process, which makes their fixtures once; each end-to-end test is handed
out by itself, but for files whose tests look at one run.
"""

import pytest
from xdist.scheduler import LoadScopeScheduling

WHOLE_RUNS = "tests/e2e/"

TENSORFLOW = (
    "tests/server/test_savedmodel.py",
    "tests/server/test_watcher.py",
    "tests/server/test_make_model.py",
)
"""Files that share models and servers of them: TensorFlow takes seconds to start."""

ONE_RUN = ("tests/e2e/test_truth.py", "tests/e2e/test_same_schedule.py")
"""Files of end-to-end tests that look at one run, or at one pair of runs."""

FIRST = (
    "tests/e2e/test_truth.py",
    "tests/bench/test_equal.py",
    *TENSORFLOW,
    "tests/e2e/test_strangers.py::test_nobody_but_others",
    "tests/e2e/test_runs.py::test_worker_killed",
)
"""What takes longest, a minute to a quarter of one; tests or whole files, longest first."""

SLOW = (
    WHOLE_RUNS,
    *TENSORFLOW,
    "tests/bench/test_equal.py::test_a_real_server_has_no_favourite",
    "tests/server/test_interop.py",
    "tests/serving/test_tensorflow.py",
)
"""What `make test-fast` leaves out: whole runs, and TensorFlow's runtime."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, and put what takes long first."""
    for item in items:
        if item.nodeid.startswith(SLOW):
            item.add_marker("slow")
    items.sort(key=lambda item: _turn(item.nodeid))


def _turn(nodeid: str) -> int:
    for turn, prefix in enumerate((*FIRST, WHOLE_RUNS)):
        if nodeid.startswith(prefix):
            return turn
    return len(FIRST) + 1


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Hands a process a file of tests at a time, or one end-to-end test."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file in TENSORFLOW:
            return TENSORFLOW[0]
        return nodeid if file.startswith(WHOLE_RUNS) and file not in ONE_RUN else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """Give xdist this order instead of one by the number of tests in a file."""
    config.option.loadscopereorder = False
    return ByFile(config, log)
