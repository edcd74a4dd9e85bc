"""Laws of time: where the emulated computing times and round trips come from.

A law is asked for one time after another and answers in whole ns. Its randomness is a numpy
generator that it is given and shares with nobody, so one random dimension (computing, round trips,
stalls, faults) never shifts another. Draws are made in chunks: one at a time would cost more than
the rest of an emulated request.

Lognormal by its median m and its 99th percentile p: ln X is normal with mean ln m and standard
deviation ln(p / m) / z, where z = 2.326... is the standard normal's 99th percentile. Gamma by its
mean and its coefficient of variation c: shape 1 / c^2, scale mean c^2.
"""

import csv
from collections.abc import Callable
from math import log
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from eiload.base.errors import ScenarioError
from eiload.base.units import parse_duration
from eiload.scenario.standin import (
    LONGEST_NS,
    Constant,
    Empirical,
    Gamma,
    LogNormal,
    Stalls,
)

__all__ = ["Draw", "Gaps", "law", "times_of"]

CHUNK = 1024
"""Draws made at once."""

Z99 = NormalDist().inv_cdf(0.99)

Draw = Callable[[], float]
"""Gives the next time of a law, ns."""


def law(settings: Constant | LogNormal | Gamma | Empirical, seed: int) -> Draw:
    """Return the source of times that `settings` describes.

    Raises:
        ScenarioError: the empirical law's file is not a list of durations.
    """
    if isinstance(settings, Constant):
        constant_ns = float(settings.constant_ns)
        return lambda: constant_ns
    rng = np.random.default_rng(seed)
    if isinstance(settings, LogNormal):
        mu = log(settings.median_ns)
        sigma = log(settings.p99_ns / settings.median_ns) / Z99
        return _chunked(lambda: rng.lognormal(mu, sigma, CHUNK))
    if isinstance(settings, Gamma):
        shape = settings.cv**-2
        scale = settings.mean_ns / shape
        return _chunked(lambda: rng.gamma(shape, scale, CHUNK))
    times = times_of(settings.csv)
    return _chunked(lambda: rng.choice(times, CHUNK))


class Gaps:
    """Spans of standstill, in order and without end: (beginning, end) in ns.

    The first gap to a beginning, and each from an end to the next beginning, are exponential.
    """

    def __init__(self, settings: Stalls, origin_ns: int, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._every_ns = settings.every_ns
        self._for_ns = settings.for_ns
        self._end_ns = origin_ns

    def next(self) -> tuple[int, int]:
        """Return the next span."""
        begin_ns = self._end_ns + int(self._rng.exponential(self._every_ns))
        self._end_ns = begin_ns + self._for_ns
        return begin_ns, self._end_ns


def times_of(path: Path) -> NDArray[np.float64]:
    """Return the durations in a file, ns: its first column, a bare number being ms.

    A first line that is no duration is taken for a heading; empty lines and those that begin with
    ``#`` are skipped.

    Raises:
        ScenarioError: a line is not a duration, or there is none.
    """
    times: list[float] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            cells = [row[0].strip() for row in csv.reader(file) if row]
        cells = [cell for cell in cells if cell and not cell.startswith("#")]
        for index, cell in enumerate(cells):
            try:
                times.append(_time_ns(cell))
            except ValueError as error:
                if index or not cell[0].isalpha() or cell.lower() in {"nan", "inf"}:
                    raise ScenarioError(f"{path}: {error}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScenarioError(f"{path}: expected a CSV file of durations: {error}") from None
    if not times:
        raise ScenarioError(f"{path}: expected at least one duration, such as 12.5 ms")
    return np.array(times)


def _time_ns(cell: str) -> float:
    try:
        time_ns = float(cell) * 1e6
    except ValueError:
        time_ns = float(parse_duration(cell))
    if not 0 <= time_ns <= LONGEST_NS:
        raise ValueError(f"expected a duration of 0 s to 24 h, got {cell!r}")
    return time_ns


def _chunked(draws: Callable[[], NDArray[np.float64]]) -> Draw:
    """Return a source of single draws, made a chunk at a time."""
    left: list[float] = []

    def draw() -> float:
        if not left:
            # The tail of a law must not overflow an int64.
            left.extend(np.minimum(draws(), LONGEST_NS).tolist()[::-1])
        return left.pop()

    return draw
