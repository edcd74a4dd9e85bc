"""In which order the tests run, which of them go to one process, and which are slow.

`make test` runs several processes side by side (xdist), in two lanes. Whole runs of Locust mostly
wait, and measure how late they are themselves: `WAITING` processes take those. What only computes
goes to the others, which are nice: they take what the cores have left, and make no run late. When
all of that is done they help with what waits. For that they know all tests; the others look at no
file that is not theirs, as collecting everything takes seconds of CPU (of the whole suite: who
names files or chooses tests by ``-k`` or ``-m`` has them known to each process).

What takes long begins first, so that none of it is left over at the end. A file's tests go to one
process, which makes their fixtures once; each end-to-end test is handed out by itself, but for
files whose tests look at one run. `make test-fast` has three processes and one lane: they read no
file of `SLOW`.

What is loaded again and again is loaded once: Locust, stand-ins and TensorFlow by `tests.warm`,
the senders of the tests' own engines by `tests.warm_sender`.
"""

import gc
import os
import signal
import subprocess
from collections import OrderedDict
from collections.abc import Generator, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from eiload.sending import child
from tests.warm_sender import warm_senders

WAITING = 4
"""Processes for what waits; the others compute."""
NICE = 5
"""By how much the others hold back: they have a third of an ordinary process's share, and come to
their end on a busy machine, too."""

PROCESS = os.environ.get("PYTEST_XDIST_WORKER", "")
"""Which of xdist's this is: ``gw0`` and so on; empty if there is one only."""

TESTS = Path(__file__).parent

WHOLE_RUNS = "tests/e2e/"

TENSORFLOW = (
    "tests/server/test_savedmodel.py",
    "tests/server/test_watcher.py",
    "tests/server/test_make_model.py",
)
"""Files that share models and servers of them: TensorFlow takes seconds to start."""

TENSORFLOW_S = 1200
"""What the first of them may take: it makes the models (`tests.server.models.MAKING_S`)."""

TORCH = (
    "tests/server/http/test_torchscript.py",
    "tests/server/http/test_toolkit.py",
    "tests/server/test_make_torch.py",
    "tests/server/test_torch_nets.py",
)
"""Files that go to one process: PyTorch takes three seconds of CPU to load, and a model as many."""

ONE_RUN = ("tests/e2e/test_truth.py", "tests/e2e/test_same_schedule.py")
"""Files of end-to-end tests that look at one run, or at one pair of runs."""

WAITS = (WHOLE_RUNS, "tests/bench/test_equal.py")
"""What is in the lane of those that wait."""

