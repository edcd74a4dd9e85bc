"""CPU per item of the code that runs once per request, per batch or per run.

What it knows: how to run pytest-benchmark over `hotpaths_cases` and `hotpaths_pages`, and to read
its JSON. The timer is the process's own CPU time, so that others on the machine disturb the figures
little; instructions would be steadier still, but most virtual machines do not let them be counted.
The figure is the median over the calls, with their quartiles: what lies outside of them is garbage
collection and the like.
"""

import importlib.util
import json
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.figures import Spread
from bench.process import finished
from bench.setting import Outcome, Setting
from bench.table import Table

__all__ = ["rows", "run"]

CASES = [Path(__file__).with_name(f"hotpaths_{name}.py") for name in ("cases", "pages")]
CASE_S, QUICK_CASE_S = 0.5, 0.05
"""How long each case is repeated."""
TIMEOUT_S = 120.0
COLUMNS = ("hot path", "runs in", "item", "items a call", "CPU us per item")


def run(setting: Setting) -> Outcome:
    """Run all cases; skip them in words where pytest-benchmark is not installed."""
    title = "Hot paths: CPU time per item; median (quartiles) over the calls"
    if importlib.util.find_spec("pytest_benchmark") is None:
        note = "skipped: pytest-benchmark is not installed; `pip install 'eiload[dev]'` has it"
        return Outcome((Table(title, COLUMNS, (), (note,)),))
    setting.say("hotpaths: all cases")
    document = _measured(QUICK_CASE_S if setting.quick else CASE_S)
    notes = (
        f"pytest-benchmark {version('pytest-benchmark')}, timer: the process's CPU time",
        "runs in: the sender, the Locust process (of a worker or alone), or Locust's master",
        "record: the cost is per batch, so up to 256 results wait for each other or a report",
        "verdicts: of 10 minutes at 100/s to each of two targets, 120,000 requests",
        "live page: of a master with 20 workers and 1,000 requests/s in all; 10,000 us are 1 %",
        "observed: a server's page read once a second, without HTTP, and what a journal keeps",
        "given to others: of a master with 20 workers and 4,000 requests/s; 10,000 us are 1 %",
        "statistics of locust: what Locust itself does per request, as a yardstick",
    )
    samples = {each["name"]: each["stats"] for each in document["benchmarks"]}
    return Outcome((Table(title, COLUMNS, rows(document), notes),), samples)


def _measured(case_s: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "benchmarks.json"
        command = [sys.executable, "-m", "pytest", "-o", "addopts=-q -p no:locust"]
        command += [*map(str, CASES), "-p", "no:cacheprovider"]
        command += ["--benchmark-timer=time.process_time", f"--benchmark-max-time={case_s:g}"]
        command += [f"--benchmark-json={path}", f"--benchmark-storage=file://{folder}"]
        finished(command, timeout_s=TIMEOUT_S).expect()
        document: dict[str, Any] = json.loads(path.read_text())
        return document


def rows(document: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    """Return the table's rows of what pytest-benchmark wrote, in the cases' order."""
    found = []
    for each in document["benchmarks"]:
        stats, info = each["stats"], each["extra_info"]
        scale = 1e6 / info["items"]
        cpu_us = Spread(
            stats["median"] * scale, stats["q1"] * scale, stats["q3"] * scale, stats["rounds"]
        )
        found.append(
            (_name(each["name"]), info["where"], info["item"], f"{info['items']:,}", cpu_us.text(3))
        )
    return tuple(found)


def _name(test: str) -> str:
    """Return ``record: 16`` for ``test_record[16]``."""
    name, _, parameter = test.removeprefix("test_").rstrip("]").partition("[")
    words = name.replace("_", " ")
    return f"{words}: {parameter}" if parameter else words
