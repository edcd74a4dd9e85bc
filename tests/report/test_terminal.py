"""Reports for terminals, logs and pipes."""

import io
import itertools
import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from eiload.record.run import Run
from eiload.report import terminal
from eiload.report.terminal import Look, look_of, render
from tests.report import runs
from tests.report.runs import judged


def shown(run: Run, **look: object) -> str:
    """Return a run's report."""
    return render(run, judged(run), Look(**look))  # type: ignore[arg-type]


class Stream(io.StringIO):
    """A stream that says what it is."""

    def __init__(self, terminal_: bool, encoding: str = "utf-8") -> None:
        super().__init__()
        self._terminal, self._encoding = terminal_, encoding

    def isatty(self) -> bool:
        """Tell whether it is a terminal."""
        return self._terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Return the encoding."""
        return self._encoding


def test_main_table() -> None:
    """The table has aligned columns, one row a target: compact, or wide on 120 columns and more."""
    compact = """\
                                               lag
target  requests  good/s   errors  p50  p99    p99
───────────────────────────────────────────────────
gpu        3,000    50.0      0 %  100  159  0.200
ei         3,000    49.8  0.333 %  120  196  0.200
"""
    for width in (80, 100, 119):
        assert compact in shown(runs.golden(), width=width)
    assert """\
                                                         max  service    lag
target  requests  good/s   errors  p50  p90  p99  p99.9   ok      p99    p99
─────────────────────────────────────────────────────────────────────────────
gpu        3,000    50.0      0 %  100  129  159      -  212      159  0.200
ei         3,000    49.8  0.333 %  120  154  196      -  244      196  0.200
""" in shown(runs.golden(), width=120)


def test_shift_function_has_a_picture() -> None:
    """Each interval is drawn against 1 and the margin, on one scale."""
    text, _ = shown(runs.golden(), unicode=False).split("each by itself")
    heading = next(line for line in text.splitlines() if "| equal" in line)
    rows = [line for line in text.splitlines() if re.match(r"p\d\d.*\[.*o.*\]", line)]
    assert heading.endswith("| equal, : +10 %")
    assert len(rows) == 8
    for table in (rows[:4], rows[4:]):
        assert len({row.rindex("|") for row in table}) == 1


def test_the_first_and_the_last_line_say_it_all() -> None:
    """They are the judgement's, unbroken however narrow the terminal."""
    run = runs.golden()
    for width in (40, 100, 200):
        lines = shown(run, width=width).splitlines()
        assert lines[0] == lines[-1] == judged(run).summary


@pytest.mark.parametrize("width", [40, 60, 80, 100, 160])
@pytest.mark.parametrize("unicode", [True, False])
def test_lines_fit(width: int, unicode: bool) -> None:
    """No line but the last is wider than the terminal, and numbers are never cut."""
    lines = shown(runs.golden(), width=width, unicode=unicode).splitlines()
    assert max(cell_len(line) for line in lines[1:-1]) <= width
    text = re.sub(r"\s+", " ", " ".join(lines))
    for number in ("3,000", "0.333 %", "0.200", "8,412"):
        assert number in text


def test_ascii_only() -> None:
    """Where the encoding is poor, so are the characters, names included."""
    run = runs.hostile()
    assert shown(run, unicode=False).isascii()
    assert shown(runs.golden(), unicode=False).isascii()


def test_colours() -> None:
    """Colours are there when asked for and only then; they change no character."""
    run = runs.golden()
    coloured, plain = shown(run, colour=True), shown(run)
    assert "\x1b[" in coloured
    assert "\x1b" not in plain
    bare = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in bare.splitlines()] == plain.splitlines()


@pytest.mark.parametrize("problems", [(), runs.HOSTILE])
@pytest.mark.parametrize("colour", [True, False])
def test_hostile_text_steers_nothing(problems: tuple[str, ...], colour: bool) -> None:
    """No name or message reaches the terminal as a control, an override or rich's markup."""
    text = shown(replace(runs.hostile(), problems=problems), colour=colour)
    text = re.sub(r"\x1b\[[0-9;]*m", "", text) if colour else text
    assert not set(text) & set("\x1b\x07\u202e\u2066\r")
    assert "[bold]rich[/bold] :smile:" in re.sub(r"\s+", " ", text)
    assert "line\nforged" not in text


def test_names_of_every_script_stay_aligned() -> None:
    """Wide, combining and right-to-left names leave the columns where they are."""
    gpu, ei = runs.golden().targets
    names = ("日本語", "e\u0301clair", "🐕 dogs", "שלום")
    for one, other in itertools.pairwise(names):
        run = replace(runs.golden(), targets=(replace(gpu, name=one), replace(ei, name=other)))
        lines = shown(run).splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith("target")) + 2
        ends = {cell_len(line) for line in lines[start : start + 2]}
        assert len(ends) == 1


def test_a_right_to_left_name_is_closed() -> None:
    """A mark after such a name keeps the numbers beside it in their order."""
    assert Look().show("שלום") == "שלום\u200e"
    assert Look().show("dogs") == "dogs"


@pytest.mark.parametrize(
    ("stream", "environ", "look"),
    [
        (Stream(False), {}, Look(100, False, True)),
        (Stream(False), {"COLUMNS": "60"}, Look(60, False, True)),
        (Stream(True), {"COLUMNS": "200"}, Look(200, True, True)),
        (Stream(True), {"COLUMNS": "10"}, Look(40, True, True)),
        (Stream(True), {"COLUMNS": "80", "NO_COLOR": "1"}, Look(80, False, True)),
        (Stream(True), {"COLUMNS": "80", "TERM": "dumb"}, Look(80, False, True)),
        (Stream(False, "ANSI_X3.4-1968"), {"COLUMNS": "x"}, Look(100, False, False)),
    ],
)
def test_look_of(stream: Stream, environ: dict[str, str], look: Look) -> None:
    """Width, colours and characters follow the stream and the environment."""
    assert look_of(stream, environ) == look


def test_width_of_a_terminal_that_does_not_say() -> None:
    """A terminal without a known width still gets a report."""
    assert look_of(Stream(True), {}).width >= terminal.LEAST_WIDTH


def test_a_table_without_pictures_is_one() -> None:
    """Where no interval is known, the column for their pictures takes no room from the table."""
    few = runs.recorded(*(runs.results(t, 1, 10, [100.0] * 50) for t in range(2)))
    text = shown(replace(runs.golden(), intervals=few), width=80)
    assert re.search(r"^p50 +- +- +needs about \d+ requests +-$", text, re.MULTILINE)
    assert "| equal" not in text
