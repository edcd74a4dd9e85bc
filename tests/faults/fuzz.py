"""Damaged input to every reader: ``python tests/faults/fuzz.py [--seconds N] [READER...]``.

What a reader is given is a good file or message with pieces changed, cut out, doubled or moved
(hypothesis draws and shrinks them). It gives a value or the error that it promises, in less than a
second and 200 MB. Ten seconds each by default; ``make fuzz SECONDS=600`` takes its time.
"""

import argparse
import contextlib
import functools
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import msgpack
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

if __package__ in {None, ""}:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from eiload.base.errors import EiloadError
from eiload.control import messages
from eiload.judging.judgement import judge
from eiload.observe import pages
from eiload.record import journal
from eiload.record import run as run_file
from eiload.report import render
from eiload.scenario import parse
from eiload.scenario.trace import Trace
from tests.control.test_messages import MAKERS, SCENARIO
from tests.golden import ONE, golden_run
from tests.observe.test_pages import SERVING
from tests.record.test_journal import written
from tests.sending.http1.servers import answer, asked
from tests.sending.http1.test_connection import CHUNKED, saying
from tests.sending.http2.test_hostile import began, check, conversation, hear

ROOT = Path(__file__).resolve().parents[2]

LIMIT_S = 1.0
LIMIT_BYTES = 200_000_000


@dataclass(frozen=True)
class Reader:
    """What reads something from outside."""

    read: Callable[[bytes], object]
    good: Callable[[], list[bytes]]
    """What it reads without an error."""
    errors: tuple[type[Exception], ...]
    """What it may raise."""


def _by_file(read: Callable[[Path], object]) -> Callable[[bytes], object]:
    folder = Path(tempfile.gettempdir())

    def from_file(data: bytes) -> object:
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".run.json.journal") as file:
            file.write(data)
            file.flush()
            return read(Path(file.name))

    return from_file


def _scenarios() -> list[bytes]:
    return [path.read_bytes() for path in sorted((ROOT / "scenarios").glob("*.yaml"))]


def _scenario(data: bytes) -> object:
    return parse(data, "fuzz.yaml", ROOT / "scenarios", {})


def _runs() -> list[bytes]:
    run = golden_run(ONE.replace("5 min", "5 s"))
    sealed = render("json", run, judge(run)).encode()
    return [sealed, sealed.replace(b'"checksum"', b'"without"')]


def _journals() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.json.journal"
        written(path)
        return [path.read_bytes()]


def _journal(path: Path) -> object:
    return judge(journal.read(path))


def _run(path: Path) -> object:
    return judge(run_file.load(path))


def _messages() -> list[bytes]:
    return [msgpack.dumps(make()) for make in MAKERS]


def _message(data: bytes) -> object:
    try:
        message = msgpack.loads(data, strict_map_key=False)
    except Exception:  # Locust's to read, and not ours
        return None
    messages.run_of(message)
    return messages.word_of(message, SCENARIO)


def _wire(data: bytes) -> object:
    client, streams = began()
    events = hear(client, data, len(data) // 2)
    check(client, streams, events, len(data))
    return events


def _http(data: bytes) -> object:
    (landing,) = asked(saying(data, keep=False), times=1)
    assert not landing.detail.startswith("client: "), landing.detail  # what it says of a defect
    return landing


def _answers() -> list[bytes]:
    error = b'{"error": "no such model", "OriginalStatusCode": 400}'
    return [
        answer(b"abcde"),
        b"".join(CHUNKED),
        b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"abcde"),
        b"HTTP/1.1 424 Failed Dependency\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(error), error),
        b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n<html>",
    ]


def _pages() -> list[bytes]:
    return [SERVING.encode()]


def _page(data: bytes) -> object:
    return pages.read(data.decode("utf-8", "replace"))


def _traces() -> list[bytes]:
    return [path.read_bytes()[:4000] for path in (ROOT / "tests/scenario/traces").iterdir()]


def _trace(path: Path) -> object:
    if Trace(str(path)).kind() == "minutes":
        return None
    found: object = None
    for unit in ("", "s"):  # one of them is the wrong one
        try:
            found = [len(lot.lines) for lot in Trace(str(path), unit=unit).batches()]
        except ValueError:
            if unit and found is None:
                raise
    return found


READERS = {
    "scenario": Reader(_scenario, _scenarios, (EiloadError,)),
    "run": Reader(_by_file(_run), _runs, (EiloadError,)),
    "journal": Reader(_by_file(_journal), _journals, (EiloadError,)),
    "message": Reader(_message, _messages, (ValueError,)),
    "wire": Reader(_wire, lambda: [conversation()], ()),
    "http": Reader(_http, _answers, ()),
    "page": Reader(_page, _pages, (ValueError,)),
    "trace": Reader(_by_file(_trace), _traces, (ValueError,)),
}


# -- damage --------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [b"", b"\0", b"\xff", b"-1", b"1e999", b"NaN", b"9" * 30, b"{", b"[", b'"', b"\n", b"\r", b": "]
)
CHANGES = st.lists(
    st.tuples(
        st.floats(0, 1, allow_nan=False),
        st.integers(0, 30),
        st.one_of(PIECES, st.binary(max_size=8), st.integers(0, 40).map(lambda n: n)),
    ),
    min_size=1,
    max_size=4,
)
"""Where, how many bytes go, and what comes: bytes, or so many of those that stood there, twice."""


def damaged(data: bytes, changes: list[tuple[float, int, bytes | int]]) -> bytes:
    """Return `data`, changed."""
    for at, gone, comes in changes:
        start = int(at * len(data))
        piece = data[start : start + comes] * 2 if isinstance(comes, int) else comes
        data = data[:start] + piece + data[start + gone :]
    return data


def hold(reader: Reader, data: bytes) -> None:
    """Have it read something; a value or a promised error, soon and in little memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began_s = time.process_time()
    with contextlib.suppress(*reader.errors):
        reader.read(data)
    took_s = time.process_time() - began_s
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert took_s < LIMIT_S, f"{took_s:.1f} s"
    assert more < LIMIT_BYTES, f"{more / 1e6:.0f} MB"


def fuzz(name: str, seconds: float, seed: int = 0) -> int:
    """Damage what a reader reads for so long; return how many examples there were.

    Raises:
        Exception: the first that it does not promise, with the smallest damage that was found.
    """
    reader = READERS[name]
    good = reader.good()
    for each in good:
        reader.read(each)  # what is lazy is loaded, and what is good is good
    examples = 0
    until = time.monotonic() + seconds

    def one(which: int, changes: list[tuple[float, int, bytes | int]]) -> None:
        nonlocal examples
        examples += 1
        hold(reader, damaged(good[which % len(good)], changes))

    for turn in _turns(until):
        test = settings(
            max_examples=100,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )(given(st.integers(0, 50), CHANGES)(one))
        hypothesis.seed(seed + turn)(test)()
    return examples


def _turns(until: float) -> Iterator[int]:
    turn = 0
    while not turn or time.monotonic() < until:
        yield turn
        turn += 1


def main(arguments: list[str]) -> int:
    """Fuzz readers, all if none is named; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("readers", nargs="*", choices=[*READERS, []])
    given_ = parser.parse_args(arguments)
    say = functools.partial(print, flush=True)
    for name in given_.readers or READERS:
        say(f"{name}: {fuzz(name, given_.seconds, given_.seed):,} examples")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
