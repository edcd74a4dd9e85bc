"""journal: what was read beside the load, of a run that was killed."""

from dataclasses import replace
from pathlib import Path

import pytest

from eiload.base.clock import NS_PER_S
from eiload.judging.judgement import judge
from eiload.observe.foreign import check
from eiload.observe.server import server_of
from eiload.record import journal as module
from eiload.record.journal import Journal, read
from eiload.record.observed import Source
from eiload.report.terminal import render
from tests.observe import made
from tests.record.test_journal import SECONDS, SHORT, lines_of, state_of


def observed_pieces() -> list[Source]:
    """Return a page that counts 20 requests a second for 12 s, in three pieces."""
    pieces = []
    for first in (0, 1, 6):
        at_s = [float(n) for n in range(first, {0: 1, 1: 6, 6: 12}[first])]
        counts = [20.0 * n for n in at_s]
        pieces.append(made.source(made.series("requests", counts, model="ssd", status="OK"),
                                  at_s=at_s))  # fmt: skip
    return pieces


def test_what_was_read_beside_the_load(tmp_path: Path) -> None:
    """All of it up to the last line, as a run file has it; a line without any is as it was."""
    path = tmp_path / "run.json.journal"
    run, chunks = lines_of(SHORT, SECONDS)
    journal = Journal(path)
    journal.begin(run)
    news = dict(zip((1, 6, 11), observed_pieces(), strict=True))
    for second, counts in enumerate(chunks, 1):
        observed = ((news[second],), ()) if second in news else ()
        journal.append(replace(state_of(run, second), observed=observed), [counts.to_bytes()])
    journal.close(keep=True)
    lines = path.read_bytes().splitlines()
    assert [b'"observed":[' in line for line in lines[1:]].count(True) == 3
    found = read(path)
    (source,), nothing = found.observed
    assert nothing == ()
    assert source.at_ns == tuple(n * NS_PER_S for n in range(12))
    assert source.series[0].values(12).tolist() == [20.0 * n for n in range(12)]
    server = server_of(found, 0)
    assert server is not None
    assert server.per_s == pytest.approx(20)
    assert check(found, 0) is None  # the server went on counting
    assert "the server's side" in render(found, judge(found))


def test_what_was_read_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too much is left out from then on, and that is said."""
    monkeypatch.setattr(module, "OBSERVED_AT_MOST_MB", 0.0005)
    path = tmp_path / "run.json.journal"
    run, _ = lines_of(SHORT, 0)
    journal = Journal(path)
    journal.begin(run)
    for second, piece in enumerate(observed_pieces(), 1):
        journal.append(replace(state_of(run, second), observed=((piece,), ())), [])
    journal.close(keep=True)
    found = read(path)
    assert len(found.observed[0][0].at_ns) == 1
    assert found.problems[1].endswith("MB: the rest is not in its journal")
    assert path.read_bytes().count(b'"observed":null') == 1
