"""The command lines of serve and make-model: what they say of themselves and of mistakes."""

import argparse
import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from eiload.scenario.standin import StandIn
from eiload.server import __main__ as program
from eiload.server import cli
from tests.cli.command import eiload


def status_of(*argv: str) -> int:
    """Return the exit status of a command line."""
    from eiload.base import console

    try:
        return console.run(console.Parser(prog="eiload"), program.COMMANDS, argv)
    except SystemExit as exit_:
        return int(exit_.code or 0)


def test_every_setting_is_an_option_and_explained() -> None:
    """No field of `StandIn` is forgotten in the help, and all defaults are shown."""
    parser = argparse.ArgumentParser(prog="eiload serve")
    cli.add_serve_arguments(parser)
    text = " ".join(parser.format_help().split())
    for name, field in StandIn.model_fields.items():
        assert "--" + (field.alias or name).replace("_", "-") in text
    assert "(default: 10 ms)" in text
    assert "(default: 127.0.0.1" in text
    assert "None" not in text


def test_profiles_are_listed_with_their_sources(capsys: pytest.CaptureFixture[str]) -> None:
    """Published numbers and assumptions are told apart."""
    assert status_of("serve", "--list-profiles") == 0
    text = capsys.readouterr().out
    assert "eia1.medium: m5.large with EI eia1.medium" in text
    assert "published mean, AWS blog" in text
    assert "assumption: " in text


