"""A report's main table."""

from dataclasses import replace

from eiload.record.run import Run
from eiload.report import figures
from eiload.report.times import section
from tests.report import runs


def headings(run: Run, *, wide: bool) -> list[str]:
    """Return the columns of a terminal that is wide or not."""
    columns = section(run).columns
    return [each.heading.replace("\n", " ") for each in columns if wide or not each.wide]


def asking(objectives: str, compare: str = "") -> Run:
    """Return a run with other objectives, and more said of its comparison."""
    text = runs.SCENARIO.replace("[p99 < 400 ms, errors < 5 %]", f"[{objectives}]")
    text = text.replace("candidate: ei}", f"candidate: ei{compare}}}")
    return replace(runs.golden(), scenario=runs.scenario(text))


def test_the_columns_are_what_was_asked_for() -> None:
    """p50, p99, what objectives and headline name, and lag; the others where there is room."""
    run = asking("p95 < 400 ms, service p99.9 < 1 s, mean < 1 s", ", headline: p75")
    assert headings(run, wide=False) == [
        "target", "requests", "good/s", "errors", "p50", "p75", "p95", "p99", "service p99.9",
        "lag p99",
    ]  # fmt: skip
    assert headings(run, wide=True) == [
        "target", "requests", "good/s", "errors", "p50", "p75", "p90", "p95", "p99", "p99.9",
        "max ok", "service p99", "service p99.9", "lag p99",
    ]  # fmt: skip


def test_each_column_has_its_number() -> None:
    """Whatever was asked for stands under its own heading."""
    run = asking("p95 < 400 ms, service p90 < 1 s")
    found = section(run)
    (of, _) = figures.tables(run)
    for heading, cell in zip(headings(run, wide=True), found.rows[0].cells, strict=True):
        if heading == "p95":
            assert float(str(cell)) == round((of[0].response_ns[0.95] or 0) / 1e6)
        if heading == "service p90":
            assert float(str(cell)) == round((of[0].service_ns[0.9] or 0) / 1e6)


def test_no_objectives() -> None:
    """Without any, p50 and p99 are what people look for."""
    run = asking("errors < 5 %")
    assert figures.asked(run.scenario) == (0.5, 0.99)
    assert figures.asked_of_service(run.scenario) == ()


def test_lag_is_always_shown() -> None:
    """Of too few requests for its p99, the longest."""
    run = replace(runs.golden(), intervals=runs.recorded(runs.results(0, 1, 10, [100.0] * 30)))
    gpu, ei = section(run).rows
    assert gpu.cells[-1] == "max 0.200"
    assert ei.cells[-1] == "-"  # nothing was sent
