"""Where the time went, in a report for people and as data."""

from dataclasses import replace

import numpy as np

from eiload.record.recorder import Recorder
from eiload.record.run import Run
from eiload.report import went
from eiload.sending.result import RESENT
from tests.golden import golden_run, instants, results


def told(blocked: int = 0, *, resent: int = 0) -> Run:
    """Return a run of two compared targets whose clients told all five instants."""
    recorder = Recorder(0)
    due = np.linspace(30, 90, 3000, dtype=np.float64)
    for target, took_s in enumerate((0.1, 0.15)):
        batch = instants(results(target, 1, due, np.full(3000, took_s)), blocked_of=blocked)
        batch["flags"][:resent] |= RESENT
        recorder.record(batch)
    return replace(golden_run(), intervals=recorder.take())


def cells(run: Run) -> list[tuple[str, ...]]:
    """Return the table's rows as texts."""
    return [tuple(map(str, row.cells)) for row in went.section(run).rows]


def lines(run: Run) -> list[str]:
    """Return the lines below it."""
    return ["".join(map(str, line)) for line in went.section(run).lines]


def test_a_row_a_part() -> None:
    """Share and mean, p50 and p99; what nobody waited for is no row."""
    found = cells(told())
    assert [row[1] for row in found] == 2 * ["lag", "upload", "wait", "download"]
    assert found[1][2:4] == ("20 %", "20.0")
    assert found[3][2:4] == ("9.98 %", "9.98")
    (against,) = lines(told())
    assert against == (
        "ei against gpu: lag 0, upload +10.0, wait +35.0, download +5.00 ms on the mean "
        "(without intervals, no verdict)"
    )


def test_waits_and_what_was_sent_again_are_told() -> None:
    """A wait for a free stream is called that, and counts."""
    run = told(300, resent=7)
    assert [row[1] for row in cells(run)][:3] == ["lag", "blocked", "upload"]
    waited, again = lines(run)[:2]
    assert waited == (
        "gpu: requests that waited before they could be sent: 300 for a free stream (the server's "
        "limit on requests at a time); the wait counts"
    )
    assert again.startswith("gpu: 7 sent again, once, over another connection: the server had said")


def test_a_client_that_cannot_tell_says_so() -> None:
    """GRPC's own; an older run file has nothing to say."""
    run = golden_run()
    assert not went.section(run).rows
    assert not went.section(run).lines
    assert went.plain_split(run, 0) is None
    targets = {
        name: target.model_copy(update={"client": "grpcio"})
        for name, target in run.scenario.targets.items()
    }
    run = replace(run, scenario=run.scenario.model_copy(update={"targets": targets}))
    assert lines(run) == [f"gpu: {went.UNKNOWN}", f"ei: {went.UNKNOWN}"]


def test_as_data() -> None:
    """Under names with units."""
    run = told()
    found = went.plain_split(run, 1)
    assert found is not None
    assert list(found) == ["lag", "blocked", "upload", "wait", "download"]
    wait = found["wait"]
    assert isinstance(wait, dict)
    assert 100 < wait["mean_ms"] < 110
    assert list(wait) == ["share", "mean_ms", "p50_ms", "p99_ms"]
