"""Numbers over time, kept as their changes, and their form in a run file."""

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.record.observed import Pieces, Series, Source, joined, observed_of, written

SOURCE = Source(
    kind="tfs",
    name="http://h:8501/x",
    every_ns=10**9,
    at_ns=(-5, 10, 20, 30),
    series=(
        Series("requests", (("model", "ssd"), ("status", "OK")), ((1, 3.0), (3, None))),
        Series("requests", (("model", "other"), ("status", "OK")), ((0, 1.0),)),
    ),
    changed=2,
    missed=1,
    why="refused",
    took_ns=4,
    cpu_ns=2,
    emulated=True,
)


def test_a_value_stands_until_it_changes() -> None:
    """Before its first reading, and where it has gone, there is none."""
    one, other = SOURCE.series
    assert one.values(4).tolist()[1:3] == [3.0, 3.0]
    assert np.isnan(one.values(4)[[0, 3]]).all()
    assert other.values(4).tolist() == [1.0] * 4


def test_series_are_found_by_what_they_are_of() -> None:
    """By name and by some of their labels."""
    assert SOURCE.named("requests", model="ssd") == [SOURCE.series[0]]
    assert len(SOURCE.named("requests", status="OK")) == 2
    assert SOURCE.named("requests", model="none") == []
    assert SOURCE.series[0].label("model") == "ssd"
    assert SOURCE.series[0].label("le") == ""


def test_the_form_reads_back() -> None:
    """Through JSON."""
    assert observed_of(json.loads(json.dumps(written([SOURCE])))) == (SOURCE,)


@pytest.mark.parametrize(
    "changes", [[[4, 1.0]], [[-1, 1.0]], [[2, 1.0], [1, 2.0]], [[1, 1], [1, 2]]]
)
def test_what_was_never_read_is_no_change(changes: list[list[float]]) -> None:
    """A damaged file is refused."""
    text = json.dumps([["requests", {}, changes]]).encode()
    data = written([SOURCE])
    data[0]["series"] = base64.b64encode(zlib.compress(text)).decode()
    with pytest.raises(ValueError, match="requests does not change when it was read"):
        observed_of(data)


def test_damage_is_told() -> None:
    """Not taken for a defect."""
    data = written([SOURCE])
    data[0]["series"] = base64.b64encode(b"no zlib").decode()
    with pytest.raises(ValueError, match="damaged series"):
        observed_of(data)


@pytest.mark.parametrize("changes", ["[[0, NaN]]", "[[Infinity, 1]]", "[[0, -Infinity]]"])
def test_no_number_is_none(changes: str) -> None:
    """JSON's readers take more than JSON."""
    data = written([SOURCE])
    text = f'[["requests", {{}}, {changes}]]'.encode()
    data[0]["series"] = base64.b64encode(zlib.compress(text)).decode()
    with pytest.raises(ValueError, match="requests "):
        observed_of(data)


def test_a_part_of_it_is_not_taken_for_all() -> None:
    """A file that was cut is refused."""
    data = written([SOURCE])
    whole = base64.b64decode(data[0]["series"])
    data[0]["series"] = base64.b64encode(whole[:-5]).decode()
    with pytest.raises(ValueError, match="cut off"):
        observed_of(data)


def cut(of: Source, at: Sequence[int]) -> list[Source]:
    """Return a source in pieces: at which readings each begins, the first at 0."""
    found = []
    for first, last in zip(at, [*at[1:], of.readings], strict=True):
        series = tuple(
            Series(each.name, each.labels, changes)
            for each in of.series
            if (changes := tuple((n - first, v) for n, v in each.changes if first <= n < last))
        )
        found.append(replace(of, at_ns=of.at_ns[first:last], series=series))
    return found


@given(st.sets(st.integers(1, 4)))
def test_pieces_are_the_whole(at: set[int]) -> None:
    """However they are cut, through a journal's text, of two targets."""
    whole = replace(SOURCE, series=tuple(sorted(SOURCE.series, key=lambda each: each.labels)))
    pieces = cut(whole, [0, *sorted(at)])
    assert joined(pieces) == whole
    read = Pieces()
    for piece in pieces:
        read.add(json.loads(json.dumps([[], written([piece])])))
    assert read.sources() == ((), (whole,))
    assert Pieces().sources() == ()
