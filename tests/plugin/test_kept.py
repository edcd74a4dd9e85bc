"""The runs of a session: listed, shown again, compared."""

import json
from typing import Any

import pytest

from eiload.base.errors import EngineError, ScenarioError
from eiload.plugin import kept
from eiload.plugin.kept import Session
from eiload.plugin.outcome import Outcome
from tests.golden import ONE, TWO, golden_run, steady

PLAIN: dict[str, Any] = {"reports": {}, "undecided_ok": False, "status_on_errors": 1}


def an_outcome(text: str = ONE, **answers: Any) -> Outcome:
    """Return what became of a run."""
    return Outcome.of(golden_run(text, answers), [], **PLAIN)


def test_a_list() -> None:
    """The latest is first; one that could not begin has its reason and nothing to show."""
    session = Session()
    session.add("golden", an_outcome(), 0)
    session.add("other", Outcome.of_error(EngineError("no sender"), []), 60_000_000_000)
    failed, ended = session.rows()
    assert (failed["number"], failed["summary"], failed["targets"]) == (2, "no sender", [])
    assert (failed["tone"], failed["status"], failed["ended"]) == ("bad", 5, "00:01:00")
    assert (ended["name"], ended["targets"], ended["tone"]) == ("golden", ["gpu"], "good")
    assert session.shown(2, "html") is None
    assert session.shown(7, "html") is None


def test_shown_again() -> None:
    """As a page, as text, as its run file; each made once."""
    session = Session()
    session.add("golden", an_outcome(), 0)
    page = session.shown(1, "html")
    assert page is not None
    assert page.startswith("<!doctype html>")
    assert session.shown(1, "html") is page
    assert json.loads(session.shown(1, "json") or "")["schema"].startswith("eiload-run/")
    assert "run golden" in (session.shown(1, "terminal") or "")


def test_compared() -> None:
    """Two runs by a target each, or two targets of one."""
    session = Session()
    session.add("golden", an_outcome(gpu=steady(100, 1)), 0)
    session.add("golden", an_outcome(gpu=steady(140, 2)), 0)
    session.add("both", an_outcome(TWO, gpu=steady(100, 1), ei=steady(100, 2)), 0)
    page = session.compared((1, 0), (2, 0))
    assert "run 1 (golden) and run 2 (golden)" in page
    assert "increase" in page
    assert "run 3 (both)" in session.compared((3, 0), (3, 1))
    with pytest.raises(ScenarioError, match="not comparable"):
        session.compared((1, 0), (3, 0))
    for side in ((1, 5), (9, 0), (1, -1)):
        with pytest.raises(ScenarioError, match="is not kept, or has no such target"):
            session.compared((1, 0), side)


def test_not_more_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go; the last one stays however long it is."""
    session = Session()
    for _ in range(kept.RUNS_AT_MOST + 3):
        session.add("golden", an_outcome(), 0)
    assert [row["number"] for row in session.rows()][-1] == 4
    monkeypatch.setattr(kept, "BYTES_AT_MOST", 0)
    session.add("golden", an_outcome(), 0)
    assert [row["number"] for row in session.rows()] == [kept.RUNS_AT_MOST + 4]
