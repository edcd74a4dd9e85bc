"""What is said, and where."""

import logging

import pytest

from eiload.base import console
from eiload.base.errors import ScenarioError
from eiload.plugin.voice import Voice


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
