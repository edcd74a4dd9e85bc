"""`eiload compare`: separate runs by their files."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from eiload.cli.main import main
from eiload.record import run
from tests.golden import instants
from tests.report import runs


def one_target(tmp_path: Path, name: str, target: int, started_s: int, *, told: bool = True) -> str:
    """Write the file of a run of one of the golden run's targets."""
    golden = runs.golden()
    text = runs.SCENARIO.replace("compare:", "# compare:")
    other = "  ei: {" if target == 0 else "  gpu: {"
    text = "\n".join(line for line in text.splitlines() if not line.startswith(other))
    batch = runs.results(0, 1, 10, runs.times(100 + 20 * target, 3000, target + 1))
    batch = instants(batch) if told else batch
    warm_up = runs.results(0, 0, 0, runs.times(100, 20, 3), rate=2)
    path = tmp_path / name
    one = replace(
        golden,
        scenario=runs.scenario(text),
        started_wall_ns=golden.started_wall_ns + started_s * 10**9,
        targets=(golden.targets[target],),
        intervals=runs.recorded(warm_up, batch),
    )
    run.save(path, one.to_json())
    return str(path)


def test_compare_separate_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two runs of one target each are compared, in every form, with the verdict's status."""
    files = [one_target(tmp_path, f"{n}.json", n, n * 100) for n in (0, 1)]
    assert main(["compare", *files]) == 1
    out = capsys.readouterr().out
    # Names of files are long, and their title may take several lines.
    assert "2 separate runs: response times" in " ".join(out.split())
    assert out.splitlines()[-1].startswith("increase: p99 of ")
    assert out.splitlines()[0] == out.splitlines()[-1]
    assert main(["compare", *files, "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["kind"], document["word"], document["exit_status"]) == (
        "separate runs", "increase", 1,
    )  # fmt: skip
    assert main(["compare", *files, "--format", "markdown"]) == 1
    assert capsys.readouterr().out.startswith("**increase: p99")
    assert main(["compare", *reversed(files)]) == 0


def test_an_inconclusive_comparison_that_may_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Too few requests for the percentile are status 3, or 0 if told; an increase stays one."""
    files = [one_target(tmp_path, f"{n}.json", n, n * 100) for n in (0, 1)]
    few = ["compare", *files, "--headline", "p99.9"]
    assert main(few) == 3
    assert main([*few, "--undecided", "ok", "--format", "json"]) == 0
    assert '"exit_status": 0' in capsys.readouterr().out
    assert main(["compare", *files, "--undecided", "ok"]) == 1


def test_where_the_time_went(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The parts of both stand beside each other, where both clients could tell."""
    files = [one_target(tmp_path, f"{n}.json", n, n * 100) for n in (0, 1)]
    main(["compare", *files])
    out = capsys.readouterr().out
    assert "where the time went" in " ".join(out.split())
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.strip()}
    for part, share in (("upload", 0.2), ("wait", 0.7), ("download", 0.1)):
        one, other, change = (float(number) for number in rows[part])
        assert one == pytest.approx(102 * share, 0.05)
        assert other == pytest.approx(122 * share, 0.05)
        assert change == pytest.approx(other - one, abs=0.2)
    main(["compare", *files, "--format", "json"])
    document = json.loads(capsys.readouterr().out)
    names = ["lag", "blocked", "upload", "wait", "download"]
    assert list(document["candidate"]["parts_ns"]) == names
    silent = one_target(tmp_path, "silent.json", 1, 200, told=False)
    main(["compare", files[0], silent])
    assert "where the time went" not in " ".join(capsys.readouterr().out.split())


def test_compare_refuses_in_one_line(
    run_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Runs that must not be compared are refused with what stands against it."""
    assert main(["compare", run_file, run_file]) == 2
    err = capsys.readouterr().err
    assert err.startswith("eiload: 2 repeated runs; expected at least 5")
    assert main(["compare", str(tmp_path / "none.json")]) == 2
    assert capsys.readouterr().err.startswith(f"eiload: {tmp_path / 'none.json'}: cannot be read")