WRONG = [
    (["serve", "--port", "99999"], "expected a port number from 0 to 65535"),
    (["serve", "--model", ""], "serve: --model: expected a name"),
    (["serve", "--profile", "p2.xlargee"], "did you mean 'p2.xlarge'"),
    (["serve", "--compute", "5"], "compute: no unit, got '5'"),
    (["serve", "--compute", "median: 5 ms"], "compute: 'p99' is missing; expected 'p99: 250 ms'"),
    (["serve", "--compute", "median: 5 ms, p99: ["], "compute: expected a value or 'key: value"),
    (
        ["serve", "--fail", "1 %"],
        "fail: not a mapping, got '1 %'; expected a mapping of keys to values",
    ),
    (["serve", "--concurrency", "two"], "concurrency: "),
    (["serve", "--attach", "usb"], "invalid choice: 'usb'"),
    (
        ["serve", "--saved-model", "/absent"],
        "/absent: no such directory; 'eiload make-model DIR' writes",
    ),
    (["serve", "--saved-model", "/proc"], "/proc: not a SavedModel"),
    (["serve", "--label", "stable"], "--label: expected LABEL=VERSION, a number up to"),
    (["serve", "--label", "a=1", "--label", "a=2"], "--label: expected 'a' once"),
    (["serve", "--label", f"a={2**63}"], "--label: expected LABEL=VERSION, a number up to"),
    (
        ["serve", "--port", "18", "--rest-port", "18", "--host", "127.0.0.1"],
        "--port and --rest-port: expected different ports, got 18 for both",
    ),
    (["serve", "--saved-model", ".", "--compute", "5 ms"], "compute: emulation, not to be had"),
    (["serve", "--saved-model", ".", "--encoded"], "encoded: emulation, not to be had"),
    (["serve", "--saved-model", ".", "--attach", "network"], "attach: emulation, not to be had"),
    (["serve", "--saved-model", ".", "--profile", "titan-x"], "profile: emulation, not to be had"),
    (["serve", "--compute", "1e30 s"], "compute: absurdly large, got '1e30 s'"),
    (["serve", "--compute", "mean: 5 ms, cv: 0"], "compute.cv: "),
    (["serve", "--compute", "csv: /absent"], "compute.csv: no such file: '/absent'"),
    (["serve", "--hang", "120 %"], "hang: more than 100 %"),
    (["serve", "--queue", "-1"], "queue: "),
    (["serve", "--max-threads", "0"], "max_threads: "),
    (["serve", "--batching", "max_batch_size: 0"], "batching.max_batch_size: "),
    (["serve", "--tls-cert", "a.pem"], "TLS: expected both --tls-cert and --tls-key"),
    (["serve", "--tls-cert", "a.pem", "--tls-key", "b.pem"], "a.pem: cannot be read"),
    (["serve", "--grpc-channel-arguments", "x"], "expected KEY=VALUE,..., got 'x'"),
    (["serve", "--host", "name.invalid"], "cannot listen on name.invalid:8500"),
    (["serve", "--settings", "[1]"], "--settings: expected a JSON object"),
    (
        ["serve", "--api", "ei", "--health"],
        "--health and --reflection: expected only with --api tfs",
    ),
    (["serve", "--api", "tf-rest", "--health"], "only with --api tfs; they are gRPC's"),
    (
        ["serve", "--api", "tf-rest", "--grpc-channel-arguments", "a=1"],
        "--grpc-channel-arguments: expected only with --api tfs or ei, got 'tf-rest'",
    ),
    (["serve", "--api", "tf-rest", "--rest-port", "0"], "the one port is REST's; expected --port"),
    (
        ["serve", "--api", "tf-rest", "--max-threads", "2"],
        "max_threads: expected only with api: tfs or ei",
    ),
    (["serve", "--api", "container", "--endpoint", "a"], "--endpoint: expected only with --api sa"),
    (
        ["serve", "--api", "container", "--container", "pytorch", "--rest-port", "0"],
        "--rest-port: expected only with one TensorFlow container behind it",
    ),
    (["serve", "--colour"], "unrecognized arguments: --colour"),
    (["make-model"], "the following arguments are required: DIR"),
    (["make-model", "x", "--size", "5"], "--size: expected 64 to 2048, got 5"),
    (["make-model", "x", "--width", "nan"], "--width: expected 0.01 to 4.0, got nan"),
    (["make-model", "x", "--seed", "-1"], "--seed: expected 0 to 2147483647, got -1"),
    (["make-model", "x", "--version", "0"], "--version: expected a number from 1 to "),
    (["make-model", "x", "--version", str(2**63)], "--version: expected a number from 1 to "),
    (["make-model", ""], "make-model: DIR: expected a directory ('.' for this one), got ''"),
    (["make-model", "x", "--torch", "ssd", "--raw"], "--raw: expected only without --torch"),
    (["make-model", "x", "--torch", "ssd", "--version", "3"], "--version: expected only without"),
    (["make-model", "x", "--torch", "vgg"], "argument --torch: invalid choice: 'vgg'"),
    (["make-model", "/proc/x"], "make-model: /proc/x: not a directory that can be made"),
]


@pytest.mark.parametrize(("argv", "said"), WRONG, ids=[" ".join(row[0]) for row in WRONG])
def test_mistakes_are_one_line_and_status_2(
    argv: list[str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """On stderr, also for what the libraries would say."""
    assert status_of(*argv) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert captured.err.startswith("eiload: ")
    assert captured.err.count("\n") == 1


def test_a_version_that_exists_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor is TensorFlow loaded to find out."""
    (tmp_path / "1").mkdir()
    assert status_of("make-model", str(tmp_path)) == 2
    assert "exists already; remove it" in capsys.readouterr().err


def test_a_runtime_that_takes_its_time_is_announced(tmp_path: Path) -> None:
    """Before it is loaded: for seconds nothing else would be said."""
    found = find_spec("tensorflow")
    assert found is not None
    assert found.origin is not None
    package = tmp_path / "tensorflow"
    package.mkdir()
    for each in Path(found.origin).parent.iterdir():
        (package / each.name).symlink_to(each)
    (package / "__init__.py").unlink()
    (package / "__init__.py").write_text("raise ImportError('no library here')\n")
    path = f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"
    done = eiload("make-model", str(tmp_path / "ssd"), PYTHONPATH=path)
    first, last = done.stderr.splitlines()
    assert first == "eiload: loading TensorFlow, which takes some seconds"
    assert "no library here" in last
    assert done.returncode == 2
