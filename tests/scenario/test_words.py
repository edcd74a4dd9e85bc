"""scenario: what is wrong is said in one line each, with line, column and what was expected.

The table of mistakes is `errors.txt`: ``- `` what is replaced in the good scenario
below, ``+ `` by what (with Python's escapes), and then the lines of the error.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from eiload.base.errors import ScenarioError
from eiload.scenario import load, parse

GOOD = """\
name: x
targets:
  gpu: {server: "localhost:8500", model: ssd}
  ei: {server: "localhost:9000", model: ssd}
payload: {synthetic: 64x48}
traffic:
  - {phase: warm, rate: 2/s, for: 2 s, warm_up: true}
  - {phase: steady, rate: 8/s, for: 10 min}
objectives:
  - p99 < 400 ms
compare: {baseline: gpu, candidate: ei}
"""


TABLE = Path(__file__).with_name("errors.txt")


def errors(text: str | bytes, environ: dict[str, str] | None = None) -> list[str]:
    """Return the lines of the error that `text` raises, without the file's name."""
    with pytest.raises(ScenarioError) as refused:
        parse(text, "s.yaml", Path("/nowhere"), environ or {})
    lines = str(refused.value).split("\n")
    assert all(line.startswith(("s.yaml:", "... and ")) for line in lines)
    return [line.removeprefix("s.yaml:") for line in lines]


def table() -> Iterator[tuple[str, str, list[str]]]:
    """Yield what is replaced in GOOD, by what, and the lines of the error."""
    for block in TABLE.read_text(encoding="utf-8").split("\n\n"):
        old, new, *lines = [line for line in block.splitlines() if not line.startswith("#")]
        assert old.startswith("- ")
        assert new.startswith("+ ")
        yield unescaped(old[2:]), unescaped(new[2:]), lines


def unescaped(text: str) -> str:
    """Return `text` with Python's escapes in it made what they mean."""
    return text.encode().decode("unicode_escape")


@pytest.mark.parametrize(("old", "new", "lines"), list(table()))
def test_one_mistake_one_line(old: str, new: str, lines: list[str]) -> None:
    """Each mistake is said where it is, exactly so, and nothing else is."""
    assert old in GOOD
    assert errors(GOOD.replace(old, new, 1)) == lines


def test_the_good_one_is_good() -> None:
    """Without a mistake there is no error, anchors that nobody refers to included."""
    assert parse(GOOD, "s.yaml", Path("/nowhere"), {}).name == "x"
    assert parse(GOOD.replace("x", "&a x", 1), "s.yaml", Path("/nowhere"), {}).name == "x"


def test_all_mistakes_are_said_at_once_in_the_order_of_the_file() -> None:
    """Wrong fields, wrong references, missing files and duplicate keys come in one error."""
    text = GOOD
    for old, new in (
        ("name: x", "name: 7"),
        ("  ei:", "  gpu:"),
        ("synthetic: 64x48", "images: [none.jpg], bach: 2"),
        ("rate: 2/s", "rate: 2"),
        ("phase: steady", "phase: warm"),
        ("p99 < 400 ms", "p99 < 400"),
        ("candidate: ei", "candidate: tpu"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    places = [line.split(" ", 1)[0] for line in errors(text)]
    assert places == ["1:7:", "4:3:", "5:20:", "5:31:", "7:25:", "8:13:", "10:5:", "11:37:"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"", "1:1: empty; expected 'name:', 'targets:', 'payload:' and 'traffic:'"),
        (b"# nothing\n", "1:1: empty; expected 'name:', 'targets:', 'payload:' and 'traffic:'"),
        (b"name: caf\xe9", "1:10: not UTF-8, got the byte 0xe9; expected the file saved as UTF-8"),
        (b"\xff\xfen\x00", "1:1: not UTF-8, got UTF-16; expected the file saved as UTF-8"),
        (b"- a", "1:1: not a mapping, got a list; expected a mapping of keys to values"),
        (b"x" * 1_000_001, "1:1: too large, got 1,000,001 bytes; expected at most 1,000,000"),
        (b"[" * 2000, "1:33: too deep; expected at most 32 levels"),
        (b"- " * 2000, "1:65: too deep; expected at most 32 levels"),
        (
            b"a: [" + b"1, " * 30_000 + b"]",
            "1:59996: too long; expected at most 20,000 keys and values",
        ),
    ],
)
def test_what_is_no_scenario_at_all(text: bytes, line: str) -> None:
    """Whatever the bytes are, the answer is one line with a place."""
    assert errors(text) == [line]


