"""What is said, and where."""

import logging
import sys

import pytest

from eiload.base import console
from eiload.base.errors import ScenarioError
from eiload.plugin.voice import Voice
from tests.terminals import Terminal


def test_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a web UI each line is marked as ours, on stderr."""
    voice = Voice(terminal=True, logfile=False)
    voice.say("it begins")
    assert voice.last == "it begins"
    voice.complain(ScenarioError("one\ntwo"))
    assert voice.last == "one\ntwo"
    assert capsys.readouterr().err == "eiload: it begins\neiload: one\neiload: two\n"


def test_in_the_log(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    """With one it is in the log, which the web UI shows; errors as such."""
    caplog.set_level(logging.INFO, "eiload")
    voice = Voice(terminal=False, logfile=True)
    voice.say("it begins")
    voice.complain(ScenarioError("one\ntwo"))
    assert capsys.readouterr().err == ""
    said = [(record.levelname, record.message) for record in caplog.records]
    assert said == [("INFO", "it begins"), ("ERROR", "one"), ("ERROR", "two")]


def test_in_both(
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A log that goes to a file has it as well."""
    monkeypatch.setattr(console, "_logs", [])
    caplog.set_level(logging.INFO, "eiload")
    Voice(terminal=True, logfile=True).say("it begins")
    assert "it begins" in capsys.readouterr().err
    assert [record.message for record in caplog.records] == ["it begins"]


def test_how_a_run_goes(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A line each time where there is no terminal: on stderr, or in the log with a web UI."""
    caplog.set_level(logging.INFO, "eiload")
    for terminal in (True, False):
        voice = Voice(terminal=terminal, logfile=False)
        with voice.alone():
            voice.tell("one", lambda _: "never")
            voice.tell("two", lambda _: "never")
        assert voice.last == "two"
    assert capsys.readouterr().err == "eiload: one\neiload: two\n"
    assert [record.message for record in caplog.records] == ["one", "two"]


def test_one_line_of_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written over; what Locust logs meanwhile stands above it, nothing is left of it."""
    terminal = Terminal(columns=80)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    theirs = logging.getLogger("locust.stats_logger")
    handler = logging.StreamHandler(terminal.stream)
    theirs.addHandler(handler)
    monkeypatch.setattr(theirs, "propagate", False)
    monkeypatch.setattr(theirs, "level", logging.INFO)
    voice = Voice(terminal=True, logfile=False)
    try:
        with voice.alone():
            voice.tell("", lambda width: f"{width} columns")
            theirs.info("a table")
            voice.tell("", lambda _: "again")
        over = "\r\x1b[K"
        assert terminal.written() == f"79 columns{over}a table\nagain{over}"
        theirs.info("afterwards")
        assert terminal.written() == "afterwards\n"
    finally:
        theirs.removeHandler(handler)
        terminal.close()
