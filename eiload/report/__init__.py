"""What a run says, in the forms that people and machines read.

In the order of the data's way, from a run and its judgement to text:

- `figures`: the numbers of each target, computed once; `went`: where their time went, part by part
- `words`: how numbers and foreign text are written; `plain`: records as plain data
- `content` and `against` (comparisons): the sections of a report for people, of the parts that are
  in `section`; so no two forms can disagree; `served`: who answered, in words
- `times`: a report's main table
- `observed` (servers), `devices` (GPUs, hosts), `sides` (where the time went on both sides): what
  was read beside the load; `account`: the same as plain data
- the forms, each with ``render(run, judgement) -> str``: `terminal` (with `bars`), `markdown`,
  `html`, `junit`, `json` (`arrays`: its series, `shape`: its JSON Schema), `hlog`; `render` here
  chooses one by name and imports no other
- `csv`: tables for spreadsheets and programs, several files
- `progress`: a line that says how a run goes, `ticker`: the one that a terminal writes over,
  `live`: a page instead;
  `prediction`: for ``eiload predict``
- `capacity`: what a search for it has found; `capacity_json`, `capacity_csv`, `capacity_junit` and
  `html.capacity`: its own forms, `capacity_forms`: all of them by name;
  `capacity_outlook`: what it could not prove; `capacity_journal`: its
  lines while it goes on, `html.searching`: its page then
- `plan`: what a scenario would send and decide, put together by `planning`; `outlook`: in a line;
  `differ`: from another; `looking`: the looks at a run that goes on until all is decided

What it must not know: how a verdict was reached, where the text goes. Nothing in here judges,
measures, opens a file or asks for the time.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eiload.judging.judgement import Judgement
    from eiload.record.run import Run

__all__ = ["FORMS", "TABLES", "render"]

FORMS = ("terminal", "json", "markdown", "junit", "html", "hlog")

TABLES = ("seconds.csv", "percentiles.csv", "objectives.csv", "parts.csv")
"""The files that `csv` makes."""


def render(form: str, run: "Run", judgement: "Judgement", *, undecided_ok: bool = False) -> str:
    """Return a run's report in one of `FORMS`.

    Args:
        form: its name; ``terminal`` is plain text here, see `terminal.look_of` for more.
        run: the run.
        judgement: of the run.
        undecided_ok: as given to `judgement.judge`; JUnit says it test by test.

    Raises:
        ValueError: there is no such form.
    """
    # ruff: noqa: PLC0415 - each form brings libraries that the others do not need.
    match form:
        case "terminal":
            from eiload.report import terminal

            return terminal.render(run, judgement)
        case "json":
            from eiload.report import json

            return json.render(run, judgement)
        case "markdown":
            from eiload.report import markdown

            return markdown.render(run, judgement)
        case "junit":
            from eiload.report import junit

            return junit.render(run, judgement, undecided_ok=undecided_ok)
        case "html":
            from eiload.report import html

            return html.render(run, judgement)
        case "hlog":
            from eiload.report import hlog

            return hlog.render(run)
        case _:
            raise ValueError(f"no such form of report, got {form!r}; expected one of {FORMS}")
