"""The table of faults: each row once, and the tests that it names are there."""

import ast
import functools
import re
from pathlib import Path

import pytest

from tests.faults.again import SIGNALS
from tests.faults.plan import ROWS as PLAYED

TESTS = Path(__file__).parent.parent
TABLE = Path(__file__).with_name("README.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TABLE.splitlines()
    if re.match(r"\| \d", line)
]

AGAIN = {"faults/whole.py", "faults/moments.py", *(each.removeprefix("tests/") for each in SIGNALS)}
"""Tests, and files of them, that are of tier 2 as well."""

OPEN: list[str] = []
"""Rows that no test holds. It may only shrink."""


@functools.cache
def defined(file: str) -> set[str]:
    """Return the names of the tests in a file below tests/."""
    tree = ast.parse((TESTS / file).read_text("utf-8"))
    return {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}


def test_each_row_is_there_once() -> None:
    """All 67, in their order; those without a test are open, and known to be."""
    assert [row[0] for row in ROWS] == [str(number) for number in range(1, 68)]
    assert [row[0] for row in ROWS if "**open**" in row[3]] == OPEN


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row[0]))
def test_a_row(row: list[str]) -> None:
    """It has rules that there are, its tiers, and tests that exist, or it is open."""
    assert len(row) == 5
    number, case, rules, named, tier = row
    assert case
    assert set(rules.split()) <= {f"R{number}" for number in range(1, 8)}
    assert rules
    tests = re.findall(r"`([^`]+)`", named)
    assert bool(tests) != ("**open**" in named)
    for test in tests:
        file, _, name = test.partition("::")
        assert name in defined(file), test
    whole = any(test in AGAIN or test.partition("::")[0] in AGAIN for test in tests)
    assert tier == " ".join(["1", *["2"] * whole, *["3"] * (int(number) in PLAYED)])
