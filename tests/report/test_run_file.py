"""docs/run-file.md: the example in it reads a run file, and its table names every field."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from eiload.base.files import write_whole
from eiload.judging.judgement import judge
from eiload.record.run import Run
from eiload.report import render
from eiload.report.csv import files
from tests.golden import golden_run, steady

PAGE = (Path(__file__).parents[2] / "docs" / "run-file.md").read_text(encoding="utf-8")
JQ = shutil.which("jq")
TEXT = """
name: golden
targets:
  gpu: {server: "127.0.0.1:8500", model: ssd}
  ei: {server: "127.0.0.1:9000", model: ssd}
payload: {synthetic: 64x48}
traffic: [{phase: steady, rate: 20/s, for: 60 s}]
objectives: [p95 < 1 s]
"""


def ran() -> Run:
    """Return a run of two targets."""
    return golden_run(TEXT, {"gpu": steady(100, 1), "ei": steady(200, 2)})


def test_the_example_reads_a_run_file(tmp_path: Path) -> None:
    """With numpy alone, and to the same figures."""
    run = ran()
    write_whole(tmp_path / "run.json", render("json", run, judge(run)))
    plain, binary = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert "import numpy" not in plain
    assert "eiload" not in plain + binary
    drawn, told = (
        subprocess.run(
            [sys.executable, "-c", text], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout
        for text in (plain, binary)
    )
    rows = re.findall(r"^ +(\d+) s +([\d.]+)/s ([\d.]+) ms$", drawn, re.MULTILINE)
    assert [int(second) for second, _, _ in rows] == [*range(60), *range(60)]
    assert sum(float(rate) for _, rate, _ in rows) > 2000
    for index, name in enumerate(("gpu", "ei")):
        sample = run.sample(index)
        median_ms = round(sample.quantile_ns(0.5) / 1e6, 1)
        assert f"{name} {sample.good} ok, median {median_ms} ms" in told


@pytest.mark.skipif(JQ is None, reason="no jq on PATH")
def test_the_examples_for_jq(tmp_path: Path) -> None:
    """Each prints what stands beside it."""
    run = ran()
    write_whole(tmp_path / "run.json", render("json", run, judge(run)))
    summary, verdicts, figures, times, rates = (
        subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout
        for line in re.findall(r"^    (jq .*)$", PAGE, re.MULTILINE)
    )
    assert summary.strip() == judge(run).summary
    told = [line.split("\t") for line in verdicts.splitlines()]
    assert [(word, target) for word, _, target, _ in told] == [("pass", "gpu"), ("pass", "ei")]
    assert '"scheduled"' in figures
    assert re.match(r'"gpu",0,\d+', times)
    due = run.sample(0, run.phases()).total
    assert rates.startswith(f"gpu\t{due}\t0\t")


def test_every_field_is_named() -> None:
    """The page's tables have all fields of the file and all columns of the tables."""
    run = ran()
    for field in json.loads(render("json", run, judge(run))):
        assert f"`{field}" in PAGE, field
    for name, text in files(run, judge(run)).items():
        assert name in PAGE
        for column in text.split("\n", 1)[0].split(","):
            known = column in PAGE or re.match(r"response_p|OK|[A-Z_]+$", column)
            assert known, column
