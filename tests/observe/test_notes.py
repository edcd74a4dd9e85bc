"""What stands against believing what was read: a sentence each."""

from dataclasses import replace

import pytest

from eiload.observe.notes import notes
from eiload.record.observed import Source
from eiload.record.stopping import UNFINISHED
from tests.observe.made import latencies, series, source
from tests.observe.test_server import AT_S, COUNTS, observed, page, requests, times


def test_nothing_stands_against_it() -> None:
    """Then nothing is said."""
    of = latencies("request_us", times(25_000), model="ssd", entrypoint="GRPC")
    assert notes(observed(page(*of)), 0) == []


def test_no_reading_after_the_load() -> None:
    """Both sides' counts cannot be compared; of a run that was killed that is no news."""
    early = page(counts=COUNTS[:9], at_s=AT_S[:9])
    assert note_of(early) == (
        "http://h:8501/m was read for the last time at 8.0 s, before the load ended: what both"
        " sides counted cannot be compared"
    )
    assert notes(replace(observed(early), stopped=UNFINISHED), 0) == []


def note_of(*sources: Source) -> str:
    """Return the one sentence on sources."""
    (said,) = notes(observed(*sources), 0)
    return said


def test_a_restart_is_told() -> None:
    """When it was, and that something is lost."""
    counts = [0, 10, 20, 30, 40, 50, None, 10, 20, 30, 40, 40]
    said = note_of(page(counts=counts))
    assert said == (
        "TensorFlow Serving at http://h:8501/m was restarted between 5.0 s and 6.0 s: what it"
        " counted since the reading before is lost"
    )


def test_several_servers_are_told() -> None:
    """And what to do."""
    counts = [0, 500, 10, 20, 520, 530, 30, 540, 550, 40, 560, 570]
    assert "several servers answer behind this address" in note_of(page(counts=counts))


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (
            Source("", "http://x", 10**9, missed=3, why="refused"),
            "http://x could not be read: refused",
        ),
        (source(at_s=[0.0, 1.0], kind="", name="x"), "x has no metrics that eiload knows"),
        (
            source(requests(COUNTS, "a"), requests(COUNTS, "b"), at_s=AT_S),
            "http://h:8501/m counts no requests for 'ssd', but for 'a', 'b'",
        ),
        (
            source(series("graph_runs", COUNTS), at_s=AT_S),
            "counts runs of the graph, and no requests: builds before 2.4 do not",
        ),
        (
            page(series("loads", [1.0] * 6 + [2.0] * 6, path="/m/ssd/2", status="success")),
            "a model was loaded (/m/ssd/2, success) between 5.0 s and 6.0 s",
        ),
    ],
)
def test_what_should_be_known(of: Source, said: str) -> None:
    """In a sentence."""
    assert said in note_of(of)


def test_a_source_that_says_something_new_seldom() -> None:
    """DCGM's exporter by default: every 30 s, whoever asks more often."""
    slow = source(series("gpu_use", [1.0] * 12), at_s=AT_S, kind="dcgm", name="x")
    run = observed(Source(**{**{f: getattr(slow, f) for f in slow.__slots__}, "changed": 1}))
    assert notes(run, 0) == ["x says something new every 11 s only"]


def test_readings_that_are_missing() -> None:
    """How many, and why the last one was."""
    of = page()
    run = observed(
        Source(**{**{f: getattr(of, f) for f in of.__slots__}, "missed": 4, "why": "took 2 s"})
    )
    assert notes(run, 0) == [
        "http://h:8501/m: 4 of 16 readings are missing, the last time because: took 2 s"
    ]
