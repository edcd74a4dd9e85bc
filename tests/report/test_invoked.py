"""SageMaker's account as people read it."""

from dataclasses import replace

from eiload.report import invoked
from eiload.report.section import Section
from tests.golden import golden_run
from tests.observe.test_invoked import run, source

WHOLE = source(
    (60.0, 120.0),
    model_us__sum=(2400 * 60_000.0, 2400 * 60_000.0),
    model_us__count=(2400.0, 2400.0),
    overhead_us__sum=(2400 * 5_000.0, 2400 * 5_000.0),
    overhead_us__count=(2400.0, 2400.0),
    invocations__sum=(2400.0, 2400.0),
)


def said(of: Section) -> list[str]:
    """Return a section's lines as text."""
    return ["".join(map(str, line)) for line in of.lines]


def test_the_time_is_split_in_three() -> None:
    """A row a variant; and that others were there, too."""
    section = invoked.section(run(WHOLE))
    (row,) = section.rows
    assert row.cells == ("gpu", "2 of 2", "4,800", "99.8", "60.0", "5.00", "34.8")
    (line,) = said(section)
    assert line.startswith("gpu: 4,800 invocations counted by the service, 2,")
    assert line.endswith("of them ours: others use this variant")


def test_what_never_came_is_unknown() -> None:
    """In words, with the reason."""
    late = replace(source((60.0,)), why="1 of 1 minutes had not come after 180 s")
    section = invoked.section(run(late))
    (row,) = section.rows
    assert row.cells == ("gpu", "0 of 1", *["unknown"] * 5)
    assert said(section) == ["gpu: CloudWatch ssd/A: 1 of 1 minutes had not come after 180 s"]


def test_more_than_we_have_waited() -> None:
    """Its means are of everybody's requests."""
    longer = source(
        (60.0,),
        model_us__sum=(100 * 900_000.0,),
        model_us__count=(100.0,),
        overhead_us__sum=(100.0,),
        overhead_us__count=(100.0,),
    )
    assert "the service says longer than we have waited" in said(invoked.section(run(longer)))[0]


def test_nobody_asked() -> None:
    """Nothing is said."""
    section = invoked.section(golden_run())
    assert not section.rows
    assert not section.lines
