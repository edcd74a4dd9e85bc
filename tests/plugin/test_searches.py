"""Searches of a web UI: as far as a journal has come, and what an end is called."""

import sys
from pathlib import Path

import pytest

from eiload.judging.capacity.wanted import Wanted
from eiload.plugin.searches import LOG, Searches, Sought
from eiload.report import capacity_journal
from eiload.report.trial_log import log_of
from tests.report import searches


def sought(folder: Path) -> Sought:
    """Return one whose trials are in a journal."""
    whole = searches.found()
    lines = [capacity_journal.head(whole), *map(capacity_journal.trial, whole.seen)]
    (folder / capacity_journal.NAME).write_bytes(b"".join(lines) + b'{"seen": {"cut')
    return Sought(1, "two", folder, whole)


def test_its_trials(tmp_path: Path) -> None:
    """Those of the journal, and no line that is not whole."""
    one = sought(tmp_path)
    assert one.on
    assert one.how == ""
    line = "eiload: 00:04/00:10 steady | gpu 3 ok, p50 9 max 9 ms\n"
    (tmp_path / log_of(len(one.search().seen))).write_text(line)
    assert one.how == "steady, 6 s left: 3 ok, p50 9 max 9 ms"
    assert [each.trial.number for each in one.search().seen] == [
        each.trial.number for each in searches.found().seen
    ]
    one.status = 130
    assert one.search().stopped == "SIGINT"
    assert not one.error
    assert one.said_at_end.startswith("two, stopped (SIGINT): gpu's capacity is 24/s to 33/s")
    assert one.how == ""


def test_why_it_ended(tmp_path: Path) -> None:
    """What the command has said last, where it was not what it found."""
    one = sought(tmp_path)
    (tmp_path / capacity_journal.NAME).unlink()
    (tmp_path / LOG).write_text("eiload: trial 1: x\neiload: gpu: cannot be reached\n")
    one.status = 4
    assert one.error == one.said_at_end == "gpu: cannot be reached"
    one.status = 130  # Stop was pressed before there was a trial
    assert not one.error
    assert one.said_at_end.startswith("two, stopped (SIGINT): ")


def test_no_search_before_one() -> None:
    """Nothing is on, and there is nothing to end."""
    found = Searches(print)
    found.end()
    assert not found.on
    assert found.last is None


def test_the_command_cannot_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ends at once is an error in its own words, and the next has its own folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    path = tmp_path / "two.yaml"
    all_ = Searches(print)
    for number, folder in ((1, "capacity-two"), (2, "capacity-two-2")):
        one = all_.begin(path, searches.scenario(), Wanted(5.0, 50.0))
        all_.follow(one)
        assert (one.number, one.folder.name, one.status) == (number, folder, 1)
        assert one.error == f"ended with status 1, see {one.folder / LOG}"
    assert not all_.on
