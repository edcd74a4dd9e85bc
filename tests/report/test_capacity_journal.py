"""The lines of a search's journal: what is written is read."""

import json

import pytest

from eiload.report import capacity_journal
from eiload.report.plain import plain
from tests.report import searches


def test_it_comes_back() -> None:
    """The bounds and every trial, whatever is not known of it."""
    whole = searches.hostile()
    lines = [capacity_journal.head(whole), *map(capacity_journal.trial, whole.seen)]
    found = capacity_journal.read(b"".join(lines).removesuffix(b"\n"))
    assert found.bounds == whole.bounds
    assert plain(found.seen) == plain(whole.seen)  # as plain data: a NaN is no other's equal


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"nonsense", b'{"schema": "eiload-run/1"}'])
def test_no_journal(text: bytes) -> None:
    """Anything else is an error that says what kind."""
    with pytest.raises(ValueError, match="Error: "):
        capacity_journal.read(text)


def test_secrets_stay_out() -> None:
    """Its scenario is the one that is shown."""
    head = json.loads(capacity_journal.head(searches.found()))
    assert head["scenario"] == json.loads(searches.found().scenario.masked().to_json())
