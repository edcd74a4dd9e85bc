"""The `eiload` command: help, errors, exit statuses, output that is cut short."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from eiload.cli import main as cli
from eiload.cli.main import main
from eiload.judging.judgement import judge
from eiload.record import run
from tests.report import runs

EILOAD = [sys.executable, "-c", "import sys; from eiload.cli.main import main; sys.exit(main())"]


def eiload(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [*EILOAD, *arguments],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    """Return the path of a good scenario."""
    path = tmp_path / "golden.yaml"
    path.write_text(runs.SCENARIO, encoding="utf-8")
    return str(path)


@pytest.fixture
def run_file(tmp_path: Path) -> str:
    """Return the path of a good run file."""
    path = tmp_path / "run.json"
    run.save(path, runs.golden().to_json())
    return str(path)


# -- help --------------------------------------------------------------------------------------


def test_help_names_every_command_and_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    """The help says what it is for, with examples and what each exit status means."""
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    out = capsys.readouterr().out
    for command in (
        "predict",
        "serve",
        "make-model",
        "validate",
        "plan",
        "schema",
        "report",
        "compare",
        "locustfile",
    ):
        assert re.search(rf"^    {command}\b", out, re.MULTILINE)
    for status in ("0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "6 ", "129, 130, 143"):
        assert f"\n  {status}" in out
    assert "examples:" in out


@pytest.mark.parametrize(
    "command", ["predict", "validate", "plan", "schema", "report", "compare", "locustfile"]
)
def test_each_command_has_help_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command's help has its purpose and an example that begins with its name."""
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    assert f"\n  eiload {command} " in capsys.readouterr().out.replace("eiload schema\n", "")


def test_help_imports_nothing_heavy() -> None:
    """`eiload --help` is quick because it loads none of the heavy libraries."""
    code = (
        "import sys; from eiload.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'scipy', 'pydantic', 'grpc', 'locust', 'rich', 'PIL'}"
        " & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == "[]\n"


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The installed version is printed."""
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("eiload 0.")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "no command given; see 'eiload --help'"),
        (["bogus"], "argument COMMAND: invalid choice: 'bogus'"),
        (["validate"], "the following arguments are required: FILE; see 'eiload validate --help'"),
        (["report", "x", "--form", "json"], "unrecognized arguments: --form json"),
        (["report", "x", "--format", "pdf"], "argument --format: invalid choice: 'pdf'"),
    ],
)
def test_usage_errors_are_one_line(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong command line is one line on stderr and status 2."""
    with pytest.raises(SystemExit) as left:
        main(argv)
    assert left.value.code == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"eiload: {message}")


# -- output ------------------------------------------------------------------------------------


