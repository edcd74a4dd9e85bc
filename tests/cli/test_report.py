"""`eiload report`: forms, exit statuses, other files, readers that leave."""

import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from eiload.cli.main import main
from eiload.judging.judgement import judge
from eiload.record import run
from eiload.record.block import block
from tests.cli.command import EILOAD, eiload
from tests.report import runs


def test_report_shows_the_run_again(run_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The report of a run file is that of the run, and so is the exit status."""
    assert main(["report", run_file]) == 1
    out = capsys.readouterr().out
    summary = judge(runs.golden()).summary
    assert out.startswith(f"{summary}\n\nobjectives\n")
    assert out.splitlines()[-1] == summary


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


def send(whereto: socket.socket, data: bytes) -> None:
    """Send all of it, and say that it ends."""
    whereto.sendall(data)
    whereto.shutdown(socket.SHUT_WR)


def test_report_of_a_log(
    run_file: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A run that was printed among other lines is read, from a file and from standard input.

    That may be a socket, which nobody can open by the name /dev/stdin.
    """
    log = tmp_path / "pod.log"
    log.write_bytes(b"\xff before\n" + block(Path(run_file).read_text()).encode() + b"\nafter\n")
    assert main(["report", str(log)]) == 1
    out = capsys.readouterr().out
    assert "golden" in out
    ours, theirs = socket.socketpair()
    with ours, ThreadPoolExecutor(1) as beside, theirs:
        beside.submit(send, ours, log.read_bytes())
        done = subprocess.run(
            [*EILOAD, "report", "-"],
            stdin=theirs.fileno(),
            capture_output=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 1
    assert done.stdout.decode("utf-8").splitlines()[-1] == out.splitlines()[-1]
    log.write_text("\n".join(block(Path(run_file).read_text()).splitlines()[:1]))
    assert main(["report", str(log)]) == 2
    assert "not a run file, but" in capsys.readouterr().err  # no line of a block, either
    log.write_text("eiload-run 0123456789abcdef 2/2 AAAA\n")
    assert main(["report", str(log)]) == 2
    assert f"eiload: {log}: of the block of run 0123" in capsys.readouterr().err


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
        ("", "not a run file, but an empty file; expected the file that --report-json writes"),
        ("[]", "not a run file of schema 'eiload-run/1', but JSON of something else"),
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
