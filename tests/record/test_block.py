"""A run file in a log: what comes out is what went in, or nothing."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eiload.record.block import WIDTH, block, holds, text_of

SHORT = '{"schema": "eiload-run/1", "name": "größe"}\n'


def long(seed: int = 1) -> str:
    """Return a text that takes some lines."""
    return random.Random(seed).randbytes(6 * WIDTH).hex()


@given(st.text())
@settings(max_examples=100)
def test_there_and_back(text: str) -> None:
    """Any text, to the byte, between lines of others."""
    log = f"before\n{block(text)}\nafter\n"
    assert holds(log)
    assert text_of(log) == text


def test_collectors_put_something_before_and_behind() -> None:
    """A time, a pod's name, quotes: a line's mark is found anywhere in it, in any order."""
    lines = [f'{{"log": "{line}\\n", "stream": "stdout"}}' for line in block(long()).splitlines()]
    random.Random(2).shuffle(lines)
    assert (
        text_of("\n".join(f"2026-11-29T22:00:00.123Z master | {line}" for line in lines)) == long()
    )


def test_lines_are_short() -> None:
    """Far below the 16 KiB at which runtimes of containers cut them."""
    assert len(block(long()).splitlines()) > 5
    assert max(map(len, block(long()).splitlines())) < 4096


def test_the_last_whole_one_counts() -> None:
    """Of several runs in one log, mixed or cut."""
    first, second = block(long(1)), block(long(2))
    assert text_of(f"{first}\n{second}") == long(2)
    mixed = [
        line for pair in zip(first.splitlines(), second.splitlines(), strict=False) for line in pair
    ]
    assert text_of("\n".join(mixed)) in {long(1), long(2)}
    cut = "\n".join(second.splitlines()[:-3])
    assert text_of(f"{first}\n{cut}") == long(1)


@pytest.mark.parametrize(
    ("log", "why"),
    [
        ("", "no block of a run"),
        ("eiload-run is a mark\n", "no block of a run"),
        ("\n".join(block(long()).splitlines()[:-3]), "lines are missing in this log"),
        (block(long()).replace("A", "B"), "is damaged in this log"),
        ("eiload-run 0123456789abcdef 1/1 AAAA", "is damaged in this log"),
        ("eiload-run 0123456789abcdef 1/999999999 AAAA", "999999998 of 999999999 lines"),
        ("eiload-run 0123456789abcdef 0/0 AAAA", "is damaged in this log"),
    ],
)
def test_not_whole(log: str, why: str) -> None:
    """It is said what is wrong."""
    with pytest.raises(ValueError, match=why):
        text_of(log)


def test_short_text_is_one_line() -> None:
    """Between two that say how to read it."""
    begin, line, end = block(SHORT).splitlines()
    assert "'eiload report' reads it" in begin
    assert line.startswith("eiload-run ")
    assert end.startswith("----- end of run ")
