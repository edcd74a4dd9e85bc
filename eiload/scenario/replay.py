"""A trace as a phase's arrivals: a slice of it, at its speed or another, once or over and over.

What it knows: where in the trace a phase lies, and what was seen when the scenario was read. What
it must not know: the forms of files (`trace`). A replay is data: two phases of one slice have the
same instants. Drawn from the phase's seed are only where a minute's counted requests lie in it
(uniformly: Poisson, given the count), and which requests are kept by `scale_to`.

A trace is read as a stream, again by each worker. So that all of them and whoever looks at the run
later mean the same requests, the scenario that travels has what was `Seen`: the file's fingerprint
and the requests of each second.
"""

import base64
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_S
from eiload.base.units import format_duration, format_rate
from eiload.scenario.trace import Trace, TraceError

__all__ = ["Replay", "Seen"]

MINUTE_NS = 60 * NS_PER_S
TURNS_AT_MOST = 10_000
"""Through a trace in one phase: each reads the file."""

MOST_PER_S = 100_000
"""More than any rate that can be asked for (`fields.RATE_AT_MOST`)."""

SECONDS_AT_MOST = 40 * 24 * 3600
"""Of a phase."""

SORTED_AT_MOST = 50_000_000
"""Requests of a trace that is sorted in memory: 400 MB."""

