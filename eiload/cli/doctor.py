"""`eiload doctor`: what is there to make load with, what is missing, and what that means.

What it knows: packages, limits and clocks of this machine, and what another one wrote down of its
own. What it must not know: targets, runs. Whether a run kept its schedule is said by the run
itself; this says beforehand what often keeps one from it.
"""

import argparse
import asyncio
import importlib.metadata
import importlib.util
import json
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import psutil

from eiload.base import console
from eiload.base.alarm import alarm_of
from eiload.base.clock import NS_PER_MS, NS_PER_S, SystemClock
from eiload.base.errors import EngineError, ScenarioError

__all__ = ["Finding", "Level", "add_arguments", "doctor", "findings"]

NEEDED = ("eiload", "locust", "grpcio", "numpy", "protobuf", "tensorflow-serving-api", "uvloop")
"""Packages that make load; versions of the first and of numpy must be the same on all machines."""

SAME = frozenset({"eiload", "numpy"})
"""Where a worker's version is another than the master's, no run begins (control/messages)."""

SCHEMA = "eiload-doctor/1"
"""Name and version of what `--json` prints."""

FILES = 1024
"""Fewer open files than that are soon too few: a connection is one."""

SLOW_CLOCKS = {"acpi_pm", "hpet", "jiffies"}
"""Clock sources that are read by a system call of a microsecond and more, not from user space."""

STEAL_S = 1.0
STEAL_SHARE = 0.01
RINGS = 300
RING_NS = NS_PER_MS
LATE_NS = 2 * NS_PER_MS
"""A p99 of the timer above which a run is likely to be late: lag of 5 ms makes it invalid."""


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    MISSING = "missing"


class Finding(NamedTuple):
    """One thing that was looked at."""

    level: Level
    what: str
    means: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = """\
Look at this machine as a maker of load: packages and their versions, open files, CPUs,
memory, clock, timer, time that a hypervisor took. Takes about two seconds.
"""
    parser.epilog = """\
examples:
  eiload doctor                        on each machine of a run
  eiload doctor --json > master.json   on the master, and on each worker:
  eiload doctor --with master.json     says what is another version there

exit status: 0 load can be made here (warnings say what may be in its way), 5 it cannot
"""
    parser.add_argument("--json", action="store_true", help="print it for other machines")
    parser.add_argument(
        "--with",
        dest="other",
        type=Path,
        metavar="FILE",
        help="hold versions against those of another machine: what --json printed there",
    )


def doctor(arguments: argparse.Namespace) -> int:
    """Do it; return the exit status.

    Raises:
        ScenarioError: the file of another machine is none.
    """
    theirs = _of_another(arguments.other) if arguments.other is not None else None
    found = []
    for finding in findings(theirs):
        found.append(finding)
        if not arguments.json:
            means = f": {finding.means}" if finding.means else ""
            console.emit(f"{finding.level:8} {finding.what}{means}")
    if arguments.json:
        told = [each._asdict() for each in found]
        console.emit(
            json.dumps({"schema": SCHEMA, "versions": versions(), "findings": told}, indent=1)
        )
    cannot = any(finding.level is Level.MISSING for finding in found)
    return EngineError.exit_status if cannot else 0


def findings(theirs: Mapping[str, str] | None = None) -> Iterator[Finding]:
    """Look at one thing after the other.

    Args:
        theirs: versions of another machine, if they are known.
    """
    yield Finding(Level.OK, f"Python {platform.python_version()}, {platform.platform()}")
    for name in NEEDED:
        yield package(name)
    if theirs is not None:
        yield from apart(versions(), theirs)
    yield runtime()
    yield files(*resource.getrlimit(resource.RLIMIT_NOFILE))
    yield cpus(available_cpus(), os.getloadavg()[0])
    yield memory(psutil.virtual_memory().available)
    yield clock(_text("/sys/devices/system/clocksource/clocksource0/current_clocksource"))
    yield steal(_cpu_times, STEAL_S)
    yield timer(lateness_ns())


def package(name: str) -> Finding:
    """Return which version of a needed package is there."""
    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(Level.MISSING, name, f"no load without it; pip install {name}")
    same = "the same on all machines of a run" if name in SAME else ""
    return Finding(Level.OK, f"{name} {found}", same)


def versions() -> dict[str, str]:
    """Return the versions of what makes load here, Python's among them."""
    found = {"python": platform.python_version()}
    for name in NEEDED:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # a finding of its own
    return found


def apart(ours: Mapping[str, str], theirs: Mapping[str, str]) -> Iterator[Finding]:
    """Say which versions differ between this machine and another."""
    different = [name for name in ours if name in theirs and ours[name] != theirs[name]]
    for name in different:
        what = f"{name}: {ours[name]} here, {theirs[name]} there"
        if name in SAME:
            yield Finding(Level.MISSING, what, "no run of both begins; install the same version")
        else:
            yield Finding(Level.WARNING, what, "install the same, so that all generate load alike")
    if not different:
        yield Finding(Level.OK, f"versions as on the other machine: {len(ours)} looked at")


def _of_another(path: Path) -> Mapping[str, str]:
    """Return the versions that another machine wrote down.

    Raises:
        ScenarioError: the file is none of `--json`.
    """
    try:
        data = json.loads(path.read_bytes())
        if data["schema"] != SCHEMA:
            raise ValueError(f"its schema is {data['schema']!r}, expected {SCHEMA!r}")
        return {str(name): str(found) for name, found in data["versions"].items()}
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ScenarioError(f"{path}: not what 'eiload doctor --json' prints: {error}") from error


