"""The journal of a search: what is in it comes back, and another one's is refused by name."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from eiload.base.errors import OutputError, ScenarioError
from eiload.cli.search_journal import SearchJournal, bounds_there
from eiload.judging.capacity.result import Search
from eiload.report import capacity_journal
from eiload.report.capacity_journal import NAME
from eiload.report.plain import plain
from tests.report import searches


def silent(text: str) -> None:
    """Say nothing; nobody has to be waited for."""
    raise AssertionError(text)


def opened(folder: Path, search: Search, *, resume: bool) -> SearchJournal:
    """Return a folder's journal."""
    return SearchJournal(folder, search, resume=resume, say=silent)


def asked(search: Search | None = None) -> Search:
    """Return a search before its first trial."""
    return replace(search or searches.found(), seen=())


@pytest.mark.parametrize("search", [searches.found(), searches.unfinished(), searches.hostile()])
def test_it_comes_back(tmp_path: Path, search: Search) -> None:
    """Every trial with its readings, whatever is not known of it."""
    folder = tmp_path / "new" / "folder"
    with opened(folder, asked(search), resume=False) as journal:
        assert journal.search.seen == ()
        for each in search.seen:
            journal.add(each)
    there = capacity_journal.read((folder / NAME).read_bytes().rstrip(b"\n"))
    found, was = (plain([asdict(each) for each in of.seen]) for of in (there, search))
    assert found == was  # as plain data: a NaN is no other's equal
    with opened(folder, replace(asked(search), started_wall_ns=5), resume=True) as journal:
        assert len(journal.search.seen) == len(search.seen)
        assert journal.search.started_wall_ns == search.started_wall_ns


