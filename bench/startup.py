"""How long until the first request, and how much memory a load process takes.

Beside eiload stands the locustfile that one writes after Locust's documentation and that imports
`tensorflow_serving` the usual way, which loads TensorFlow's runtime; and the same one without it,
so that it can be seen what of the difference is the import. All in Locust, one user, small request.

The server tells (`listener`): the time is from starting the command until the first request of the
load has come in; eiload asks the server what it serves and makes a first inference before that, and
pays for it in this figure. CPU is what the processes had used at that moment; memory the largest
resident set in the seconds after it.
"""

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench import pacing, server
from bench.figures import in_turn, ratios, spread
from bench.listener import Listener, listening
from bench.locust_process import RECIPE, SSD, locust
from bench.process import BenchError, Running, started
from bench.server import SMALL, Files
from bench.setting import Outcome, Setting
from bench.table import Table
from bench.trace import look

__all__ = ["Started", "Starter", "run", "start"]

LIMIT_S = 75.0
"""How long all rounds may take."""
TIMEOUT_S = 60.0
"""Until the first request: importing TensorFlow from a cold disk takes half of it."""
SETTLE_S = 1.5
"""How long memory is looked at once the load is on."""
POLL_S = 0.005


@dataclass(frozen=True, slots=True)
class Starter:
    """A locustfile and how it is started."""

    name: str
    command: Callable[[str, Files], list[str]]
    """From the server's address and the request's files."""
    env: Callable[[Files], Mapping[str, str]] = lambda _files: {}
    before_load: int = 0
    """Predicts that it makes before the load."""


@dataclass(frozen=True, slots=True)
class Started:
    """One start."""

    load_s: float
    """From starting the command until the first Predict of the load came in."""
    cpu_s: float
    """CPU time of all processes by then."""
    locust_bytes: int
    """Resident memory of the Locust process with the load on."""
    all_bytes: int
    """The same of all processes."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """One starter's starts."""

    starts: list[Started] = field(default_factory=list)

    def of(self, figure: Callable[[Started], float]) -> list[float]:
        """Return one figure of each."""
        return [figure(each) for each in self.starts]


def _recipe(address: str, _files: Files) -> list[str]:
    return [*locust(RECIPE), "--host", address, "-u", "1", "-r", "1", "-t", "60s"]


def _eiload(address: str, files: Files) -> list[str]:
    options = ["--host", address, "--image", str(files.image)]
    return [*locust(SSD), *options, "-u", "1", "-r", "1", "-t", "60s"]


ORDINARY = "ordinary locustfile"
STARTERS = (
    # The first worker makes each target's first inference before the load.
    Starter("eiload", _eiload, before_load=1),
    Starter(
        ORDINARY,
        _recipe,
        lambda files: {"BENCH_REQUEST": str(files.request), "BENCH_ORDINARY_IMPORT": "1"},
    ),
    Starter(
        "the same without TensorFlow's runtime",
        _recipe,
        lambda files: {"BENCH_REQUEST": str(files.request)},
    ),
)


def run(setting: Setting) -> Outcome:
    """Start each of them in turn."""
    wanted = 1 if setting.quick else setting.rounds
    found = {starter.name: Rounds() for starter in STARTERS}
    done = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = server.files(folder / "files", SMALL)
        for turn in pacing.rounds(wanted, LIMIT_S):
            for starter in in_turn(STARTERS, turn):
                setting.say(f"startup: round {turn + 1}/{wanted}: {starter.name}")
                with listening(folder / "answers") as listener:
                    found[starter.name].starts.append(start(starter, listener, files))
            done += 1
    rows = tuple(_row(name, each, found[ORDINARY]) for name, each in found.items())
    table = Table(
        "Startup: one user, 1 KB; median (smallest .. largest) of"
        f" {pacing.said(done, wanted, LIMIT_S)}",
        (
            "locustfile",
            "first request s",
            "/ ordinary's",
            "CPU s until then",
            "/ ordinary's",
            "Locust process MB",
            "load process MB",
            "/ ordinary's",
        ),
        rows,
        (
            "times: from starting the command until the server had the whole request",
            "first request: of the load; eiload's first inference comes right before it",
            f"memory: largest resident set in the {SETTLE_S:g} s after",
            "a load process: Locust's and, of eiload, its sender; pages they share count for each",
            "the ordinary one imports tensorflow_serving as all do, and so TensorFlow's runtime",
        ),
    )
    samples = {
        name: {"first_of_load_s": each.of(_load_s), "cpu_s": each.of(_cpu_s)}
        for name, each in found.items()
    }
    return Outcome((table,), samples)


def start(starter: Starter, listener: Listener, files: Files) -> Started:
    """Start once, see the first requests come in, end it.

    Raises:
        BenchError: it ends, or no request comes.
    """
    command = starter.command(listener.address, files)
    began_s = time.monotonic()
    with started(command, starter.env(files)) as running:
        while len(listener.predicts_s) <= starter.before_load:
            _expect_alive(running)
            if time.monotonic() > began_s + TIMEOUT_S:
                raise BenchError(f"{starter.name}: no request within {TIMEOUT_S:g} s")
            time.sleep(POLL_S)
        cpu_s = look(running.pid).cpu_s
        locust_bytes, all_bytes = 0, 0
        settled_s = time.monotonic() + SETTLE_S
        while time.monotonic() < settled_s:
            _expect_alive(running)
            moment = look(running.pid)
            if moment.rss_bytes > all_bytes:
                all_bytes, locust_bytes = moment.rss_bytes, moment.seen[running.pid].rss_bytes
            time.sleep(0.1)
    return Started(
        load_s=listener.predicts_s[starter.before_load] - began_s,
        cpu_s=cpu_s,
        locust_bytes=locust_bytes,
        all_bytes=all_bytes,
    )


def _expect_alive(running: Running) -> None:
    spent = running.poll()
    if spent is not None:
        raise BenchError(f"ended before its time with status {spent.status}: {spent.said}")


def _load_s(start: Started) -> float:
    return start.load_s


def _cpu_s(start: Started) -> float:
    return start.cpu_s


def _all_bytes(start: Started) -> float:
    return start.all_bytes


def _row(name: str, found: Rounds, ordinary: Rounds) -> tuple[str, ...]:
    return (
        name,
        spread(found.of(_load_s)).text(1),
        ratios(found.of(_load_s), ordinary.of(_load_s)).text(),
        spread(found.of(_cpu_s)).text(1),
        ratios(found.of(_cpu_s), ordinary.of(_cpu_s)).text(),
        spread(found.of(lambda start: start.locust_bytes / 1e6)).text(0),
        spread(found.of(lambda start: start.all_bytes / 1e6)).text(0),
        ratios(found.of(_all_bytes), ordinary.of(_all_bytes)).text(),
    )
