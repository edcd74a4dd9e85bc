"""The `eiload` command: help, errors, exit statuses, output that is cut short."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from eiload.cli import main as cli
from eiload.cli.main import main
from tests.cli.command import EILOAD

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
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=240
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
    assert process.wait(90) == 0
    assert err == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_status_6() -> None:
    """When stdout cannot be written, the command says so and ends with status 6."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [*EILOAD, "schema"], stdout=full, stderr=subprocess.PIPE, timeout=240, check=False
        )
    assert done.returncode == 6
    assert done.stderr.startswith(b"eiload: standard output: cannot be written: No space")
    assert done.stderr.count(b"\n") == 1


def test_commands_are_those_of_the_table() -> None:
    """Every command can be described without being run."""
    assert len({command.name for command in cli.COMMANDS}) == len(cli.COMMANDS)