Instants = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a trace was when the scenario was read."""

    sha256: str
    """Of the file."""
    share: float
    """Which share of its requests is sent (`Replay.scale_to`)."""
    seconds: str
    """The requests of each second of the phase: int32, compressed, base64."""

    @staticmethod
    def of(sha256: str, share: float, per_second: NDArray[np.int32]) -> "Seen":
        """Return what was seen."""
        packed = zlib.compress(per_second.astype("<i4").tobytes(), 9)
        return Seen(sha256, share, base64.b64encode(packed).decode())

    def per_second(self) -> NDArray[np.int32]:
        """Return the requests of each second of the phase.

        Raises:
            ValueError: it was damaged.
        """
        try:
            packed = base64.b64decode(self.seconds, validate=True)
            whole = zlib.decompressobj().decompress(packed, SECONDS_AT_MOST * 4)
            return np.frombuffer(whole, "<i4")
        except (zlib.error, ValueError) as error:
            raise ValueError(f"damaged counts of a trace ({error}); expected no 'seen:'") from None


@dataclass(frozen=True, slots=True)
class Replay:
    """Arrivals as they were recorded."""

    trace: Trace
    start_ns: int = 0
    """Where the slice begins, from the trace's first instant."""
    length_ns: int | None = None
    """How long it is in the trace; None: to its end."""
    speed: float = 1.0
    """How many seconds of the trace pass in one of the phase."""
    loop: bool = False
    """Begin again where the slice ends, if the phase is longer."""
    sort: bool = False
    """The file is not in order: read it whole and sort it."""
    scale_to: float | None = None
    """Keep so many requests per second in the mean, drawn; None: all."""
    seen: Seen | None = None
    whole_seconds: bool = False
    """Not from the file, but as many as were seen, each at the start of its second."""

    def instants(self, duration_ns: int, seed: int) -> Iterator[Instants]:
        """Yield the arrivals' offsets from the phase's start in order, ns, in chunks.

        Raises:
            TraceError: the file cannot be read, or the trace is shorter than the phase.
        """
        if self.whole_seconds:
            return self._by_the_second(duration_ns, seed)
        return self.sent(duration_ns, seed, self.seen.share if self.seen else 1.0)

    def sent(self, duration_ns: int, seed: int, share: float) -> Iterator[Instants]:
        """Yield what is left of the arrivals when a share of them is drawn.

        Raises:
            TraceError: as `instants`.
        """
        rng = np.random.default_rng((seed, 0x7468696E))
        for offsets in self._all(duration_ns, seed):
            kept = offsets if share >= 1 else offsets[rng.random(len(offsets)) < share]
            if len(kept):
                yield kept

    def pieces(self, duration_ns: int, seed: int = 0) -> list[tuple[int, float, float]]:
        """Return the rate of each second, as that of a phase that is no replay (`rates`).

        Raises:
            TraceError: nothing was seen, and the file cannot be read.
        """
        counts = self.counted(duration_ns, seed)
        lengths_ns = np.full(len(counts), NS_PER_S)
        lengths_ns[-1] = duration_ns - NS_PER_S * (len(counts) - 1)
        rates = counts / (lengths_ns / NS_PER_S)
        return list(zip(lengths_ns.tolist(), rates.tolist(), rates.tolist(), strict=True))

    def due(self, within_ns: int, duration_ns: int, seed: int) -> tuple[int, int]:
        """Return the least and the most arrivals that are due before an offset.

        Only whole seconds were seen.

        Raises:
            TraceError: nothing was seen, and the file cannot be read.
        """
        counts = self.counted(duration_ns, seed)
        least = int(counts[: max(0, within_ns) // NS_PER_S].sum())
        most = int(counts[: -(-max(0, within_ns) // NS_PER_S)].sum())
        return (most, most) if within_ns >= duration_ns else (least, most)

    def looked(self, duration_ns: int, seed: int) -> "Replay":
        """Read the trace through and return the replay with what was seen.

        Raises:
            TraceError: it cannot be read, is shorter than the phase, has no request there, too few
                for `scale_to`, or is another one than was seen before.
        """
        sha256 = self.fingerprint()
        if self.seen and self.seen.sha256 != sha256:
            raise TraceError(
                f"{self.trace.file}: another content than this scenario was made with; expected "
                "the same file, or no 'seen:'"
            )
        plain = replace(self, seen=None)
        per_second = plain.counted(duration_ns, seed)
        requests, share = int(per_second.sum()), 1.0
        if not requests:
            raise TraceError(f"{self.trace.file}: no request in this part; expected another 'from'")
        if self.scale_to is not None:
            per_s = requests / (duration_ns / NS_PER_S)
            share = self.scale_to / per_s
            if share > 1:
                raise TraceError(
                    f"{self.trace.file}: {format_rate(round(per_s, 3))} there at speed "
                    f"{self.speed:g}, fewer than 'scale_to'; expected at most so many, or a speed "
                    f"of {self.speed * share:.3g}"
                )
            per_second = _per_second(plain.sent(duration_ns, seed, share), duration_ns)
        return replace(plain, seen=Seen.of(sha256, share, per_second))

    def counted(self, duration_ns: int, seed: int) -> NDArray[np.int32]:
        """Return the requests of each second of the phase: what was seen, else from the file.

        Raises:
            TraceError: as `instants`.
        """
        if self.seen is not None:
            return self.seen.per_second()
        return _per_second(self.instants(duration_ns, seed), duration_ns)

    def check(self) -> None:
        """Look whether the file is the one that was seen.

        Raises:
            TraceError: it is not, or not here.
        """
        if self.seen and self.fingerprint() != self.seen.sha256:
            raise TraceError(
                f"{self.trace.file}: another content here than where the scenario was read; "
                "expected the same file on every machine"
            )

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file.

        Raises:
            TraceError: it cannot be read.
        """
        try:
            with Path(self.trace.file).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            reason = (error.strerror or "cannot be read").lower()
            raise TraceError(f"{self.trace.file}: {reason}; expected a file of arrivals") from None

    def _by_the_second(self, duration_ns: int, seed: int) -> Iterator[Instants]:
        counts = self.counted(duration_ns, seed)
        for second in np.flatnonzero(counts).tolist():
            yield np.full(int(counts[second]), second * NS_PER_S, np.int64)

    def _all(self, duration_ns: int, seed: int) -> Iterator[Instants]:
        """Yield all arrivals of the phase, before any are left out."""
        rng, turn_ns, requests = np.random.default_rng(seed), 0, 0
        while True:
            turn = _Turn(self, rng)
            for offsets in turn.slices():
                found = np.floor((offsets + turn_ns) / self.speed).astype(np.int64)
                within = found[: int(np.searchsorted(found, duration_ns))]
                requests += len(within)
                if requests > MOST_PER_S * (duration_ns / NS_PER_S + 1):
                    raise TraceError(self._absurd(duration_ns))
                if len(within):
                    yield within
                if len(within) < len(found):
                    return
            if not turn.requests:
                raise TraceError(
                    f"{self.trace.file}: no request from {format_duration(self.start_ns)} on; "
                    "expected an earlier 'from', or another 'where'"
                )
            turn_ns += turn.length_ns
            if turn_ns / self.speed >= duration_ns:
                return
            if not self.loop or turn.length_ns * TURNS_AT_MOST < duration_ns * self.speed:
                raise TraceError(self._short(turn_ns, duration_ns))

    def _short(self, length_ns: int, duration_ns: int) -> str:
        has = format_duration(int(length_ns / self.speed) // NS_PER_S * NS_PER_S)
        speed = "" if self.speed == 1 else f" at speed {self.speed:g}"
        remedy = "a longer trace" if self.loop else f"'for: {has}' or 'loop: true'"
        return (
            f"{self.trace.file}: only {has} from {format_duration(self.start_ns)} on{speed}, the "
            f"phase is {format_duration(duration_ns)}; expected {remedy}"
        )

    def _absurd(self, duration_ns: int) -> str:
        return (
            f"{self.trace.file}: more than {MOST_PER_S:,}/s over {format_duration(duration_ns)} at "
            f"speed {self.speed:g}; expected fewer, by a lower 'speed' or a 'where'"
        )


class _Turn:
    """One time through the slice."""

    def __init__(self, replay: Replay, rng: np.random.Generator) -> None:
        self._replay = replay
        self._rng = rng
        self.requests = 0
        """Seen in the slice so far."""
        self.length_ns = 0
        """Of the slice; known when it has been read."""

    def slices(self) -> Iterator[Instants]:
        """Yield the slice's instants from its start, ns, ascending."""
        start_ns, length_ns = self._replay.start_ns, self._replay.length_ns
        end_ns = 2**62 if length_ns is None else start_ns + length_ns
        reached = False
        for instants in self._ordered():
            low, high = np.searchsorted(instants, (start_ns, end_ns))
            self.requests += int(high - low)
            if high > low:
                yield instants[low:high] - start_ns
            if high < len(instants):
                reached = True
                break
        if reached or (length_ns is not None and self._whole_ns >= end_ns):
            self.length_ns = end_ns - start_ns
        else:
            self.length_ns = max(0, self._whole_ns - start_ns)

    _whole_ns = 0

    def _ordered(self) -> Iterator[Instants]:
        """Yield the whole trace's instants, ascending; at the end `_whole_ns` is its length."""
        trace = self._replay.trace
        if trace.kind() == "minutes":
            counts = trace.minutes().tolist()
            self._whole_ns = len(counts) * MINUTE_NS
            for minute, count in enumerate(counts):
                within = np.sort(self._rng.random(count))
                yield minute * MINUTE_NS + np.floor(within * MINUTE_NS).astype(np.int64)
        elif self._replay.sort:
            yield from self._sorted()
        else:
            yield from self._streamed()

    def _streamed(self) -> Iterator[Instants]:
        last_ns, requests = 0, 0
        for instants, numbers in self._replay.trace.batches():
            back = np.flatnonzero(np.diff(instants, prepend=last_ns) < 0)
            if len(back):
                raise TraceError(
                    f"{self._replay.trace.file}:{numbers[int(back[0])]}: earlier than the request "
                    "before it; expected them in order, or 'sort: true' to sort it in memory"
                )
            last_ns, requests = int(instants[-1]), requests + len(instants)
            yield instants
        # Gaps begin at the start, so that the last request ends the last of them.
        gaps = self._replay.trace.kind() == "gaps"
        self._whole_ns = last_ns if gaps else _length_ns(last_ns, requests)

    def _sorted(self) -> Iterator[Instants]:
        parts, requests = [], 0
        for instants, _ in self._replay.trace.batches():
            parts.append(instants)
            requests += len(instants)
            if requests > SORTED_AT_MOST:
                raise TraceError(
                    f"{self._replay.trace.file}: more than {SORTED_AT_MOST:,} requests to sort; "
                    "expected a file that is in order"
                )
        if parts:
            whole = np.sort(np.concatenate(parts))
            whole -= whole[0]
            yield whole
            self._whole_ns = _length_ns(int(whole[-1]), requests)


def _per_second(chunks: Iterator[Instants], duration_ns: int) -> NDArray[np.int32]:
    counts = np.zeros(-(-duration_ns // NS_PER_S), np.int64)
    for offsets in chunks:
        first = int(offsets[0] // NS_PER_S)
        found = np.bincount(offsets // NS_PER_S - first)
        counts[first : first + len(found)] += found
    return counts.astype(np.int32)


def _length_ns(last_ns: int, requests: int) -> int:
    """Return a trace's length: the gap that would come next has the mean of the others."""
    return last_ns + (last_ns // (requests - 1) if requests > 1 else 0)