def test_killed_while_it_wrote(tmp_path: Path) -> None:
    """A line without its end is dropped, and the next one follows what was whole."""
    seen = searches.found().seen
    with opened(tmp_path, asked(), resume=False) as journal:
        journal.add(seen[0])
    path = tmp_path / NAME
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"seen": {"tri')
    with opened(tmp_path, asked(), resume=True) as journal:
        assert [each.trial.number for each in journal.search.seen] == [0]
        journal.add(seen[1])
    with opened(tmp_path, asked(), resume=True) as journal:
        assert [each.trial.number for each in journal.search.seen] == [0, 1]
    path.write_bytes(whole[:20])  # not even the first one
    with opened(tmp_path, asked(), resume=True) as journal:
        assert journal.search.seen == ()
    assert path.read_bytes().startswith(b'{"schema"')


def test_refused(tmp_path: Path) -> None:
    """Without --resume where there is one, with it where there is none; others by what differs."""
    with pytest.raises(ScenarioError, match=r"capacity.jsonl: no such journal; .* --resume"):
        opened(tmp_path, asked(), resume=True)
    with opened(tmp_path, asked(), resume=False) as journal:
        journal.add(searches.found().seen[0])
    with pytest.raises(ScenarioError, match="there is a search in this folder; --resume goes on"):
        opened(tmp_path, asked(), resume=False)
    others: tuple[tuple[dict[str, Any], str], ...] = (
        ({"low_per_s": 3.0}, "--from 2/s there, 3/s here"),
        ({"high_per_s": 100.0}, "--to 120/s there, 100/s here"),
        ({"explore_s": 30.0}, "--trial 1 min there, 30 s here"),
    )
    for changes, said in others:
        bounds = replace(searches.BOUNDS, **changes)
        with pytest.raises(ScenarioError, match=f"of other bounds: {said}"):
            opened(tmp_path, replace(asked(), bounds=bounds), resume=True)
    shorter = replace(searches.BOUNDS, budget_s=1800)
    with pytest.raises(ScenarioError, match=r"of other bounds: --budget 1 h there, 30 min here"):
        opened(tmp_path, replace(asked(), bounds=shorter), resume=True)
    text = searches.SCENARIO.replace("p95 < 300 ms", "p95 < 250 ms")
    with pytest.raises(ScenarioError, match=r"of another scenario: objectives\[0\]: p95 < 250 ms"):
        opened(tmp_path, replace(asked(), scenario=searches.scenario(text)), resume=True)


@pytest.mark.parametrize(
    "more", [{"budget_s": 7200.0}, {"low_per_s": 1.0}, {"high_per_s": 400.0, "budget_s": 7200.0}]
)
def test_wider_bounds(tmp_path: Path, more: dict[str, Any]) -> None:
    """A search goes on with more time or more rates, which are its own from then on."""
    seen = searches.found().seen
    longer = replace(asked(), bounds=replace(searches.BOUNDS, **more))
    with opened(tmp_path, asked(), resume=False) as journal:
        journal.add(seen[0])
    with opened(tmp_path, longer, resume=True) as journal:
        assert journal.search.bounds == longer.bounds
        journal.add(seen[1])
    assert bounds_there(tmp_path) == longer.bounds
    with opened(tmp_path, longer, resume=True) as journal:
        assert journal.search.seen == seen[:2]
    with pytest.raises(ScenarioError, match="of other bounds: "):
        opened(tmp_path, asked(), resume=True)


def test_a_target_that_had_died(tmp_path: Path) -> None:
    """Whoever goes on says that it is there again; what was found before stands."""
    seen = searches.unfinished().seen  # the last one died
    with opened(tmp_path, asked(), resume=False) as journal:
        for each in seen:
            journal.add(each)
    for _ in range(2):
        with opened(tmp_path, asked(), resume=True) as journal:
            words = [each.trial.word for each in journal.search.seen]
            assert words == ["holds", "generator-limited", "died, was tried again"]
            assert journal.search.seen[:2] == seen[:2]
    assert (tmp_path / NAME).read_bytes().count(b"revived") == 1
    with opened(tmp_path, asked(), resume=True) as journal:
        journal.add(seen[2])
    with opened(tmp_path, asked(), resume=True) as journal:
        assert [each.trial.word for each in journal.search.seen][2:] == [words[2]] * 2


def test_one_that_came_to_no_trial(tmp_path: Path) -> None:
    """Is nothing to go on with: whoever mends what was wrong may say the same again."""
    opened(tmp_path, asked(), resume=False).__exit__()
    bounds = replace(searches.BOUNDS, low_per_s=3.0)
    with opened(tmp_path, replace(asked(), bounds=bounds), resume=False) as journal:
        journal.add(searches.found().seen[0])
    assert bounds_there(tmp_path) == bounds
    (tmp_path / NAME).write_text('{"schema": "a file of somebody else"}\n')
    with pytest.raises(ScenarioError, match="damaged, or no journal of a search"):
        bounds_there(tmp_path)
    with pytest.raises(ScenarioError, match="no such journal"):
        bounds_there(tmp_path / "another")
    with pytest.raises(ScenarioError, match="there is a search in this folder"):
        opened(tmp_path, asked(), resume=False)


@pytest.mark.parametrize(
    "text", ["{}\n", "nothing\n", '{"schema": "eiload-capacity/9"}\n', "[1]\n", "\x00\n"]
)
def test_damaged(tmp_path: Path, text: str) -> None:
    """Whatever else is in the file is said in one line."""
    (tmp_path / NAME).write_text(text)
    with pytest.raises(ScenarioError, match="damaged, or no journal of a search") as error:
        opened(tmp_path, asked(), resume=True)
    assert len(str(error.value).splitlines()) == 1


def test_one_search_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one goes on, another one is told to wait, and then that it must not be."""
    monkeypatch.setattr("eiload.cli.search_journal.WAIT_S", 0.5)
    told: list[str] = []
    with (
        opened(tmp_path, asked(), resume=False),
        pytest.raises(ScenarioError, match="another search goes on in this folder"),
    ):
        SearchJournal(tmp_path, asked(), resume=True, say=told.append)
    assert len(told) == 1
    assert "waiting" in told[0]
    opened(tmp_path, asked(), resume=True).__exit__()


def test_no_folder(tmp_path: Path) -> None:
    """What cannot be a folder is named."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"file/capacity.jsonl: cannot be written"):
        opened(tmp_path / "file", asked(), resume=False)
