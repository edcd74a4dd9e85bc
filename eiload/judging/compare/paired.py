"""Is the candidate slower than the baseline? Two targets of one run, and one verdict.

What it knows: a run in which two targets got the same requests at the same instants. What it must
not know: reports, exit status, other runs (`files`).

Procedure (docs/statistics.md, "Comparisons", with its error rates measured by simulation): the
ratio of quantiles with a confidence interval from blocks of time that both targets shared
(`shift`), then words (`pair`, `comparison`). The verdict is on one quantile, named beforehand; the
other rows are to be read, and reading five of them at 95 % shows an "increase" somewhere in 6-13 %
of equal pairs. A request that failed is slower than everything.

What one run cannot know: a slow drift of one target looks like a difference. A claim about the
kind of machine, and not this pair in this run, takes five runs with a fresh attachment each.
"""

from collections.abc import Iterator

from eiload.base import wording
from eiload.base.units import format_percentile
from eiload.judging import agreement, health
from eiload.judging.compare.by_phase import with_phases
from eiload.judging.compare.comparison import Change, Comparison
from eiload.judging.compare.pair import Compared, Pair, pair_of, several_versions, uneven, verdict
from eiload.judging.statistics import shift
from eiload.judging.statistics.levels import FIXED, Levels
from eiload.record.run import Run
from eiload.scenario import Compare

__all__ = ["compare", "in_one_run", "recorded"]


def compare(run: Run, how: Compare | None = None, levels: Levels = FIXED) -> Comparison:
    """Compare two targets of one run.

    Args:
        run: whose targets got the same requests at the same instants.
        how: which ones and how; None means the scenario's own `compare:`.
        levels: how sure the words must be; of one of several looks, higher ones.

    Raises:
        ValueError: the scenario has no `compare:` and none is given.
    """
    how = run.scenario.compare if how is None else how
    if how is None:
        raise ValueError("nothing to compare: the scenario has no `compare:`")
    pair = in_one_run(run, how, levels)
    return with_phases(recorded(pair), pair)


def in_one_run(run: Run, how: Compare, levels: Levels = FIXED) -> Pair:
    """Return two targets of one run, paired."""
    baseline, candidate = (run.target_index(name) for name in (how.baseline, how.candidate))
    return pair_of(Compared.of(run, baseline), Compared.of(run, candidate), how, levels)


def recorded(pair: Pair) -> Comparison:
    """Return the comparison of two targets of one run, with its verdict and notes."""
    said = verdict(pair)
    return pair.record("paired", said, [*_notes(pair, said[0])])


def _notes(pair: Pair, word: Change) -> Iterator[str]:
    """Yield what is said beside the verdict."""
    run, spans = pair.candidate.run, pair.candidate.spans
    names = {part.name for part in pair.parts}
    if any({*twins} == names for twins in health.twins(run)):
        yield (
            "an A/A run: both are the same server; anything but 'no increase' and 'inconclusive'"
            " is a false alarm, of which about 5 in 100 runs are to be expected"
        )
    if drifting := shift.drifts(pair.baseline.cut, pair.candidate.cut, paired=True):
        at = " and ".join(map(format_percentile, drifting))
        yield f"unstable: the ratio at {at} changed between the halves of the run"
    if lagging := uneven(pair):
        yield lagging
    yield from several_versions(pair)
    if word is Change.INCREASE and shift.near_saturation(pair.candidate.cut):
        name = pair.candidate.name
        yield f"{name} is near saturation: an increase is real, its size understated"
    if left_out := [span.name for span in run.measured() if span not in spans]:
        yield f"closed-loop phases are left out: {', '.join(left_out)}"
    found = agreement.find(run)
    if found and found.share < 1:
        yield f"{wording.share(1 - found.share)} of the compared answers differ"