def test_a_reader_that_leaves_is_no_error() -> None:
    """`eiload schema | head -1` ends in silence with the status that it has."""
    process = subprocess.Popen([*EILOAD, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(30) == 0
    assert err == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_status_6() -> None:
    """When stdout cannot be written, the command says so and ends with status 6."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [*EILOAD, "schema"], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert done.returncode == 6
    assert done.stderr.startswith(b"eiload: standard output: cannot be written: No space")
    assert done.stderr.count(b"\n") == 1


# -- validate, schema --------------------------------------------------------------------------


def test_validate_good_and_bad(
    scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Good files get a line on stdout, bad ones all of their errors on stderr, and status 2."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: x\ntraffik: []\n", encoding="utf-8")
    assert main(["validate", scenario, str(bad), str(tmp_path / "none.yaml")]) == 2
    out, err = capsys.readouterr()
    assert out.startswith(f"{scenario}: 2 targets (gpu 127.0.0.1:8500, ei 127.0.0.1:9000)")
    assert f"eiload: {bad}:2:1: traffik: unknown key (did you mean 'traffic'?)" in err
    assert f"eiload: {tmp_path / 'none.yaml'}: no such file" in err
    assert "Traceback" not in err


def test_validate_looks_at_the_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is no image is found before any load."""
    (tmp_path / "not.jpg").write_bytes(b"nothing")
    path = tmp_path / "s.yaml"
    path.write_text(
        runs.SCENARIO.replace("{synthetic: 64x48}", "{images: [not.jpg]}"), encoding="utf-8"
    )
    assert main(["validate", str(path)]) == 2
    assert "not.jpg: not an image" in capsys.readouterr().err


def test_schema_is_a_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """The schema is JSON and describes a scenario."""
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["title"] == "eiload scenario"
    assert "targets" in schema["properties"]


def test_commands_are_those_of_the_table() -> None:
    """Every command can be described without being run."""
    assert len({command.name for command in cli.COMMANDS}) == len(cli.COMMANDS)


# -- report, compare ---------------------------------------------------------------------------


def test_report_shows_the_run_again(run_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The report of a run file is that of the run, and so is the exit status."""
    assert main(["report", run_file]) == 1
    out = capsys.readouterr().out
    assert out.startswith("run golden\n")
    assert out.splitlines()[-1] == judge(runs.golden()).summary


@pytest.mark.parametrize(
    ("form", "begin"),
    [("json", '{\n "schema": "eiload-run/1"'), ("markdown", "**golden: "), ("junit", "<?xml ")],
)
def test_report_in_other_forms(
    form: str, begin: str, run_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every form is printed to stdout, whole, with the same exit status."""
    assert main(["report", run_file, "--format", form]) == 1
    assert capsys.readouterr().out.startswith(begin)


def test_undecided_ok(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An undecided run is status 3, and 0 where that is declared good enough."""
    text = runs.SCENARIO.replace("p99 < 400 ms", "p99.9 < 400 ms").replace("compare:", "# ")
    path = tmp_path / "run.json"
    run.save(path, replace(runs.golden(), scenario=runs.scenario(text)).to_json())
    assert main(["report", str(path)]) == 3
    assert "undecided" in capsys.readouterr().out
    assert main(["report", str(path), "--undecided", "ok"]) == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "Expecting value"),
        ("[]", "not a run file of schema 'eiload-run/1', got 'list'"),
        ('{"schema": "eiload-run/9"}', "not a run file of schema 'eiload-run/1'"),
        ('{"schema": "eiload-run/1"}', "damaged run file"),
    ],
)
def test_report_of_something_else(
    content: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is no run file is one line and status 2."""
    path = tmp_path / "run.json"
    path.write_text(content, encoding="utf-8")
    assert main(["report", str(path)]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"eiload: {path}: ")
    assert message in err
    assert err.count("\n") == 1


def test_a_judged_reader_that_leaves(run_file: str) -> None:
    """`eiload report FILE | head -1` has the run's status and no traceback."""
    process = subprocess.Popen(
        [*EILOAD, "report", run_file], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 1


@pytest.mark.parametrize("environ", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}])
def test_report_in_a_poor_locale(environ: dict[str, str], tmp_path: Path) -> None:
    """Names of every script are no error where the encoding cannot show them."""
    path = tmp_path / "run.json"
    hostile = replace(runs.hostile(), problems=())
    run.save(path, hostile.to_json())
    done = eiload("report", str(path), LANG="C", **environ)
    assert (done.returncode, done.stderr) == (judge(hostile).exit_status, "")
    assert "scheduled 3,020" in done.stdout
    assert done.stdout.isascii() == ("PYTHONIOENCODING" in environ)


def one_target(tmp_path: Path, name: str, target: int, started_s: int) -> str:
    """Write the file of a run of one of the golden run's targets."""
    golden = runs.golden()
    text = runs.SCENARIO.replace("compare:", "# compare:")
    other = "  ei: {" if target == 0 else "  gpu: {"
    text = "\n".join(line for line in text.splitlines() if not line.startswith(other))
    batch = runs.results(0, 1, 10, runs.times(100 + 20 * target, 3000, target + 1))
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
    assert main(["compare", *files, "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["kind"], document["word"], document["exit_status"]) == (
        "separate runs", "increase", 1,
    )  # fmt: skip
    assert main(["compare", *files, "--format", "markdown"]) == 1
    assert capsys.readouterr().out.startswith("**increase: p99")
    assert main(["compare", *reversed(files)]) == 0


def test_compare_refuses_in_one_line(
    run_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Runs that must not be compared are refused with what stands against it."""
    assert main(["compare", run_file, run_file]) == 2
    err = capsys.readouterr().err
    assert err.startswith("eiload: 2 repeated runs; expected at least 5")
    assert main(["compare", str(tmp_path / "none.json")]) == 2
    assert capsys.readouterr().err.startswith(f"eiload: {tmp_path / 'none.json'}: cannot be read")


def test_validate_looks_at_the_prices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A price that is not known is found before any load."""
    path = tmp_path / "s.yaml"
    path.write_text(runs.SCENARIO.replace("0.90 USD/h", "p9.xlarge"), encoding="utf-8")
    assert main(["validate", str(path)]) == 2
    assert "targets.gpu.price: no published price, got 'p9.xlarge'" in capsys.readouterr().err
