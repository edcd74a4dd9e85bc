"""A comparison phase by phase."""

import numpy as np

from eiload.base import wording
from eiload.judging.compare import compare
from eiload.judging.compare.by_phase import AT_MOST
from eiload.judging.compare.comparable import Named
from eiload.judging.compare.comparison import Comparison
from eiload.judging.compare.files import compare_runs
from eiload.report import against
from eiload.report.section import Section
from tests.golden import Answer, Floats, golden_run, steady

TEXT = """
name: phases
targets:
  gpu: {server: "127.0.0.1:8500", model: ssd}
  ei: {server: "127.0.0.1:9000", model: ssd}
payload: {synthetic: 64x48}
traffic:
  - {phase: warm-up, rate: 5/s, for: 10 s, warm_up: true}
  - {phase: quiet, rate: 20/s, for: 2 min}
  - {phase: busy, rate: 30/s, for: 2 min}
compare: {baseline: gpu, candidate: ei, headline: p90}
"""


def slow_when_busy(due_s: Floats) -> Floats:
    """Answer as fast as the other, and half as fast from the busy phase on."""
    return np.where(due_s > 130, 2.0, 1.0) * steady(100, 2)(due_s)


def compared(text: str = TEXT, ei: Answer = slow_when_busy) -> Comparison:
    """Return the comparison of a run."""
    return compare(golden_run(text, {"gpu": steady(100, 1), "ei": ei}))


def test_each_phase_has_its_own_change() -> None:
    """Equal in one, twice as slow in the other; the warm-up is not compared."""
    found = compared()
    assert [phase.name for phase in found.phases] == ["quiet", "busy"]
    for phase, expected in zip(found.phases, (1.0, 2.0), strict=True):
        assert [row.q for row in phase.response] == [row.q for row in found.response]
        (row,) = (row for row in phase.response if row.q == 0.9)
        assert row.ratio is not None
        assert row.ratio.low < expected < row.ratio.high
        assert row.ratio.high / row.ratio.low < 1.5
        assert [row.q for row in phase.service] == [row.q for row in phase.response]


def test_a_change_that_is_not_one_number_is_said() -> None:
    """Beside the verdict; where phases agree, nothing is."""
    (note,) = (each for each in compared().notes if "not one number" in each)
    assert note.startswith("the change at p90 is not one number: ")
    assert " in quiet, " in note
    assert note.endswith(" in busy")
    assert not any("not one number" in each for each in compared(ei=steady(130, 2)).notes)


def test_phases_that_are_alike_are_one() -> None:
    """The same traffic under two names, or one phase, is compared once."""
    assert compared(TEXT.replace("30/s", "20/s")).phases == ()
    one = "\n".join(line for line in TEXT.splitlines() if "busy" not in line)
    assert compared(one).phases == ()


def test_many_phases() -> None:
    """The first dozen."""
    steps = "\n".join(
        f"  - {{phase: step {n}, rate: {n}/s, for: 5 s}}" for n in range(1, AT_MOST + 5)
    )
    text = TEXT.replace("  - {phase: quiet, rate: 20/s, for: 2 min}", steps)
    assert len(compared(text).phases) == AT_MOST


def test_runs_apart() -> None:
    """Two runs are compared phase by phase too."""
    runs = [
        golden_run(
            "\n".join(
                line
                for line in TEXT.splitlines()
                if f"{other}:" not in line and "compare" not in line
            ),
            {name: answer},
        )
        for name, other, answer in (("gpu", "ei", steady(100, 1)), ("ei", "gpu", slow_when_busy))
    ]
    found = compare_runs([Named(f"{n}.json", run) for n, run in enumerate(runs)], headline=0.9)
    assert found.kind == "separate runs"
    assert [phase.name for phase in found.phases] == ["quiet", "busy"]


def test_the_table() -> None:
    """Each phase's median and headline, with its picture on one scale, and no verdict."""
    found: list[Section] = against.sections(compared(), emulated=False)
    (table,) = (each for each in found if each.title.endswith("by phase"))
    assert [row.cells[:2] for row in table.rows] == [
        ("quiet", "p50"), ("quiet", "p90"), ("busy", "p50"), ("busy", "p90"),
    ]  # fmt: skip
    assert not table.lines
    assert "no verdict" in table.note
    assert wording.change(1.1) in table.columns[-1].heading
