"""console: an error is its lines on stderr and an exit status."""

import argparse
import os
import signal
import sys
import weakref
from collections.abc import Iterator

import pytest

from eiload.base import console
from eiload.base.errors import EngineError, OutputError, ScenarioError, TargetError
from tests.terminals import Terminal


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


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_sigterm_that_python_swallows() -> None:
    """It comes while a weak reference's callback runs, as in an import: the command ends anyway."""

    class Thing:
        """Something that goes away."""

    def swallowing(text: str) -> str:
        thing = Thing()
        reference = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGTERM))
        del thing
        assert reference() is None
        return text

    def fill(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("what", type=swallowing)

    done: list[int] = []

    def do(_arguments: object) -> int:
        done.append(1)
        return 0

    program = console.Parser(prog="eiload")
    assert console.run(program, [console.Command("do", "", fill, do)], ["do", "x"]) == 143
    assert console.told_to_end()
    assert done == []
    program = console.Parser(prog="eiload")  # the next one is not told
    assert console.run(program, [console.Command("do", "", lambda _: None, do)], ["do"]) == 0
    assert not console.told_to_end()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """Return a terminal; a test has to make it stderr itself, as pytest does before it."""
    found = Terminal(columns=90)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("COLUMNS", raising=False)
    yield found
    console.clear()
    found.close()


def test_a_line_is_written_over(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes the place of the one before; what is said then has a line of its own."""
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    console.over("one", "")
    console.over("two", "")
    console.say("three")
    assert terminal.written() == "one\r\x1b[Ktwo\r\x1b[Keiload: three\n"
    console.say("four")
    console.clear()
    assert terminal.written() == "eiload: four\n"


def test_the_log_has_every_line(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """There, nothing is written over."""
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    logged: list[str] = []
    monkeypatch.setattr(console, "_logs", [lambda _, line: logged.append(line)])
    console.over("short", "a long one")
    assert terminal.written() == "short"
    assert logged == ["a long one"]


def test_width(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The terminal's, or what the environment says; none where no line can be written over."""
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    assert console.width() == 90
    monkeypatch.setenv("COLUMNS", "70")
    assert console.width() == 70
    monkeypatch.setenv("TERM", "dumb")
    assert console.width() == 0
    monkeypatch.setenv("TERM", "xterm")
    with open(os.devnull, "w", encoding="utf-8") as nothing:  # noqa: PTH123
        monkeypatch.setattr(sys, "stderr", nothing)
        assert console.width() == 0
    assert terminal.written() == ""
    monkeypatch.delenv("COLUMNS")
    silent = Terminal(columns=0)
    monkeypatch.setattr(sys, "stderr", silent.stream)
    assert console.width() == console.WIDTH
    silent.close()
    assert console.width() == 0  # it has gone
