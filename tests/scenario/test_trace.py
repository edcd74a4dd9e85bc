"""trace: every form becomes instants; whatever is damaged is named by file and line."""

import gzip
import shutil
import tracemalloc
from pathlib import Path

import pytest

from eiload.scenario.trace import Trace, TraceError

TRACES = Path(__file__).with_name("traces")
S = 10**9


def instants(trace: Trace) -> list[int]:
    """Return all instants of a trace."""
    return [int(each) for lot in trace.batches() for each in lot.instants]


def named(name: str, **how: object) -> Trace:
    """Return a trace that is shipped with the tests."""
    return Trace(str(TRACES / name), **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("trace", "kind", "expected"),
    [
        (
            named("azure-llm.csv"),
            "csv",
            [0, 0, 623_456_700, 1_500_000_000, 4_000_000_000],
        ),
        # By their starts, in the order of the file: sorting is asked for (see test_replay).
        (named("azure-functions-2021.txt"), "csv", [0, -S * 7 // 4, S * 7 // 4]),
        (named("burstgpt.csv", unit="s"), "csv", [0, 40 * S, 113 * S, 114 * S]),
        (
            named("burstgpt.csv", unit="s", where=(("Model", "ChatGPT"),)),
            "csv",
            [0, 40 * S, 114 * S],
        ),
        (
            named("burstgpt.csv", column="Elapsed time", unit="ms"),
            "csv",
            [0, 10**6, -800_000, -800_000],
        ),
        (named("azure-lmm.csv"), "csv", [0, S // 4, S, 2 * S + S // 8]),
        (named("mooncake.jsonl", unit="ms"), "json", [0, 0, 3_052_000_000]),
        (named("mooncake.jsonl", unit="s", where=(("output_length", "500"),)), "json", [0]),
        (named("sagemaker.jsonl"), "json", [0, 2 * S]),
        (named("sagemaker.jsonl", column="eventMetadata.inferenceTime"), "json", [0, 2 * S]),
        (named("gaps.txt"), "gaps", [200_000_000, 200_000_000, 550_000_500]),
        (named("gaps.txt", unit="ms"), "gaps", [200 * S, 200 * S, 550_000_500_000]),
    ],
    ids=lambda value: Path(value.file).name if isinstance(value, Trace) else "",
)
def test_the_forms_of_public_traces(trace: Trace, kind: str, expected: list[int]) -> None:
    """Each form is found out from the first line, and times are to the ns, across midnight too."""
    assert trace.kind() == kind
    assert instants(trace) == expected


def test_counts_per_minute() -> None:
    """The counts of all functions are added up, or those of some."""
    assert named("azure-functions-2019.csv").kind() == "minutes"
    assert named("azure-functions-2019.csv").minutes().tolist() == [61, 241, 13, 4]
    http = named("azure-functions-2019.csv", where=(("Trigger", "http"), ("HashOwner", "o1")))
    assert http.minutes().tolist() == [60, 0, 12, 3]


@pytest.mark.parametrize(
    ("trace", "texts"),
    [
        (
            named("azure-lmm.csv", choose=(("batch", "NumImages"),)),
            [("1",), ("4",), ("1",), ("8",)],
        ),
        (
            named("burstgpt.csv", unit="s", choose=(("class", "Model"), ("target", "Log Type"))),
            [
                ("ChatGPT", "Conversation log"),
                ("ChatGPT", "Conversation log"),
                ("GPT-4", "API log"),
                ("ChatGPT", "API log"),
            ],
        ),
        (
            named(
                "burstgpt.csv", unit="s", where=(("Model", "GPT-4"),),
                choose=(("class", "Request tokens"),),
            ),
            [("417",)],
        ),
        (
            named("azure-functions-2021.txt", choose=(("class", "func"),)),
            [("f1",), ("f2",), ("f1",)],
        ),
        (
            named("mooncake.jsonl", unit="ms", choose=(("class", "input_length"),)),
            [("6755",), ("7319",), ("7234",)],
        ),
        (named("sagemaker.jsonl", choose=(("image", "captureData.endpointInput.data"),)),
         [("x",), ("y",)]),
    ],
    ids=lambda value: Path(value.file).name if isinstance(value, Trace) else "",
)  # fmt: skip
def test_columns_that_choose(trace: Trace, texts: list[tuple[str, ...]]) -> None:
    """Each request has the texts of the columns that were asked for, in their order."""
    assert [each for lot in trace.batches() for each in lot.texts] == texts


def test_without_columns_that_choose() -> None:
    """Nothing is kept of what nobody asks for."""
    assert [[*lot.texts] for lot in named("burstgpt.csv", unit="s").batches()] == [[]]


@pytest.mark.parametrize("name", ["trace.csv.gz", "trace.csv"])
def test_gzip_is_seen_from_the_content(tmp_path: Path, name: str) -> None:
    """Whatever the file is called."""
    path = tmp_path / name
    path.write_bytes(gzip.compress((TRACES / "azure-llm.csv").read_bytes()))
    assert instants(Trace(str(path))) == instants(named("azure-llm.csv"))
    plain = tmp_path / "plain.csv.gz"
    shutil.copy(TRACES / "azure-llm.csv", plain)
    assert instants(Trace(str(plain))) == instants(named("azure-llm.csv"))


def test_a_file_that_ends_early(tmp_path: Path) -> None:
    """Gzip that was cut off, or has another byte in it, is said with how far it was read."""
    whole = gzip.compress(b"timestamp\n" + b"".join(b"%d\n" % n**2 for n in range(50_000)))
    for damaged in (whole[: len(whole) // 2], whole[:-6] + b"\0\0\0\0\0\0"):
        path = tmp_path / "trace.csv.gz"
        path.write_bytes(damaged)
        with pytest.raises(TraceError, match=r"trace\.csv\.gz: damaged after line \d+: the gzip"):
            instants(Trace(str(path), unit="s"))


@pytest.mark.parametrize(
    ("content", "how", "line", "said"),
    [
        ("timestamp\n1\n2\nx\n", {"unit": "s"}, 4, "no time, got 'x'; expected a number"),
        ("timestamp\n1\n\n\nnan\n", {"unit": "s"}, 5, "no instant, got 'nan'; expected a number"),
        ("timestamp\n1\n1e99\n", {"unit": "s"}, 3, "no instant, got '1e99'"),
        ("timestamp\n1\n2\n", {}, 2, "a plain number, got '1'; expected 'unit:'"),
        ("timestamp\n2023-11-16 10:00:00\n5\n", {}, 3, "no time, got '5'; expected one such as"),
        ("timestamp\n2023-02-30 10:00:00\n", {}, 2, "no such day, got '2023-02-30 10:00:00'"),
        ("timestamp\n2023-11-16 25:00:00\n", {}, 2, "no time of day, got '2023-11-16 25:00:00'"),
        ("timestamp\n2023-11-16 10:00:00\n0001-01-01 10:00:00\n", {}, 3, "centuries from the"),
        (
            "timestamp\n2023-11-16 10:00:00\n2023-11-16 10:00:00Z\n",
            {},
            3,
            "a time with a zone, got '2023-11-16 10:00:00Z'; expected all of them like the first",
        ),
        ("timestamp\n2023-11-16 10:00:00\n", {"unit": "ms"}, 2, "a time of its own, got '2023"),
        ("a,b\n1,2\n", {}, 1, "no column of a known name, got 'a,b'; expected 'column:'"),
        ("time,timestamp\n1,2\n", {}, 1, "instants in 'time' and 'timestamp'"),
        ("a,bee\n1,2\n", {"column": "be"}, 1, "no column 'be', got 'a,bee' (did you mean 'bee'?)"),
        ("a,timestamp\n1,2\n3\n", {"unit": "s"}, 3, "1 cells, the header has 2; expected as many"),
        ('timestamp\n"1\n', {"unit": "s"}, 2, "no CSV: unexpected end of data"),
        ("end_timestamp,duration\n2,1\n3,x\n", {}, 3, "no time, got '3' and 'x'"),
        ('{"timestamp": 1}\n{"timestamp": \n', {"unit": "s"}, 2, "not JSON, got '{\"timestamp\":'"),
        ('{"timestamp": 1}\n[1]\n', {"unit": "s"}, 2, "no object, got [1]; expected one a line"),
        ('{"timestamp": 1}\n{"x": 1}\n', {"unit": "s"}, 2, "no time, got None"),
        ('{"timestamp": true}\n', {"unit": "s"}, 1, "no time, got True"),
        ('{"x": 1}\n', {"unit": "s"}, 1, "no key of a known name, got 'x'; expected 'column:'"),
        ('[{"timestamp": 1}]\n', {}, 1, "a JSON array; expected an object a line"),
        ("5\n-3\n", {}, 2, "no gap, got '-3'; expected a number of us"),
        ("5\nx\n", {"unit": "ms"}, 2, "no gap, got 'x'; expected a number of ms"),
        ("5\n6\n", {"column": "x"}, 1, "gaps, a number a line; expected no 'column'"),
        ("a,b\n1,2\n", {"where": (("c", "1"),)}, 1, "no column 'c', got 'a,b'"),
        (
            "time,Model\n1,2\n",
            {"choose": (("class", "model"),), "unit": "s"},
            1,
            "no column 'model', got 'time,Model' (did you mean 'Model'?)",
        ),
        ("time,m\n1,a\n2\n", {"choose": (("class", "m"),), "unit": "s"}, 3, "1 cells, the header"),
        (
            '{"ts": 1, "m": "a"}\n{"ts": 2}\n',
            {"choose": (("class", "m"),), "unit": "s"},
            2,
            "'m' has nothing; expected a text or a number",
        ),
        (
            '{"ts": 1, "m": {"a": 1}}\n',
            {"choose": (("class", "m"),), "unit": "s"},
            1,
            "'m' has {'a': 1}; expected a text or a number",
        ),
        ("5\n6\n", {"choose": (("class", "m"),)}, 1, "gaps, a number a line; expected no 'column'"),
    ],
)
def test_a_damaged_line_is_named(
    tmp_path: Path, content: str, how: dict[str, object], line: int, said: str
) -> None:
    """File and line, what is there, what was expected."""
    path = tmp_path / "trace.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(TraceError) as refused:
        instants(Trace(str(path), **how))  # type: ignore[arg-type]
    assert str(refused.value).startswith(f"{path}:{line}: {said}")


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        ("f,1,2,3\na,1,2\n", 2, "2 minutes; expected 3 whole numbers"),
        ("f,1,2\na,1,2\nb,x,2\n", 3, "no count, got 'x'; expected 2 whole numbers"),
        ("f,2,1\na,1,2\n", 1, "minutes out of order; expected columns 1, 2, 3 ..."),
    ],
)
def test_a_damaged_line_of_counts(tmp_path: Path, content: str, line: int, said: str) -> None:
    """A count that is none is named too."""
    path = tmp_path / "minutes.csv"
    path.write_text(content)
    with pytest.raises(TraceError) as refused:
        Trace(str(path)).minutes()
    assert str(refused.value) == f"{path}:{line}: {said}"


def test_a_file_that_is_none(tmp_path: Path) -> None:
    """Nothing there, nothing in it, a folder."""
    (tmp_path / "empty.csv").touch()
    for name, said in (
        ("none.csv", "no such file or directory; expected a file of arrivals"),
        ("empty.csv", "empty; expected a line for each arrival"),
        (".", "is a directory; expected a file of arrivals"),
    ):
        with pytest.raises(TraceError) as refused:
            instants(Trace(str(tmp_path / name)))
        assert str(refused.value) == f"{tmp_path / name}: {said}"


@pytest.mark.parametrize(
    ("one", "other", "apart_ns"),
    [
        ("2026-03-29 01:59:59", "2026-03-29T03:00:00.5", 3601 * S + S // 2),
        ("2026-03-29T01:59:59Z", "2026-03-29T02:59:59+01:00", 0),
        ("2026-03-29T01:59:59-02:30", "2026-03-29T04:29:59 UTC", 0),
        ("2026-03-29T01:59:59+00", "2026-03-29T02:00:00.000000001Z", S + 1),
        ("2026-03-29 00:00:00,25", "2026-03-29 00:00:00.2500000019999", 1),
    ],
)
def test_zones_and_digits(tmp_path: Path, one: str, other: str, apart_ns: int) -> None:
    """Zones are brought together, any number of digits is read, what is finer than 1 ns is cut."""
    path = tmp_path / "trace.csv"
    path.write_text(f'time\n"{one}"\n"{other}"\n')
    assert instants(Trace(str(path))) == [0, apart_ns]


def test_an_epoch_in_ns_is_exact(tmp_path: Path) -> None:
    """Whole numbers are not rounded to 53 bits."""
    path = tmp_path / "trace.csv"
    path.write_text("ts\n1612137600000000001\n1612137600000000003\n")
    assert instants(Trace(str(path), unit="ns")) == [0, 2]


def test_a_trace_is_a_stream(tmp_path: Path) -> None:
    """Three times as many lines take no more memory, not even 8 bytes a line."""
    list(Trace(str(TRACES / "azure-llm.csv")).batches())  # what is loaded once
    peaks_bytes = []
    for lines in (15_000, 45_000):
        path = tmp_path / f"{lines}.csv.gz"
        with gzip.open(path, "wt", compresslevel=1) as file:
            file.write("timestamp,tokens\n")
            file.writelines(f"{n / 1000:.3f},12\n" for n in range(lines))
        tracemalloc.start()
        count, last = 0, 0
        trace = Trace(str(path), unit="s", choose=(("class", "tokens"),))
        for lot in trace.batches():
            count, last = count + len(lot.texts), int(lot.instants[-1])
        peaks_bytes.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert (count, last) == (lines, (lines - 1) * 10**6)
    assert peaks_bytes[1] < peaks_bytes[0] + 8 * 30_000
    assert peaks_bytes[1] < 8 << 20
