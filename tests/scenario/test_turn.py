"""turn: once through a part of a trace, with a number for what each request chooses."""

from pathlib import Path

import numpy as np
import pytest

from eiload.scenario import turn
from eiload.scenario.trace import Trace, TraceError
from eiload.scenario.turn import Passage, Table, Turn

S = 10**9


def once(
    path: Path, *, start_s: int = 0, part_s: int | None = None, sort: bool = False,
    table: Table | None = None,
) -> tuple[list[float], list[int], Turn]:  # fmt: skip
    """Return the instants of a part, s, what each chooses, and the turn when it is over."""
    trace = Trace(str(path), unit="s", choose=(("class", "size"),))
    part_ns = None if part_s is None else part_s * S
    found = Turn(
        trace, start_s * S, part_ns, sort, np.random.default_rng(1), table or Table(str(path))
    )
    parts = list(found.passages())
    codes = [int(each) for part in parts if part.codes is not None for each in part.codes]
    return [int(each) / S for part in parts for each in part.instants], codes, found


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Return a trace of ten requests, one a second, of three sizes in turn."""
    path = tmp_path / "sizes.csv"
    path.write_text("timestamp,size\n" + "".join(f"{n},{'abc'[n % 3]}\n" for n in range(10)))
    return path


def test_choices_go_with_their_requests(trace: Path) -> None:
    """Whatever part is taken, each instant keeps the choice of its line."""
    assert once(trace)[:2] == ([*map(float, range(10))], [0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
    instants, codes, of = once(trace, start_s=4, part_s=3)
    assert (instants, codes) == ([0, 1, 2], [1, 2, 0])
    assert (of.requests, of.length_ns) == (3, 3 * S)
    assert once(trace)[2].length_ns == 10 * S  # the mean gap passes after the last request


def test_known_choices_keep_their_numbers(trace: Path) -> None:
    """What was seen has its number again; what is new comes after it, with its line."""
    table = Table(str(trace), [("c",), ("a",)])
    assert once(trace, table=table)[1] == [1, 2, 0, 1, 2, 0, 1, 2, 0, 1]
    assert table.met == [(("c",), 0), (("a",), 0), (("b",), 3)]


def test_sorting_takes_choices_along(tmp_path: Path) -> None:
    """Those at one instant stay in the order of the file."""
    path = tmp_path / "back.csv"
    path.write_text("timestamp,size\n5,a\n3,b\n4,c\n3,d\n")
    assert once(path, sort=True)[:2] == ([0, 0, 1, 2], [1, 3, 2, 0])


def test_too_many_choices(trace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column of unique texts is none that chooses: the line is named."""
    monkeypatch.setattr(turn, "CHOICES_AT_MOST", 2)
    with pytest.raises(TraceError, match=r"sizes\.csv:4: more than 2 different choices up to here"):
        once(trace)


def test_some_of_a_part() -> None:
    """Masks and slices take instants and codes together."""
    part = Passage(np.arange(4), np.array([3, 2, 1, 0], np.int32))
    assert [np.asarray(each).tolist() for each in part.only(slice(1, 3))] == [[1, 2], [2, 1]]
    assert Passage(np.arange(4)).only(np.arange(4) > 2).codes is None
