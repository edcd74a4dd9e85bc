"""What a wrong file is, in a word that helps."""

import json
from pathlib import Path

import pytest

from eiload.base.errors import ScenarioError
from eiload.record.mistaken import EXPECTED
from eiload.record.run import load

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("README.md", README.read_bytes(), "Markdown"),
        (
            "demo.yaml",
            b"# one\nname: x\ntargets: {a: {}}\n",
            "a scenario, which `eiload plan` shows",
        ),
        ("other.yaml", b"a: 1\n", "YAML, and no scenario either"),
        ("dogs.jpg", b"\xff\xd8\xff\xe0abc", "a picture"),
        ("run.json.gz", b"\x1f\x8b\x08\x00", "compressed by gzip"),
        ("run.txt", b"0123abcd {}\n", "a run's journal by another name"),
        ("run.html", b"<!doctype html>\n<html>", "a page; a report's has its run file"),
        ("junit.xml", b'<?xml version="1.0"?>\n<testsuites>', "a JUnit report"),
        ("seconds.csv", b"target,phase,warm_up\n", "a table (CSV)"),
        ("run.json", b"", "an empty file"),
        ("run.json", b'{"schema": "eiload-run/1", "sce', "JSON that is cut off or damaged"),
        ("run.json", b"[" * 100_000, "text that is no JSON"),
        ("x", b"\x00\x01\xfe", "no text"),
        ("x", b"hello", "text that is no JSON"),
        ("stats.json", json.dumps([{"name": "a", "num_requests": 1}]).encode(), "Locust's own"),
        ("c.json", b'{"baseline": 1, "candidate": 2, "statement": 3}', "a comparison"),
        ("s.json", b'{"$schema": "x"}', "a JSON Schema"),
        ("j.json", b"[]", "JSON of something else"),
        ("j.json", b'{"schema": "eiload-run/9"}', 'of schema "eiload-run/9"'),
    ],
)
def test_what_it_is_and_what_was_expected(
    tmp_path: Path, name: str, data: bytes, said: str
) -> None:
    """One line: the file, what it is, what was expected."""
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(ScenarioError) as caught:
        load(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: not a run file")
    assert f"but {said}" in text
    assert text.endswith(f"; {EXPECTED}")
    assert len(text.splitlines()) == 1


def test_no_file_at_all(tmp_path: Path) -> None:
    """A folder is none either."""
    with pytest.raises(ScenarioError, match=r"cannot be read: Is a directory; expected the file"):
        load(tmp_path)
