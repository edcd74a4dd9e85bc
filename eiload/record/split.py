"""Where the time of one target's requests went: lag, blocked, upload, wait, download.

What it knows: the five instants of `sending.result` as counts. What it must not know: how anything
is shown, what is good or bad.

All of it is of the requests that ended OK. A response time is the sum of five times: the
generator's *lag* (due to sent), how long the server kept the request from being sent (*blocked*:
for a connection, for its limit on requests at a time, for a window), the *upload* (first byte to
last), the *wait* for an answer (last byte to the answer's first) and the *download*. Means add up,
so shares are of means; quantiles do not: the request with the slowest upload need not be the one
with the longest wait. Means are exact, quantiles within 0.8 %.

Instants are those of the client's system calls (docs/wire.md says what that leaves out).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eiload.record.facts import PhaseSpan
from eiload.record.intervals import PARTS, Kind
from eiload.record.run import Run
from eiload.record.sample import Sample
from eiload.sending.result import RESENT, WAITED_CONNECTION, WAITED_STREAM, WAITED_WINDOW

__all__ = [
    "NAMES",
    "RESENT",
    "WAITED_CONNECTION",
    "WAITED_STREAM",
    "WAITED_WINDOW",
    "Split",
    "split_of",
]

NAMES: Mapping[Kind, str] = {
    Kind.LAG: "lag",
    Kind.BLOCKED: "blocked",
    Kind.UPLOAD: "upload",
    Kind.WAIT: "wait",
    Kind.DOWNLOAD: "download",
}
"""What each is called, in the order in which they come."""


@dataclass(frozen=True, slots=True)
class Split:
    """The parts of the response times of one target, over some phases."""

    samples: Mapping[Kind, Sample]
    """By each of `NAMES`; as many of each, but for the lag, which is of all that were sent."""
    lag_ns: float
    """Mean lag of the requests that ended OK."""

    @property
    def requests(self) -> int:
        """Return of how many requests the parts are known."""
        return self.samples[Kind.WAIT].good

    def mean_ns(self, kind: Kind) -> float:
        """Return the mean of a part, ns."""
        return self.lag_ns if kind is Kind.LAG else self.samples[kind].mean_ns()

    def share(self, kind: Kind) -> float:
        """Return which share of all time it took, 0..1; NaN when none took any."""
        total = sum(map(self.mean_ns, NAMES))
        return self.mean_ns(kind) / total if total else float("nan")


def split_of(run: Run, target: int, spans: Sequence[PhaseSpan] | None = None) -> Split | None:
    """Return where the time went; None where no client could tell (`grpcio`, older run files).

    Args:
        run: the run.
        target: its index.
        spans: the phases; None means all that are not warm-up.
    """
    samples = {kind: run.sample(target, spans, kind) for kind in NAMES}
    known = samples[Kind.WAIT].good
    if not known:
        return None
    blocked = samples[Kind.BLOCKED]
    samples[Kind.BLOCKED] = _with_zeros(blocked, known - blocked.good)
    response, service = (run.sample(target, spans, kind) for kind in (Kind.RESPONSE, Kind.SERVICE))
    lag_ns = max(0.0, response.mean_ns() - service.mean_ns())
    return Split({kind: samples[kind] for kind in (Kind.LAG, *PARTS)}, lag_ns)


def _with_zeros(sample: Sample, zeros: int) -> Sample:
    """Return a sample with so many requests more that took no time."""
    if zeros <= 0:
        return sample
    return replace(
        sample,
        second=np.append(sample.second, 0),
        bucket=np.append(sample.bucket, 0),
        count=np.append(sample.count, zeros),
        min_ns=0,
    )
