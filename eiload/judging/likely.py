"""How likely a planned run is to be decided, if it is like one that was made.

Pure: a run and what is planned in, shares of decided replicates out. It judges what might have been
by the rules that judge what was (`statistics`): each twentieth of the planned run is a stretch of
the other run of that length, begun anywhere in its seconds (a block bootstrap: Kuensch, *The
jackknife and the bootstrap for general stationary observations*, Annals of Statistics 17, 1989;
circular, so that all seconds count alike). So a stretch keeps the queues and stalls that it had,
and stretches are independent. A planned run at another rate has that many times the requests in
each block; that its server would be more or less busy, nobody can know.

Units: seconds, requests per second.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eiload.base.status import Status
from eiload.judging.compare.comparison import Change, word_of
from eiload.judging.statistics import shares, shift
from eiload.judging.statistics.blocks import Blocks, by_bucket
from eiload.judging.statistics.cut import COARSE, Floats, block_count
from eiload.judging.statistics.shares import Word
from eiload.record import series
from eiload.record.buckets import Ints, bucket_mid_ns
from eiload.record.facts import PhaseSpan
from eiload.record.intervals import Kind
from eiload.record.run import Run
from eiload.record.sample import Sample
from eiload.scenario import Compare, Objective, Quantile, Share

__all__ = ["SURE", "Chance", "chance", "chance_to_compare"]

REPLICATES, COMPARED = 100, 40
"""Of a planned run, for an objective and for a comparison, which has draws of its own: a share of
80 % is good to 4 and 6 points."""

SURE = 0.8
"""A run that is decided so often is long enough: the usual power of a planned study."""

LONGER = (1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32)
"""Multiples of the planned length that are tried."""


@dataclass(frozen=True, slots=True)
class Chance:
    """How often replicates of a planned run were decided."""

    good: float
    """The share with a word that passes."""
    bad: float
    """The share with a word that does not."""
    longer_s: float | None
    """The shortest length tried that is decided in `SURE` of the replicates; None if no length."""

    @property
    def decided(self) -> float:
        """Return the share with either."""
        return self.good + self.bad


def chance(
    like: Run,
    target: int,
    objective: Objective,
    seconds: int,
    per_s: float,
    *,
    longer: bool = True,
) -> Chance | None:
    """Return how likely an objective is decided; None for a kind of which nothing is known.

    Args:
        like: the run.
        target: index of the target in it.
        objective: what is to be decided.
        seconds: how long the planned run measures.
        per_s: its requests per second.
        longer: try longer runs, too, where it is too short.
    """
    spans = _spans(like, objective.phase)
    match objective.metric:
        case Quantile(q, of, limit_ns):
            kind = Kind.SERVICE if of == "service" else Kind.RESPONSE
            cells = _Cells.of(like.sample(target, spans, kind))
            if not cells.per_s:
                return None

            def judged(windows: _Windows) -> Word:
                planned = cells.blocks(windows, per_s / cells.per_s)
                return shares.word_on_quantile(planned, q, limit_ns)

        case Share(of, limit):
            by_status = series.statuses(like, target, spans)
            total = sum(by_status.values(), np.zeros(sum(span.seconds for span in spans)))
            if not total.sum():
                return None
            ended = Status.DROPPED if of == "dropped" else Status.OK
            count = by_status.get(ended, np.zeros_like(total))
            events = count if of == "dropped" else total - count
            scale = per_s * len(total) / float(total.sum())

            def judged(windows: _Windows) -> Word:
                sums = [scale * windows.sums(each) for each in (events, total)]
                return shares.decide(sums[0], sums[1], limit, lengths_s=windows.lengths_s).word

        case _:
            return None
    of_like = sum(span.seconds for span in spans)

    def word(rng: np.random.Generator, length: int) -> bool | None:
        found = judged(_Windows.drawn(rng, length, of_like))
        return None if found is Word.UNDECIDED else found is Word.PASS

    return _chance(word, seconds, REPLICATES, longer=longer)


def chance_to_compare(
    like: Run, compare: Compare, seconds: int, per_s: float, *, longer: bool = True
) -> Chance | None:
    """Return how likely a comparison has a word at its headline; None if nothing is known.

    Args:
        like: the run; it has both targets.
        compare: the comparison.
        seconds: how long the planned run measures.
        per_s: its requests per second to each target.
        longer: try longer runs, too, where it is too short.
    """
    spans = [span for span in _spans(like, None) if not span.closed]
    names = (compare.baseline, compare.candidate)
    cells = [_Cells.of(like.sample(like.target_index(name), spans)) for name in names]
    if not all(each.per_s for each in cells):
        return None

    def word(rng: np.random.Generator, length: int) -> bool | None:
        windows = _Windows.drawn(rng, length, cells[0].seconds)
        sides = [each.blocks(windows, per_s / each.per_s) for each in cells]
        (row,), _ = shift.shift(sides[0], sides[1], [compare.headline], paired=True)
        found = word_of(row, compare.margin)
        return None if found is Change.INCONCLUSIVE else found.good

    return _chance(word, seconds, COMPARED, longer=longer)


def _chance(
    word: Callable[[np.random.Generator, int], bool | None],
    seconds: int,
    replicates: int,
    *,
    longer: bool,
) -> Chance:
    """Return how often there is a word, and how long a run would have to be."""

    def tried(times: float) -> tuple[float, float]:
        rng = np.random.default_rng(1)
        words = [word(rng, round(seconds * times)) for _ in range(replicates)]
        return words.count(True) / replicates, words.count(False) / replicates

    good, bad = tried(1)
    if good + bad >= SURE:
        return Chance(good, bad, seconds)
    if not longer or sum(tried(LONGER[-1])) < SURE:
        return Chance(good, bad, None)
    # Longer runs decide more: halved until nothing is between what is too short and what will do.
    short, long = 0, len(LONGER) - 1
    while long - short > 1:
        middle = (short + long) // 2
        short, long = (short, middle) if sum(tried(LONGER[middle])) >= SURE else (middle, long)
    return Chance(good, bad, seconds * LONGER[long])


def _spans(run: Run, phase: str | None) -> list[PhaseSpan]:
    """Return the phases of a run that are like the planned one's: of that name, else all."""
    found = run.measured(phase) or run.measured()
    return [span for span in found if span.seconds]