def test_a_bomb_of_aliases_is_refused_in_no_time() -> None:
    """A few lines that mean a billion values are refused at the first alias, without walking."""
    levels = [f"a{i}: &a{i} [{', '.join(f'*a{i - 1}' for _ in range(10))}]" for i in range(1, 10)]
    started = time.monotonic()
    lines = errors("a0: &a0 [x]\n" + "\n".join(levels))
    assert time.monotonic() - started < 5
    assert any("an alias ('*name'); expected the value itself" in line for line in lines)


def test_a_tag_constructs_nothing(tmp_path: Path) -> None:
    """A tag that would run code in a careless reader is an error, and nothing has run."""
    canary = tmp_path / "canary"
    errors(f'name: !!python/object/apply:os.mkdir ["{canary}"]')
    assert not canary.exists()


def test_very_many_mistakes_are_counted() -> None:
    """After a hundred lines the rest is a number."""
    lines = errors("\n".join(f"key{i}: {i}" for i in range(300)))
    assert len(lines) == 101
    assert lines[-1] == "... and 203 more"  # three keys are missing besides


@pytest.mark.parametrize("count", [17, 251])
def test_absurd_numbers_of_targets_and_phases_are_said(count: int) -> None:
    """More than 16 targets or 250 phases is no load test but a slip."""
    if count == 17:
        targets = "".join(f"  t{i}: {{server: h, model: m}}\n" for i in range(count))
        text = GOOD.replace("targets:\n", "targets:\n" + targets)
        assert errors(text) == ["3:3: targets: too many, got a mapping; expected at most 16"]
    else:
        phases = "".join(f"  - {{phase: p{i}, rate: 1/s, for: 1 s}}\n" for i in range(count))
        text = GOOD.replace("traffic:\n", "traffic:\n" + phases)
        assert errors(text) == ["7:3: traffic: too many, got a list; expected at most 250"]


SECRET = "hunter2-canary"


@pytest.mark.parametrize(
    "metadata",
    [
        "{x-token: ['${TOKEN}']}",
        "{x-token: {a: '${TOKEN}'}}",
        "['${TOKEN}']",
        "{X-Token: '${TOKEN}'}",
        '{x-token: "\\xe9${TOKEN}"}',
        '{x-token: "\\0${TOKEN}"}',
        "{x-token: '${TOKEN} ${OTHER}'}",
        "{x-bin: '${TOKEN}'}",
        "'${TOKEN}'",
    ],
)
def test_secrets_do_not_show_in_errors(metadata: str) -> None:
    """Whatever is wrong with metadata, its values are not repeated."""
    text = GOOD.replace("model: ssd}", f"model: ssd, metadata: {metadata}}}", 1)
    said = "\n".join(errors(text, {"TOKEN": SECRET}))
    assert "metadata" in said
    assert SECRET not in said


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, a folder and a file that is too large are one line with the path."""
    (tmp_path / "demo.yaml").write_text(GOOD)
    (tmp_path / "large.yaml").write_text("#" * 1_000_001)
    with pytest.raises(ScenarioError) as missing:
        load(tmp_path / "dmo.yaml", {})
    assert str(missing.value) == (
        f"{tmp_path}/dmo.yaml: no such file or directory; "
        "expected a scenario file (did you mean 'demo.yaml'?)"
    )
    with pytest.raises(ScenarioError, match="is a directory; expected a scenario file"):
        load(tmp_path, {})
    with pytest.raises(ScenarioError, match=r"large\.yaml:1:1: too large, got 1,000,001 bytes"):
        load(tmp_path / "large.yaml", {})
    with pytest.raises(ScenarioError, match="expected a scenario file"):
        load(Path("a\0b"), {})
