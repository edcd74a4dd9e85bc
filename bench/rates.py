"""What simulated runs add up to: rates of right and wrong words, in per cent.

Pure: numbers of runs in, tallies and Markdown out. What is simulated and judged is `statistics`'.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from eiload.judging.compare.comparison import Change, word_of
from eiload.judging.statistics import blocks, shares
from eiload.judging.statistics.cut import MAX_BLOCKS, block_count
from eiload.judging.statistics.means import rate_limits
from eiload.judging.statistics.shares import Word
from eiload.judging.statistics.shift import Interval, QuantileShift

__all__ = [
    "INCREASES",
    "MARGIN",
    "REPEATS",
    "Tally",
    "by_worth",
    "comparison",
    "errors",
    "finite",
    "mechanism",
    "objective",
    "repeated",
    "table",
    "throughputs",
]

Tally = dict[str, float]
"""What was counted over runs, by name, as a rule in per cent."""

MARGIN = 0.10
WORTHS = (0, 12, 24, 36, 42, 48, 54, 57, MAX_BLOCKS)
INCREASES = (1.05, 1.10, 1.20)
REPEATS = 5


LENGTH_LAWS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "one": lambda _, count: np.ones(count),
    "exponential": lambda rng, count: rng.standard_exponential(count),
    "lognormal": lambda rng, count: rng.lognormal(-0.5, 1, count),
}
"""How long bursts are, in means."""


def _words(cell: dict[str, np.ndarray], factor: float) -> list[Change]:
    """Return the word of each run if the candidate were `factor` times slower at every quantile."""
    move = math.log(factor)
    return [
        word_of(QuantileShift(0.5, 1.0, 1.0, _moved(theta, low, high, move), None), MARGIN)
        for theta, low, high in zip(cell["theta"], cell["low"], cell["high"], strict=True)
    ]


def _moved(theta: float, low: float, high: float, move: float) -> Interval | None:
    if math.isnan(theta):
        return None
    return Interval(math.exp(theta + move), math.exp(low + move), math.exp(high + move))


def comparison(cell: dict[str, np.ndarray]) -> Tally:
    """Return the rates of a cell of equal targets, in per cent of all runs."""
    equal, at_margin = _words(cell, 1.0), _words(cell, 1 + MARGIN)
    judged = cell["judged"] > 0
    outside = judged & ((cell["low"] > 0) | (cell["high"] < 0))
    width = (cell["high"] - cell["low"])[judged] / 2
    rates = {
        "runs": float(len(judged)),
        "judged": _percent(judged),
        "half-width": float(np.median(width)) * 100 if len(width) else math.nan,
        "miss": _percent(outside),
        "false increase": _percent([w in _INCREASES for w in equal]),
        "false pass": _percent([w.good for w in at_margin]),
        "no increase": _percent([w.good for w in equal]),
        "drift": _percent(cell["drift"] > 0),
    }
    for factor in INCREASES:
        seen = [w in _INCREASES for w in _words(cell, factor)]
        rates[f"+{round((factor - 1) * 100)} %"] = _percent(seen)
    return rates


_INCREASES = (Change.INCREASE, Change.WITHIN_MARGIN)
"""Words that say the candidate is slower."""


def mechanism(cell: dict[str, np.ndarray], ratio: float) -> Tally:
    """Return the rates of a cell whose candidate truly differs, in per cent of all runs."""
    judged, true = cell["judged"] > 0, math.log(ratio)
    words = _words(cell, 1.0)
    return {
        "runs": float(len(judged)),
        "true": (ratio - 1) * 100,
        "judged": _percent(judged),
        "below": _percent(judged & (cell["low"] > true)),
        "above": _percent(judged & (cell["high"] < true)),
        "increase": _percent([w in _INCREASES for w in words]),
        "passes": _percent([w.good for w in words]),
    }


def repeated(cell: dict[str, np.ndarray]) -> Tally:
    """Return how often the t-interval over five runs misses, in per cent of the groups."""
    theta = cell["theta"]
    groups = theta[: len(theta) // REPEATS * REPEATS].reshape(-1, REPEATS)
    groups = groups[~np.isnan(groups).any(axis=1)]
    if len(groups) < 20:
        return {"runs": float(len(groups))}
    mean = groups.mean(axis=1)
    half = blocks.t_quantile(0.975, REPEATS - 1) * groups.std(axis=1, ddof=1) / math.sqrt(REPEATS)
    return {
        "runs": float(len(groups)),
        "half-width": float(np.median(half)) * 100,
        "false increase": _percent(mean - half > 0),
        "false decrease": _percent(mean + half < 0),
    }


def objective(cell: dict[str, np.ndarray]) -> Tally:
    """Return the rates of a cell of objectives, in per cent of all runs."""
    rates = {"runs": float(len(cell["pass"]))}
    return rates | {name: _percent(v > 0) for name, v in cell.items() if name != "worth"}


def by_worth(cells: Sequence[dict[str, np.ndarray]]) -> list[tuple[str, Tally]]:
    """Return the rates of all cells of objectives, runs together whose blocks are as unequal.

    K blocks of n_k requests are worth n^2 / sum of n_k^2 equal ones (Kish's effective size).
    """
    if not cells:
        return []
    worth, passed, failed = (
        np.concatenate([cell[name] for cell in cells]) for name in ("worth", "pass", "fail")
    )
    found = []
    for low, high in itertools.pairwise(WORTHS):
        within = (worth > low) & (worth <= high)
        if within.any():
            rates = {"pass": _percent(passed[within] > 0), "fail": _percent(failed[within] > 0)}
            found.append((f"{low} to {high}", {"runs": float(within.sum()), **rates}))
    return found


def _percent(hits: Sequence[bool] | np.ndarray) -> float:
    return 100 * float(np.mean(hits)) if len(hits) else math.nan


BURSTS_S = (0, 1, 5)
"""How long failures last that come together; 0: one by one."""
EPISODES = (3, 6, 10, 20, 40)
"""Bursts of failures that are expected in a run, of lengths that differ."""
ERROR_LIMITS = (0.001, 0.01, 0.05)
ERROR_RATE = 20


def errors(runs: int) -> list[tuple[str, Tally]]:
    """Return how often `errors < limit` is judged wrongly when the limit is the truth."""
    rng = np.random.default_rng(1)
    found = []
    for length in (300, 900):
        for limit in ERROR_LIMITS:
            for burst in BURSTS_S:
                how = f"in bursts of {burst} s" if burst else "one by one"
                name = f"{length} s at {ERROR_RATE}/s, {limit * 100:g} %, {how}"
                n, size = length * ERROR_RATE, max(1, burst * ERROR_RATE)
                found.append((name, _errors(rng, runs, n, limit, size)))
    for law in LENGTH_LAWS:
        for expected in EPISODES:
            for part in (1.0, 2.0, 4.0):
                at = f"1/{part:g} of the limit" if part > 1 else "at the limit"
                name = f"{expected} bursts expected at the limit, {law} lengths, {at}"
                found.append((name, _bursts(rng, runs, expected, part, law)))
    return found


def _bursts(rng: np.random.Generator, runs: int, expected: int, part: float, law: str) -> Tally:
    """Return the rates for 900 s with bursts of 2 s in the mean; a `part`-th of what is allowed."""
    seconds, size_s, k = 900, 2.0, MAX_BLOCKS
    limit, words = expected * size_s / seconds, []
    for _ in range(runs):
        count = rng.poisson(expected / part)
        begin = rng.uniform(0, seconds, count)
        end = np.minimum(begin + size_s * LENGTH_LAWS[law](rng, count), seconds)
        edges = np.arange(k + 1) * seconds / k
        within = np.clip(edges[:, None], begin, end).sum(axis=1)
        events = np.round(np.diff(within) * ERROR_RATE)
        totals = np.full(k, seconds * ERROR_RATE / k)
        words.append(shares.decide(np.minimum(events, totals), totals, limit).word)
    return {
        "episodes": expected / part,
        "pass": _percent([word is Word.PASS for word in words]),
        "fail": _percent([word is Word.FAIL for word in words]),
    }


def _errors(rng: np.random.Generator, runs: int, n: int, limit: float, size: int) -> Tally:
    """Return the rates for runs of `n` requests that fail `size` at a time."""
    words = []
    k = MAX_BLOCKS
    for _ in range(runs):
        totals = rng.poisson(n / k, k).astype(np.float64)
        episodes = np.bincount(rng.integers(0, k, rng.poisson(n * limit / size)), minlength=k)
        words.append(shares.decide(np.minimum(episodes * float(size), totals), totals, limit).word)
    return {
        "episodes": n * limit / size,
        "pass": _percent([word is Word.PASS for word in words]),
        "fail": _percent([word is Word.FAIL for word in words]),
    }


def throughputs(runs: int) -> list[tuple[str, Tally]]:
    """Return how often `throughput > limit` is judged wrongly when the limit is the truth."""
    rng = np.random.default_rng(1)
    found = []
    for length in (60, 300, 900):
        for rate in (2, 20):
            k = block_count(length)
            lengths = np.full(k, length / k)
            answers = rng.poisson(rate * length / k, (runs, k)).astype(np.float64)
            limits = np.array([rate_limits(each, lengths) for each in answers])
            tally = {
                "pass": _percent(limits[:, 0] > rate),
                "fail": _percent(limits[:, 1] < rate),
            }
            found.append((f"{length} s at {rate}/s", tally))
    return found


def table(title: str, head: Sequence[str], rows: Iterable[tuple[str, Tally]]) -> str:
    """Return a Markdown table of tallies, a row each; nothing when there are none."""
    rows = list(rows)
    if not rows:
        return ""
    lines = [f"### {title}", "", f"| cell | {' | '.join(head)} |", "|---" * (len(head) + 1) + "|"]
    for name, tally in rows:
        cells = [f"{tally[key]:.1f}" if key in tally else "-" for key in head]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def finite(tally: Tally) -> dict[str, float | None]:
    """Return a tally fit for JSON, which has no NaN."""
    return {name: value if math.isfinite(value) else None for name, value in tally.items()}
