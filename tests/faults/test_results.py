"""What becomes of results under faults: files whole or not at all, no path from a name, no secret.

The row of README.md is in each test's name.
"""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eiload.base import files
from eiload.judging.judgement import judge
from eiload.report import FORMS, csv, render
from tests.golden import ONE, TWO, golden_run
from tests.report import runs

KILLING = """
import os, random, signal, sys, time
from pathlib import Path
from eiload.base.files import write_whole

path, chance = Path(sys.argv[1]), random.Random(20)
write_whole(path, "a" * 1_000_000)
for _ in range(40):
    begun, begins = os.pipe()
    child = os.fork()
    if not child:
        while True:
            os.write(begins, b".")
            for letter in "ab":
                write_whole(path, letter * 1_000_000)
    os.read(begun, 1)
    time.sleep(chance.uniform(0.0, 0.03))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(begun)
    os.close(begins)
    text = path.read_text()
    assert text in ("a" * 1_000_000 + "\\n", "b" * 1_000_000 + "\\n"), len(text)
write_whole(path, "last")
assert os.listdir(path.parent) == [path.name], os.listdir(path.parent)
"""


def test_row_40_killed_while_it_writes(tmp_path: Path) -> None:
    """At any instant the file is the old one or the new one; who writes next leaves nothing."""
    done = subprocess.run(
        [sys.executable, "-c", KILLING, tmp_path / "run.json"],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_row_46_late_and_held_back() -> None:
    """A generator that cannot keep up is the reason that is given, and there is no verdict."""
    run = golden_run(ONE + "objectives: [p50 < 1 min]\n", lag_ms=900)
    judgement = judge(run)
    assert judgement.exit_status == 5
    assert "sent late" in judgement.summary
    assert {verdict.word.value for verdict in judgement.verdicts} == {"undecided"}
    assert "did not keep up" not in render("terminal", run, judgement)


SHORT = ONE.replace("rate: 20/s, for: 5 min", "rate: {rate}, for: 1 s")


@pytest.mark.parametrize("rate", ["0.1/s", "1/s", "200/s"])
@pytest.mark.parametrize("good", [True, False])
def test_row_48_of_next_to_nothing(rate: str, good: bool) -> None:
    """A second, no request or only failures: words and a status, and no number that is none."""
    text = SHORT.replace("{rate}", rate) + "objectives: [p99 < 1 s]\n"
    gone = {"gpu": lambda due: np.full(len(due), np.inf)}
    run = golden_run(text, {} if good else gone)
    judgement = judge(run)
    assert judgement.exit_status in {1, 3, 5}
    for form in FORMS:
        shown = render(form, run, judgement)
        if form == "json":
            json.loads(shown, parse_constant=pytest.fail)
        elif form in {"terminal", "markdown", "junit"}:
            assert " nan" not in shown.lower()


PATHS = ["../../x", "/etc/passwd", "CON", "-rf", ".", "..", "a/b", "x" * 200, "~", "$HOME"]


def test_row_60_names_that_are_paths(tmp_path: Path) -> None:
    """Files are called what we call them, whatever the run and its targets are called."""
    plain = golden_run(SHORT.replace("{rate}", "20/s"))
    (target,) = plain.targets
    for number, name in enumerate([*PATHS, *runs.HOSTILE]):
        named = plain.scenario.model_copy(update={"name": name})
        run = replace(plain, scenario=named, targets=(replace(target, name=name),))
        files.write_files(tmp_path / f"tables-{number}", csv.files(run, judge(run)))
        files.write_whole(
            tmp_path / f"tables-{number}" / "run.json", render("json", run, judge(run))
        )
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    ours = ("seconds.csv", "percentiles.csv", "objectives.csv", "parts.csv", "run.json")
    assert found == {f"tables-{n}/{each}" for n in range(number + 1) for each in ours}


def test_row_63_a_canary() -> None:
    """The value of a target's metadata is in no form of a report, and in no table."""
    canary = "canary-4711"
    text = TWO.replace("model: ssd,", f"model: ssd, metadata: {{authorization: {canary}}},")
    run = golden_run(text)
    assert run.scenario.targets["gpu"].metadata == {"authorization": canary}
    judgement = judge(run)
    shown = [render(form, run, judgement) for form in FORMS]
    assert canary not in "".join([*shown, *csv.files(run, judgement).values(), repr(run)])
