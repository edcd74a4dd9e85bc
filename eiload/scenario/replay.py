"""A trace as a phase's arrivals: a slice of it, at its speed or another, once or over and over.

What it knows: where in the trace a phase lies, and what was seen when the scenario was read. What
it must not know: the forms of files (`trace`). A replay is data: two phases of one slice have the
same instants. Drawn from the phase's seed are only where a minute's counted requests lie in it
(uniformly: Poisson, given the count), and which requests are kept by `scale_to`.

A trace is read as a stream, again by each worker. So that all of them and whoever looks at the run
later mean the same requests, the scenario that travels has what was `seen`.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_S
from eiload.base.units import format_duration, format_rate
from eiload.scenario.seen import PhaseCounts, Seconds, Seen
from eiload.scenario.trace import Texts, Trace, TraceError
from eiload.scenario.turn import Passage, Table, Turn

__all__ = ["Replay", "Seen"]

TURNS_AT_MOST = 10_000
"""Through a trace in one phase: each reads the file."""

MOST_PER_S = 100_000
"""More than any rate that can be asked for (`fields.RATE_AT_MOST`)."""

Instants = NDArray[np.int64]


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
    """Not from the file, but as many as were seen, each at the start of its second; how many choose
    what is right for the whole phase, not by second."""
    only: str | None = None
    """Of those the ones that go to this target; None: all."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return what its requests choose (`choice.KINDS`), in the order of their texts."""
        return tuple(kind for kind, _ in self.trace.choose)

    def share_of(self, wanted: Mapping[str, str]) -> float:
        """Return the share of the requests that chooses all of this.

        Args:
            wanted: texts by kind; a kind that the trace does not choose is no condition.

        Raises:
            TraceError: nothing was seen.
        """
        places = {
            self.kinds.index(kind): text for kind, text in wanted.items() if kind in self.kinds
        }
        if not places:
            return 1.0
        if self.seen is None:
            raise TraceError(f"{self.trace.file}: nothing is known of it; expected it to be read")
        return self.seen.share_of(places)

    def instants(self, duration_ns: int, seed: int) -> Iterator[Instants]:
        """Yield the arrivals' offsets from the phase's start in order, ns, in chunks.

        Raises:
            TraceError: the file cannot be read, or the trace is shorter than the phase.
        """
        return (passage.instants for passage in self.passages(duration_ns, seed))

    def passages(self, duration_ns: int, seed: int) -> Iterator[Passage]:
        """Yield the arrivals, some at a time, with the places in `Seen.choices` of their choices.

        Raises:
            TraceError: as `instants`.
        """
        if self.whole_seconds:
            return self._by_the_second(duration_ns, seed)
        seen = self.seen
        known = [texts for texts, _ in seen.choices] if seen else []
        table = Table(self.trace.file, known)
        passages = self._sent(duration_ns, seed, seen.share if seen else 1.0, table)
        return self._known(passages, len(known)) if seen and self.kinds else passages

    def _known(self, passages: Iterator[Passage], choices: int) -> Iterator[Passage]:
        for passage in passages:
            if passage.codes is not None and passage.codes.max() >= choices:
                raise TraceError(self._other())
            yield passage

    def _sent(self, duration_ns: int, seed: int, share: float, table: Table) -> Iterator[Passage]:
        """Yield what is left of the arrivals when a share of them is drawn."""
        rng = np.random.default_rng((seed, 0x7468696E))
        for passage in self._all(duration_ns, seed, table):
            kept = (
                passage if share >= 1 else passage.only(rng.random(len(passage.instants)) < share)
            )
            if len(kept.instants):
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

    def due(
        self, within_ns: int, duration_ns: int, seed: int, target: str | None = None
    ) -> tuple[int, int]:
        """Return the least and the most arrivals that are due before an offset.

        Only whole seconds were seen. To one target, or all.

        Raises:
            TraceError: nothing was seen, and the file cannot be read.
        """
        counts = self.counted(duration_ns, seed, target)
        least = int(counts[: max(0, within_ns) // NS_PER_S].sum())
        most = int(counts[: -(-max(0, within_ns) // NS_PER_S)].sum())
        return (most, most) if within_ns >= duration_ns else (least, most)

    def looked(
        self, duration_ns: int, seed: int, check: Callable[[Texts], object] | None = None
    ) -> "Replay":
        """Read the trace through and return the replay with what was seen.

        Args:
            duration_ns: of the phase.
            seed: of the phase.
            check: called once with each choice; raises a ValueError if it is none.

        Raises:
            TraceError: it cannot be read, is shorter than the phase, has no request there, too few
                for `scale_to`, a choice that is none, or is another one than was seen before.
        """
        sha256 = self.fingerprint()
        if self.seen and self.seen.sha256 != sha256:
            raise TraceError(
                f"{self.trace.file}: another content than this scenario was made with; expected "
                "the same file, or no 'seen:'"
            )
        plain = replace(self, seen=None)
        counts, share = plain.count(duration_ns, seed, 1.0, check), 1.0
        requests = int(counts.per_second.sum())
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
            counts = plain.count(duration_ns, seed, share)
        return replace(plain, seen=Seen.of(sha256, share, counts))

    def count(
        self,
        duration_ns: int,
        seed: int,
        share: float,
        check: Callable[[Texts], object] | None = None,
    ) -> PhaseCounts:
        """Read the trace through and count what is left of it when a share is drawn.

        Raises:
            TraceError: as `looked`.
        """
        table = Table(self.trace.file)
        passages = self._sent(duration_ns, seed, share, table)
        if check is not None:
            passages = self._checked(passages, table, check)
        place = self.kinds.index("target") if "target" in self.kinds else None
        return PhaseCounts.of(passages, duration_ns, table, place)

    def _checked(
        self, passages: Iterator[Passage], table: Table, check: Callable[[Texts], object]
    ) -> Iterator[Passage]:
        """Pass the arrivals on, each choice looked at when it comes first."""
        good: set[int] = set()
        for passage in passages:
            met = set() if passage.codes is None else {*np.unique(passage.codes).tolist()}
            for code in sorted(met - good):
                texts, line = table.met[code]
                try:
                    check(texts)
                except ValueError as error:
                    raise TraceError(f"{self.trace.file}:{line}: {error}") from None
                good.add(code)
            yield passage

    def counted(self, duration_ns: int, seed: int, target: str | None = None) -> Seconds:
        """Return the requests of each second of the phase: what was seen, else from the file.

        Args:
            duration_ns: of the phase.
            seed: of the phase.
            target: only those to this target; None: all.

        Raises:
            TraceError: as `instants`.
        """
        if self.seen is not None:
            return self.seen.per_second(target)
        return self.count(duration_ns, seed, 1.0).per_second

    def check(self) -> None:
        """Look whether the file is the one that was seen.

        Raises:
            TraceError: it is not, or not here.
        """
        if self.seen and self.fingerprint() != self.seen.sha256:
            raise TraceError(self._other())

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

    def _by_the_second(self, duration_ns: int, seed: int) -> Iterator[Passage]:
        counts = self.counted(duration_ns, seed, self.only)
        ends = np.cumsum(counts)
        # Nobody knows any more which of them chose what, but how many did.
        choices = [] if self.only or not self.seen else [count for _, count in self.seen.choices]
        codes = np.repeat(np.arange(len(choices), dtype=np.int32), choices)
        for second in np.flatnonzero(counts).tolist():
            count, end = int(counts[second]), int(ends[second])
            chosen = codes[end - count : end] if choices else None
            yield Passage(np.full(count, second * NS_PER_S, np.int64), chosen)

    def _all(self, duration_ns: int, seed: int, table: Table) -> Iterator[Passage]:
        """Yield all arrivals of the phase, before any are left out."""
        rng, turn_ns, requests = np.random.default_rng(seed), 0, 0
        while True:
            turn = Turn(self.trace, self.start_ns, self.length_ns, self.sort, rng, table)
            for passage in turn.passages():
                found = np.floor((passage.instants + turn_ns) / self.speed).astype(np.int64)
                within = int(np.searchsorted(found, duration_ns))
                requests += within
                if requests > MOST_PER_S * (duration_ns / NS_PER_S + 1):
                    raise TraceError(self._absurd(duration_ns))
                if within:
                    yield passage._replace(instants=found).only(slice(within))
                if within < len(found):
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

    def _other(self) -> str:
        return (
            f"{self.trace.file}: another content here than where the scenario was read; "
            "expected the same file on every machine"
        )

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
