"""console: an error is its lines on stderr and an exit status."""

import os
import signal

import pytest

from eiload.base import console
from eiload.base.errors import EngineError, OutputError, ScenarioError, TargetError


def command(error: BaseException) -> list[console.Command]:
    """Return a command `do` that raises `error`."""

    def do(_arguments: object) -> int:
        raise error

    return [console.Command("do", "", lambda _parser: None, do)]


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (
            ScenarioError("a.yaml:1:1: wrong\nb.yaml: too"),
            2,
            "a.yaml:1:1: wrong\neiload: b.yaml: too",
        ),
        (TargetError("target 'x': gone"), 4, "target 'x': gone"),
        (EngineError("died"), 5, "died"),
        (OutputError("disk full"), 6, "disk full"),
        (ZeroDivisionError("x"), 5, "internal error: ZeroDivisionError: x; this is a defect of"),
    ],
)
@pytest.mark.parametrize("debug", [False, True])
def test_errors(
    error: Exception, status: int, message: str, debug: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error is its lines and its status; the traceback is for --debug only."""
    argv = ["do", "--debug"] if debug else ["do"]
    assert console.run(console.Parser(prog="eiload"), command(error), argv) == status
    err = capsys.readouterr().err
    assert f"eiload: {message}" in err
    assert ("Traceback" in err) == debug


def test_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C is status 130 without a traceback."""
    assert console.run(console.Parser(), command(KeyboardInterrupt()), ["do"]) == 130
    assert capsys.readouterr().err == ""


def test_terminated() -> None:
    """SIGTERM is status 143, through every `finally`."""

    def do(_arguments: object) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        return 0

    with pytest.raises(SystemExit) as left:
        console.run(console.Parser(), [console.Command("do", "", lambda _parser: None, do)], ["do"])
    assert left.value.code == 143