def runtime() -> Finding:
    """Return whether TensorFlow itself is there."""
    try:
        found = importlib.metadata.version("tensorflow")
    except importlib.metadata.PackageNotFoundError:
        return Finding(
            Level.NOTE,
            "no TensorFlow",
            "load needs none; `eiload serve --saved-model` and `eiload make-model` do",
        )
    spec = importlib.util.find_spec("tensorflow")
    folders = spec.submodule_search_locations if spec is not None else None
    if not any((Path(folder) / "python/__init__.py").is_file() for folder in folders or ()):
        return Finding(
            Level.NOTE,
            f"tensorflow {found}, stripped to its message definitions",
            "load needs no more; `eiload serve --saved-model` and `eiload make-model` do",
        )
    return Finding(
        Level.OK,
        f"tensorflow {found}",
        "for `eiload serve --saved-model`; load needs none, see `eiload strip-tensorflow`",
    )


def files(soft: int, hard: int) -> Finding:
    """Return whether that many open files are enough; the sender raises `soft` up to `hard`."""
    what = f"open files: {_limit(soft)}, at most {_limit(hard)}"
    if hard == resource.RLIM_INFINITY or hard >= FILES:
        return Finding(Level.OK, what)
    return Finding(Level.WARNING, what, f"many connections need more; ulimit -Hn {4 * FILES}")


def _limit(number: int) -> str:
    return "unlimited" if number == resource.RLIM_INFINITY else f"{number:,}"


def available_cpus() -> float:
    """Return how many CPUs this process may use, after its affinity and its control group."""
    count = float(len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1)
    quota, _, period = _text("/sys/fs/cgroup/cpu.max").partition(" ")
    if quota.isdigit() and period.isdigit():
        count = min(count, int(quota) / int(period))
    return count


def cpus(count: float, load: float) -> Finding:
    """Return whether there are CPUs to spare.

    Args:
        count: how many may be used.
        load: how many processes have run or waited to, on average of the last minute.
    """
    what = f"CPUs: {count:g}, load {load:.2g}"
    if count < 2:
        return Finding(
            Level.WARNING, what, "the sender and Locust share one, so sending is late now and then"
        )
    if load > count / 2:
        return Finding(Level.WARNING, what, "others are at work here; they make sending late")
    return Finding(Level.OK, what)


def memory(available: int) -> Finding:
    """Return whether that many bytes are enough for a few load processes."""
    what = f"memory available: {available / 1e9:.1f} GB"
    if available < 500_000_000:
        return Finding(Level.WARNING, what, "each load process takes 0.2 GB and what is in flight")
    return Finding(Level.OK, what)


def clock(source: str) -> Finding:
    """Return whether reading the clock is cheap."""
    if not source:
        return Finding(Level.NOTE, "clock source: unknown")
    if source in SLOW_CLOCKS:
        return Finding(
            Level.WARNING,
            f"clock source: {source}",
            "slow to read; the kernel gave up better ones",
        )
    return Finding(Level.OK, f"clock source: {source}")


def steal(times: Callable[[], tuple[float, float] | None], over_s: float) -> Finding:
    """Return how much of the CPUs' time a hypervisor gave to others.

    Args:
        times: returns stolen and all time so far, in any one unit; None if that is not known.
        over_s: how long to look.
    """
    before = times()
    time.sleep(over_s)
    after = times()
    if before is None or after is None or after[1] <= before[1]:
        return Finding(Level.NOTE, "steal: unknown")
    share = (after[0] - before[0]) / (after[1] - before[1])
    what = f"steal: {100 * share:.1f} % of the last {over_s:g} s"
    if share > STEAL_SHARE:
        return Finding(
            Level.WARNING, what, "the hypervisor gives this machine's time to others; tails show it"
        )
    return Finding(Level.OK, what)


def timer(late_ns: list[int]) -> Finding:
    """Return how late the sender's timer rings; of `late_ns`, each ns after its instant."""
    late = sorted(late_ns)
    p50, p99 = (late[min(len(late) - 1, int(q * len(late)))] / 1e6 for q in (0.5, 0.99))
    what = f"timer: late by {p50:.2f} ms at p50, {p99:.2f} ms at p99 of {len(late)}"
    if p99 * 1e6 > LATE_NS:
        means = "a run whose lag at p99 is over 5 ms, and over a tenth of its median, is invalid"
        return Finding(Level.WARNING, what, means)
    return Finding(Level.OK, what)


def lateness_ns(rings: int = RINGS) -> list[int]:
    """Return how late the sender's kind of timer rang, each time it was set a ms ahead."""
    import uvloop  # noqa: PLC0415  # what is missing is a finding, no traceback

    clock = SystemClock()
    late: list[int] = []

    async def ring() -> None:
        loop = asyncio.get_running_loop()
        rung = asyncio.Event()
        alarm = alarm_of(loop, rung.set)
        give_up_ns = clock.now_ns() + 5 * NS_PER_S
        while len(late) < rings and clock.now_ns() < give_up_ns:
            at_ns = clock.now_ns() + RING_NS
            while (now_ns := clock.now_ns()) < at_ns:
                rung.clear()
                alarm.set(at_ns)
                await rung.wait()
            late.append(now_ns - at_ns)
        alarm.close()

    uvloop.run(ring())
    return late


def _cpu_times() -> tuple[float, float] | None:
    """Return stolen and all time of the CPUs, s; None where the system does not tell."""
    times = psutil.cpu_times()
    if not hasattr(times, "steal"):  # not on Linux
        return None
    return times.steal, sum(times) - times.guest - times.guest_nice  # guests' is user time, too


def _text(path: str) -> str:
    """Return what a file of the kernel's says; empty if there is none."""
    try:
        return Path(path).read_text("ascii").strip()
    except OSError:
        return ""