FIRST = (
    "tests/e2e/test_truth.py",
    "tests/bench/test_equal.py",
    "tests/e2e/test_capacity.py",
    "tests/e2e/test_web_capacity.py",
    *TENSORFLOW,
    *TORCH,
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

# Half as many examples as Hypothesis has by itself, which take a third of what only computes. What
# one of them takes is no test's matter, on a busy machine. Where a test asks for a number, that
# holds. Ten times as many: `pytest --hypothesis-profile thorough`.
settings.register_profile("quick", max_examples=50, deadline=None)
settings.register_profile("thorough", max_examples=500, deadline=None)
settings.load_profile("quick")

SESSION = pytest.StashKey[pytest.Session]()

SLOW = (
    WHOLE_RUNS,
    *TENSORFLOW,
    *TORCH,
    "tests/bench/",
    "tests/cli/test_plan.py",
    "tests/cli/test_report.py",
    "tests/control/test_observing.py",
    "tests/control/test_session",
    "tests/faults/test_server.py",
    "tests/faults/test_two_runs.py",
    "tests/judging/compare/test_files.py",
    "tests/judging/compare/test_paired.py",
    "tests/judging/statistics/test_shares.py",
    "tests/judging/statistics/test_spending.py",
    "tests/judging/test_likely.py",
    "tests/judging/test_no_favourite.py",
    "tests/report/html/test_page.py",
    "tests/scenario/test_laws.py",
    "tests/sending/http2/test_proxies.py",
    "tests/sending/test_grpcio.py",
    "tests/sending/test_payloads.py",
    "tests/sending/test_sender.py",
    "tests/server/test_interop.py",
    "tests/server/test_launch.py",
    "tests/serving/test_tensorflow.py",
    "tests/test_any_run.py",
    "tests/test_public.py",
    "tests/test_wheel.py",
)
"""What `make test-fast` leaves out: whole runs, the runtimes of models, and files that take more
than three seconds of CPU."""


def pytest_configure(config: pytest.Config) -> None:
    """Be nice, in a process that computes; have Locust as it is, whichever file comes first.

    A shell has what it starts by ``&`` ignore Ctrl-C, and nohup a terminal that goes away; so would
    what the tests start and stop.

    Nothing becomes garbage while tests are collected, and looking for it takes a third of the time.
    """
    gc.disable()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if _computes(PROCESS):
        os.nice(NICE)
    if PROCESS and not _only_waits(config):
        import_module("tests.plugin")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Keep the session: what hands out the tests tells it how many there are."""
    session.config.stash[SESSION] = session


def pytest_collection_finish() -> None:
    """Look for garbage again, among what comes from now on."""
    gc.freeze()
    gc.enable()


def _computes(process: str) -> bool:
    """Tell whether a process of xdist's, ``gw0`` and so on, is for what computes."""
    return process.startswith("gw") and int(process[2:]) >= WAITING


def _only_waits(config: pytest.Config) -> bool:
    """Tell whether this process needs to know no test but those that wait."""
    lf = getattr(config.option, "lf", False)  # -p no:cacheprovider takes it away
    chosen = config.option.keyword or config.option.markexpr or lf
    return (
        bool(PROCESS)
        and not _computes(PROCESS)
        and int(os.environ["PYTEST_XDIST_WORKER_COUNT"]) > WAITING
        and not chosen
        and all((config.rootpath / each).resolve() == TESTS for each in config.args)
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what no process is to run, or not this one, if it knows no lane but its own."""
    path = collection_path.relative_to(TESTS.parent).as_posix()
    if config.option.markexpr == "not slow" and path.startswith(SLOW):
        return True  # a third of all test files need not even be read
    if not _only_waits(config):
        return None
    leads = any(each.startswith(f"{path}/") for each in WAITS)
    return None if leads or path.startswith(WAITS) else True


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Begin each folder elsewhere in each process that knows all of them.

    In a fresh checkout pytest rewrites the assertions of every file, which takes longer than all
    else of the collecting; so each process does its share of it and finds the others' done.
    """
    report = yield
    if PROCESS and isinstance(collector, pytest.Directory) and report.passed:
        place, among = int(PROCESS[2:]), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        if among > WAITING:
            among = among - WAITING if place >= WAITING else WAITING
            place %= WAITING
        begin = len(report.result) * place // among
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

    registered_collections: dict[Any, list[str]]
    workqueue: OrderedDict[str, dict[str, bool]]

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        for shared in (TENSORFLOW, TORCH):
            if file in shared:
                return shared[0]
        return nodeid if file.startswith(WHOLE_RUNS) and file not in ONE_RUN else file

    def schedule(self) -> None:
        """Begin with what the process that knows most has found: all tests."""
        if self.collection is None:
            found = sorted(self.registered_collections.items(), key=lambda each: -len(each[1]))
            self.registered_collections = dict(found)
        super().schedule()
        if self.collection is not None:  # it was told of what the last process knows
            self.config.stash[SESSION].testscollected = len(self.collection)

    def add_node_collection(self, node: Any, collection: Sequence[str]) -> None:
        """Take also a process that comes in the place of a crashed one."""
        if self.collection_is_completed:
            self.registered_collections[node] = [*collection]
        else:
            super().add_node_collection(node, collection)

    def _check_nodes_have_same_collection(self) -> bool:
        """Tell whether each process knows all tests, or those that wait."""
        found = iter(self.registered_collections.values())
        everything = next(found)
        waiting = [each for each in everything if each.startswith(WAITS)]
        if all(each in (everything, waiting) for each in found):
            return True
        same: bool = super()._check_nodes_have_same_collection()  # says what differs
        return same

    def _next(self, node: Any) -> str | None:
        """Return what a process does next: of its lane, or of the other one if it knows that."""
        waits = not _computes(node.gateway.id)
        own = (scope for scope in self.workqueue if scope.startswith(WAITS) == waits)
        if (scope := next(own, None)) is not None:
            return scope
        assert self.collection is not None
        everything = len(self.registered_collections[node]) == len(self.collection)
        return next(iter(self.workqueue), None) if everything else None

    def _assign_work_unit(self, node: Any) -> None:
        if (scope := self._next(node)) is not None:
            self.workqueue.move_to_end(scope, last=False)
            super()._assign_work_unit(node)

    def _reschedule(self, node: Any) -> None:
        """Hand out one more only when a single test is left: what waits in line helps nobody."""
        if node.shutting_down:
            return
        if self._next(node) is None:
            node.shutdown()  # once it has done what it has
        elif self._pending_of(self.assigned_work[node]) <= 1:
            self._assign_work_unit(node)


@pytest.fixture(scope="session", autouse=True)
def senders() -> Iterator[None]:
    """Have the tests' own engines fork their senders (`tests.warm_sender`)."""
    with warm_senders():
        yield


@pytest.fixture
def cold_senders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start them as users' are."""
    monkeypatch.setattr(child, "subprocess", subprocess)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """Give xdist this order instead of one by the number of tests in a file."""
    config.option.loadscopereorder = False
    return TwoLanes(config, log)