@dataclass(frozen=True, slots=True, eq=False)
class _Windows:
    """Where the blocks of a planned run lie in the seconds of another, perhaps over its end."""

    start: Ints
    lengths_s: Floats

    @staticmethod
    def drawn(rng: np.random.Generator, length: int, seconds: int) -> "_Windows":
        k = max(1, block_count(length))
        begins = np.arange(k + 1) * length // k
        # Neighbours that the rules do not take for independent come from one stretch.
        stretch = np.arange(k) * min(k, COARSE) // k
        first = np.searchsorted(stretch, stretch)
        drawn = rng.integers(0, seconds, min(k, COARSE))[stretch]
        start = (drawn + begins[:-1] - begins[first]) % seconds
        return _Windows(start, np.diff(begins).astype(np.float64))

    def sums(self, per_second: Floats | Ints) -> Floats:
        """Return the sums over each window, along the last axis."""
        cumulative = np.concatenate(
            [np.zeros((*per_second.shape[:-1], 1)), np.cumsum(per_second, axis=-1)], axis=-1
        )
        return self.between(cumulative)

    def between(self, cumulative: Floats) -> Floats:
        """Return the sums over each window of what was cumulated, with a 0 in front."""
        seconds = cumulative.shape[-1] - 1
        turns, end = np.divmod(self.start + self.lengths_s.astype(np.int64), seconds)
        whole = cumulative[..., -1:]
        return np.asarray(turns * whole + cumulative[..., end] - cumulative[..., self.start])


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """One target's requests by occupied bucket and second, cumulated over the seconds."""

    values_ns: Floats
    cumulative: Floats
    """Shape (B + 1, seconds + 1); the last row is of requests that failed."""

    @property
    def seconds(self) -> int:
        return len(self.cumulative[0]) - 1

    @property
    def per_s(self) -> float:
        return float(self.cumulative[:, -1].sum()) / max(1, self.seconds)

    @staticmethod
    def of(sample: Sample) -> "_Cells":
        occupied, cells = by_bucket(sample, sample.second, sample.seconds)
        counts = np.zeros((len(occupied) + 1, sample.seconds + 1))
        counts[:-1, 1:], counts[-1, 1:] = cells, sample.bad
        return _Cells(bucket_mid_ns(occupied), np.cumsum(counts, axis=1))

    def blocks(self, windows: _Windows, scale: float) -> Blocks:
        sums = scale * windows.between(self.cumulative)
        lengths = windows.lengths_s
        return Blocks(lengths, self.values_ns, np.cumsum(sums[:-1], axis=0), sums.sum(axis=0))
