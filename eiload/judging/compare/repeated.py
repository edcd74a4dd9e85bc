"""One scenario, run again and again: each run's ratio is one observation.

What it knows: the same pair of targets in each of several runs. What it must not know: whether the
runs may be compared (`comparable`), files.

Each run attaches anew, so a t-interval over the runs holds whatever varies between them, slow
drift and luck with the host included (Kalibera & Jones, *Rigorous benchmarking in reasonable time*,
ISMM 2013: repeat at the highest level that varies). Measured with 5 runs: docs/statistics.md.

What stands against a verdict in one run (`compare.pair`: wrong answers, an absence, times that
grew) does not vanish in a mean of five: it stands against that of all.
"""

import math
from collections.abc import Sequence

import numpy as np

from eiload.base import wording
from eiload.base.units import format_percentile
from eiload.judging import looks
from eiload.judging.compare.comparable import Named
from eiload.judging.compare.comparison import Change, Comparison, Side, says, word_of
from eiload.judging.compare.pair import POWER_Z, Pair, PairVerdict, obstacle
from eiload.judging.compare.paired import in_one_run, recorded
from eiload.judging.statistics import blocks
from eiload.judging.statistics.shift import Interval, QuantileShift
from eiload.scenario import Compare

__all__ = ["over_runs"]


def over_runs(files: Sequence[Named], how: Compare) -> Comparison:
    """Compare two targets over several runs of one scenario."""
    pairs = [in_one_run(file.run, how, looks.levels_at_end(file.run)) for file in files]
    response = _over_tables([pair.response for pair in pairs])
    row = next(row for row in response if row.q == how.headline)
    baseline = _over_sides([pair.baseline.side for pair in pairs])
    candidate = _over_sides([pair.candidate.side for pair in pairs])
    names = [file.name for file in files]
    word, text = _obstacle(names, pairs) or _of_row(row, pairs, candidate.name, baseline.name)
    each = [recorded(pair) for pair in pairs]
    notes = [
        f"{name}: {note}"
        for name, one in zip(names, each, strict=True)
        for note in (one.statement, *one.notes)
    ]
    return Comparison(
        kind="repeated runs",
        runs=len(files),
        baseline=baseline,
        candidate=candidate,
        headline=how.headline,
        margin=how.margin,
        response=response,
        service=_over_tables([pair.service for pair in pairs]),
        word=word,
        statement=f"{word}: {text}",
        notes=tuple(notes),
    )


# -- the verdict -----------------------------------------------------------------------------------


def _obstacle(names: Sequence[str], pairs: Sequence[Pair]) -> PairVerdict | None:
    """Return the word where in some run a ratio of times is not the question; None elsewhere."""
    found = {
        name: said for name, pair in zip(names, pairs, strict=True) if (said := obstacle(pair))
    }
    if not found:
        return None
    words = {word for word, _ in found.values()}
    text = "; ".join(f"{name}: {text}" for name, (_, text) in found.items())
    if Change.UNAVAILABLE in words:
        return Change.UNAVAILABLE, text
    # That it did not keep up in one of five runs is no claim about all.
    bad = words == {Change.INCREASE} and len(found) == len(pairs)
    return Change.INCREASE if bad else Change.INCONCLUSIVE, text


def _of_row(
    row: QuantileShift, pairs: Sequence[Pair], candidate: str, baseline: str
) -> PairVerdict:
    """Return the word on the headline's ratio over runs and what is said after it."""
    if row.ratio is None:
        what = f" needs about {wording.count(row.needs)} requests in each run" if row.needs else ""
        return (
            Change.INCONCLUSIVE,
            f"{format_percentile(row.q)}{what or ' failed in some run'}",
        )
    margin = pairs[0].how.margin
    word = word_of(row, margin)
    text = f"{says(row, candidate, baseline)}, margin {wording.share(margin)}"
    if word.good and any(pair.closed for pair in pairs):
        return Change.INCONCLUSIVE, f"{text}, but a closed loop flatters a slow server"
    if word is Change.INCONCLUSIVE:
        text += f"; {_more_runs(row.ratio, margin, len(pairs))}"
    return word, text


def _more_runs(ratio: Interval, margin: float, runs: int) -> str:
    """Return how many runs might answer the question; see `compare.pair`'s forecast."""
    theta = math.log(ratio.value)
    error = math.log(ratio.high / ratio.low) / 2 / blocks.t_quantile(0.975, runs - 1)
    distance = max(theta, math.log1p(margin) - theta)
    needs = math.ceil(runs * (POWER_Z * error / distance) ** 2)
    return f"at least {wording.count(max(1, needs - runs), 'more run')}"


# -- rows and sides over runs ----------------------------------------------------------------------


def _over_tables(tables: Sequence[Sequence[QuantileShift]]) -> tuple[QuantileShift, ...]:
    """Return each quantile's row over runs: means over runs, with t-intervals."""
    return tuple(_over_rows(rows) for rows in zip(*tables, strict=True))


def _over_rows(rows: Sequence[QuantileShift]) -> QuantileShift:
    ratios = [row.ratio.value for row in rows if row.ratio is not None]
    needs = max((row.needs or 0 for row in rows), default=0)
    if len(ratios) < len(rows) or not all(0 < ratio < math.inf for ratio in ratios):
        return QuantileShift(rows[0].q, None, None, None, None, needs or None)
    differences = [row.difference_ns.value for row in rows if row.difference_ns is not None]
    baseline = _geometric([row.baseline_ns for row in rows])
    candidate = _geometric([row.candidate_ns for row in rows])
    return QuantileShift(
        rows[0].q,
        baseline.value,
        candidate.value,
        _geometric(ratios),
        _t_interval(differences),
        baseline_within_ns=baseline,
        candidate_within_ns=candidate,
    )


def _t_interval(values: Sequence[float]) -> Interval:
    mean = float(np.mean(values))
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    margin = blocks.t_quantile(0.975, len(values) - 1) * error
    return Interval(mean, mean - margin, mean + margin)


def _geometric(values: Sequence[float | None]) -> Interval:
    """Return the geometric mean of values, none of which is 0, with its interval over runs."""
    logs = _t_interval([math.log(value) for value in values if value])
    return Interval(math.exp(logs.value), math.exp(logs.low), math.exp(logs.high))


def _over_sides(sides: Sequence[Side]) -> Side:
    firsts = [side.first_inference_ns for side in sides if side.first_inference_ns is not None]
    return Side(
        sides[0].name,
        ", ".join(dict.fromkeys(side.address for side in sides)),
        sum(side.requests for side in sides),
        sum(side.good for side in sides),
        float(np.mean([side.throughput_per_s for side in sides])),
        round(np.median(firsts)) if firsts else None,
        any(side.emulated for side in sides),
        float(np.mean([side.lag_p50_ns for side in sides])),
        float(np.mean([side.lag_p99_ns for side in sides])),
        parts_ns={
            name: float(np.mean([side.parts_ns[name] for side in sides]))
            for name in sides[0].parts_ns
            if all(name in side.parts_ns for side in sides)
        },
    )
