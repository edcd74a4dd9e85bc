"""How the counters of one source grew between its readings; restarts, and several servers in one.

What it knows: counters only grow. What it must not know: what is counted. Pure.

A counter that falls, or is not there any more, began anew: its server was restarted. What was
counted between the reading before and the restart is lost, and that is said; nothing is clamped to
zero in silence. A counter that falls and is soon back above where it was did not begin anew:
several servers answer behind one address, and a difference of two readings is of nothing. Then
nothing is computed at all.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from eiload.base.clock import NS_PER_S
from eiload.record.observed import Floats, Labels, Series, Source

__all__ = ["SLOW_S", "Growth", "Window", "is_counter"]

COUNTERS = ("requests", "graph_runs", "host_cpu_s", "gpu_energy_j")
"""Names of counters, beside those of histograms' counts."""

SLOW_S = 5.0
"""A source that says something new so seldom is told: a short phase has no reading of its own."""

BACK_WITHIN = 5
"""Readings within which another server's turn comes again."""


UNSTEADY = ("idle", "iowait")
"""Modes of CPU time that may fall without a restart (proc(5), /proc/stat)."""


def is_counter(name: str, labels: Labels) -> bool:
    """Tell whether a number only grows while its server lives."""
    if dict(labels).get("mode") in UNSTEADY:
        return False
    return name in COUNTERS or name.endswith("_count")


@dataclass(frozen=True, slots=True)
class Window:
    """From one reading to another: what grew between them lies between their instants."""

    first: int
    last: int


@dataclass(frozen=True, slots=True, eq=False)
class Growth:
    """How the counters of a source grew."""

    source: Source
    restarts: tuple[int, ...] = ()
    """Readings that were the first after a restart."""
    several: bool = False
    """Several servers answer in turn."""
    at_s: Floats = field(default_factory=lambda: np.empty(0))
    """When each reading was, s from the start of the load, shape (readings,)."""
    kept: dict[int, Floats] = field(default_factory=dict)
    """Steps that were asked for, by which of the source's series: many windows ask for the same."""

    @staticmethod
    def of(source: Source) -> "Growth":
        """Look at the counters of a source."""
        counted = [
            each.values(source.readings)
            for each in source.series
            if is_counter(each.name, each.labels)
        ]
        at_s = np.asarray(source.at_ns, np.float64) / NS_PER_S
        if not counted or source.readings < 2:
            return Growth(source, at_s=at_s)
        known = np.nan_to_num(np.stack(counted), nan=0.0)
        fell = np.flatnonzero((np.diff(known, axis=1) < 0).any(axis=0)) + 1
        total = known.sum(axis=0)
        back = [at for at in fell if _is_back(total, int(at))]
        several = len(back) > 1
        restarts = () if several else tuple(int(at) for at in fell)
        return Growth(source, restarts, several, at_s)

    def steps(self, series: Series) -> Floats:
        """Return by how much a counter grew up to each reading from the one before.

        Shape (readings,); 0 at the first. After a restart it is what was counted since then.
        """
        known = self.kept.get(id(series))
        if known is None:
            known = self.kept[id(series)] = self._steps(series)
        return known

    def _steps(self, series: Series) -> Floats:
        values = np.nan_to_num(series.values(self.source.readings), nan=0.0)
        found = np.diff(values, prepend=values[:1])
        for at in self.restarts:
            found[at] = values[at]
        return np.maximum(found, 0.0)

    def grown(self, series: Series, window: Window) -> float:
        """Return by how much a counter grew in a window."""
        return float(self.steps(series)[window.first + 1 : window.last + 1].sum())

    def window(self, start_s: float, end_s: float, *, whole: bool = False) -> Window | None:
        """Return the window around a stretch of time; None where there are no two readings.

        From the last reading before it (the first, if there is none) to the first after it.

        Args:
            start_s: where it begins, s from the start of the load.
            end_s: where it ends.
            whole: nothing comes after it, so the last reading of all is its end: what was under way
                when it ended counts.
        """
        if self.several or len(self.at_s) < 2:
            return None
        first = max(0, int(np.searchsorted(self.at_s, start_s, side="right")) - 1)
        last = len(self.at_s) - 1
        if not whole:
            last = min(last, int(np.searchsorted(self.at_s, end_s, side="left")))
        return Window(first, last) if last > first else None

    def restarted_s(self, window: Window) -> list[tuple[float, float]]:
        """Return between which instants the server was restarted within a window, s."""
        within = [at for at in self.restarts if window.first < at <= window.last]
        return [(float(self.at_s[at - 1]), float(self.at_s[at])) for at in within]

    def at(self, series: Series, instant_s: float) -> float:
        """Return how much a counter has grown from the first reading up to an instant.

        Between two readings it is taken to grow evenly.
        """
        return float(np.interp(instant_s, self.at_s, np.cumsum(self.steps(series))))

    @property
    def update_s(self) -> float | None:
        """Return how often the source says something new, s; None where it never did."""
        if not self.source.changed or len(self.at_s) < 2:
            return None
        return float(self.at_s[-1] - self.at_s[0]) / self.source.changed

    @property
    def fresh(self) -> NDArray[np.bool_]:
        """Return which readings are of their own, shape (readings,).

        All of them, but of a source that says something new seldom: whoever reads it more often
        reads the same again, which is no further evidence of anything.
        """
        found = np.ones(len(self.at_s), np.bool_)
        never = self.source.kind == "dcgm" and not self.source.changed
        if never or (self.update_s or 0.0) >= SLOW_S:
            found[1:] = False
            for series in self.source.series:
                found[[at for at, _ in series.changes]] = True
        return found


def _is_back(total: Floats, at: int) -> bool:
    """Tell whether a counter that fell at a reading is soon, and by a jump, where it was."""
    before, drop = total[at - 1], total[at - 1] - total[at]
    if drop <= 0:
        return False
    later = total[at : at + BACK_WITHIN + 1]
    jumps = np.diff(later)
    return bool(((later[1:] >= before) & (jumps >= drop / 2)).any())
