"""A run as an interval log of HdrHistogram (.hlog), for the tools that read these.

Pure. One histogram for each target, kind of time and second (or step, in long runs); its tag is the
target's name for response times, with `.service` and `.lag` for these, and `.warm-up` at the end
for warm-up, so that a reader of one tag sees what is judged. Times are ns. A request that did not
end OK has no time and is in no response or service histogram: how many there were is a comment at
the top of the log, as this form has no place for them.

The layout of buckets is HdrHistogram's with 3 digits (2,048 sub-buckets), so no time moves: above
1,024 ns our bucket's number is its index and `SHIFT` more. Encoding: version 2 (Tene,
*HdrHistogram*, `AbstractHistogram.encodeIntoCompressedByteBuffer`): counts as ZigZag LEB128, a run
of n zeros as -n, deflated. Log: version 1.3 (`HistogramLogWriter`).
"""

import base64
import re
import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.record.buckets import Ints, bucket_edges_ns, bucket_mid_ns
from eiload.record.intervals import Kind
from eiload.record.run import Run
from eiload.report import words
from eiload.report.figures import ledger

__all__ = ["encoded", "render", "tag_of"]

SHIFT = 10 << 10
"""Buckets below 1,024 ns are finer than HdrHistogram's, of which each is 1 ns wide there."""

DIGITS = 3
COOKIE, COMPRESSED_COOKIE = 0x1C849313, 0x1C849314
HIGHEST_NS = 3_600_000_000_000
"""Highest time that readers make room for, ns; more if there is a longer one."""

KINDS = {Kind.RESPONSE: "", Kind.SERVICE: ".service", Kind.LAG: ".lag"}


def render(run: Run) -> str:
    """Return the log."""
    started_s = run.started_wall_ns / NS_PER_S
    when = datetime.fromtimestamp(run.started_wall_ns // NS_PER_S, UTC)
    lines = [
        "#[Histogram log format version 1.3]",
        f"#[StartTime: {started_s:.3f} (seconds since epoch), {when:%Y-%m-%d %H:%M:%S} UTC]",
        f"#[BaseTime: {started_s:.3f} (seconds since epoch)]",
        "#[Times are ns; Interval_Max is ms]",
        *(f"#[{words.safe(each.name)}: {_failed(run, t)}]" for t, each in enumerate(run.targets)),
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
        *_lines(run),
    ]
    return "\n".join(lines) + "\n"


def tag_of(name: str) -> str:
    """Return a name as a tag: it may hold no comma, space or line break."""
    return re.sub(r"[\s,=\"]", "_", words.safe(name)) or "_"


def _failed(run: Run, target: int) -> str:
    of = ledger(run.statuses(target, run.phases()))
    return f"{of.scheduled - of.ok} of {of.scheduled} requests did not end OK and have no time here"


def _lines(run: Run) -> Iterator[str]:
    for target, facts in enumerate(run.targets):
        for span in run.phases():
            for kind, suffix in KINDS.items():
                tag = f"{tag_of(facts.name)}{suffix}{'.warm-up' if span.warm_up else ''}"
                second, bucket, count = run.intervals.slab(target, span.index, kind)
                starts = np.flatnonzero(np.diff(second, prepend=-1))
                for part in np.split(np.arange(len(second)), starts)[1:]:
                    at = int(second[part[0]])
                    text = encoded(bucket[part], count[part])
                    most_ms = float(bucket_mid_ns(bucket[part]).max()) / NS_PER_MS
                    yield f"Tag={tag},{at:.3f},{run.step_s:.3f},{most_ms:.3f},{text}"


def encoded(buckets: Ints, counts: Ints) -> str:
    """Return counts by bucket as a compressed histogram in base64."""
    low, _ = bucket_edges_ns(buckets)
    index = np.where(buckets >= SHIFT + 1024, buckets - SHIFT, low.astype(np.int64))
    total = np.bincount(index, counts).astype(np.int64)
    occupied = np.flatnonzero(total)
    zeros = np.diff(occupied, prepend=-1) - 1
    payload = bytearray()
    for before, value in zip(zeros.tolist(), total[occupied].tolist(), strict=True):
        if before:
            payload += _varint(-before if before > 1 else 0)
        payload += _varint(value)
    highest = HIGHEST_NS
    while len(buckets) and highest < low.max() * 2:
        highest *= 2
    head = struct.pack(">iiiiqqd", COOKIE, len(payload), 0, DIGITS, 1, highest, 1.0)
    packed = zlib.compress(head + bytes(payload))
    return base64.b64encode(struct.pack(">ii", COMPRESSED_COOKIE, len(packed)) + packed).decode()


def _varint(value: int) -> bytes:
    """Return a number as ZigZag LEB128; of nine bytes the last would have eight bits of it."""
    rest = (value << 1) ^ (value >> 63)
    found = bytearray()
    while rest > 0x7F:
        found.append((rest & 0x7F) | 0x80)
        rest >>= 7
    found.append(rest)
    return bytes(found)
