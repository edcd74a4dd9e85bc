"""Which comparison do these run files ask for? One run, two runs, or five and more.

What it knows: finished runs, targets by name. What it must not know: where the files are, options.

*Separate runs* share no instants, so nothing that disturbed both cancels: blocks are resampled with
independent weights, and it takes about ten times as long to see as much as in one run. *Repeated
runs* (`repeated`) are the only way to a claim about the kind of machine. What must not be compared
is refused in one line that names the field (`comparable`).

A run may have ended as soon as its objectives were decided (`looks`). One that was is judged by its
looks here as anywhere; two are compared as surely as the stricter one's last look demands.
"""

from collections.abc import Mapping, Sequence

from eiload.base.errors import ScenarioError
from eiload.judging import health, looks
from eiload.judging.compare.by_phase import with_phases
from eiload.judging.compare.comparable import Named, refuse, refuse_versions
from eiload.judging.compare.comparison import Change, Comparison
from eiload.judging.compare.pair import Compared, pair_of, several_versions, uneven, verdict
from eiload.judging.compare.repeated import over_runs
from eiload.judging.statistics import shift
from eiload.scenario import Compare

__all__ = ["LEAST_REPEATS", "compare_runs"]

LEAST_REPEATS = 5
"""Runs of one scenario for an interval over runs: with 3 it would be twice as wide."""


Overrides = Mapping[str, float]
"""Fields of `Compare` by name, and what they are to be instead."""


def compare_runs(
    files: Sequence[Named],
    *,
    baseline: str | None = None,
    candidate: str | None = None,
    headline: float | None = None,
    margin: float | None = None,
    allow_different_seed: bool = False,
    allow_different_versions: bool = False,
) -> Comparison:
    """Compare what is in several run files.

    Two runs of one target each, or of the targets named: the first run's against the second's.
    Otherwise runs of one scenario with two targets: one is judged as it is, 5 or more together.

    Args:
        files: the runs.
        baseline: the target of the first run, or of each repeated one; None if it has one only, or
            `compare:`.
        candidate: that of the second run, or of each repeated one.
        headline: the quantile that the verdict is on; None for that of `compare:` or its default.
        margin: the increase, a share, below which it does not matter; None likewise.
        allow_different_seed: other instants and payloads from the same plan are no obstacle.
        allow_different_versions: other versions of the same model are no obstacle.

    Raises:
        ScenarioError: these must not be compared; one line that names what stands against it.
    """
    if not files:
        raise ScenarioError("no run files; expected two, or one with `compare:`")
    for file in files:
        validity = health.check(file.run)
        if not validity.valid:
            raise ScenarioError(
                f"{file.name}: an invalid run cannot be compared: {validity.reasons[0]}"
            )
    asked = {"headline": headline, "margin": margin}
    overrides = {name: value for name, value in asked.items() if value is not None}
    named = baseline is not None or candidate is not None
    if len(files) == 1:
        run = files[0].run
        return looks.comparison(run, how=_how(files[0], baseline, candidate, overrides))
    if len(files) == 2 and (named or any(len(file.run.targets) == 1 for file in files)):
        refuse(files, ("traffic", "payload"), allow_different_seed=allow_different_seed)
        return _separate(files, baseline, candidate, overrides, allow=allow_different_versions)
    if len(files) < LEAST_REPEATS:
        raise ScenarioError(
            f"{len(files)} repeated runs; expected at least {LEAST_REPEATS},"
            " or two runs and the names of their targets"
        )
    fields = ("traffic", "payload", "targets", "compare")
    refuse(files, fields, allow_different_seed=allow_different_seed)
    if not allow_different_versions:
        for file in files[1:]:
            for name in file.run.scenario.targets:
                refuse_versions(_of(files[0], name), _of(file, name))
    return over_runs(files, _how(files[0], baseline, candidate, overrides))


def _how(file: Named, baseline: str | None, candidate: str | None, overrides: Overrides) -> Compare:
    """Return how to compare two targets of one run: its `compare:`, but for what is asked.

    Raises:
        ScenarioError: no two targets are named.
    """
    said = file.run.scenario.compare
    one = baseline or (said.baseline if said else None)
    other = candidate or (said.candidate if said else None)
    if one is None or other is None:
        raise ScenarioError(
            f"{file.name}: has no `compare:`; expected a second run file or the names of two"
            " targets"
        )
    for name in (one, other):
        _index(file, name)
    if one == other:
        raise ScenarioError(f"{file.name}: {one!r} with itself; expected two targets of the run")
    return (said or Compare(baseline=one, candidate=other)).model_copy(
        update={"baseline": one, "candidate": other, **overrides}
    )


def _of(file: Named, name: str | None) -> tuple[Named, int]:
    return file, _index(file, name)


def _separate(
    files: Sequence[Named],
    baseline: str | None,
    candidate: str | None,
    overrides: Overrides,
    *,
    allow: bool,
) -> Comparison:
    one, other = _of(files[0], baseline), _of(files[1], candidate)
    if not allow:
        refuse_versions(one, other)
    first, second = (
        Compared.of(file.run, index, _called(file, index)) for file, index in (one, other)
    )
    said = (file.run.scenario.compare for file in files)
    how = next(filter(None, said), Compare(baseline="baseline", candidate="candidate"))
    how = how.model_copy(update=dict(overrides))
    levels = [looks.levels_at_end(file.run) for file in files]
    pair = pair_of(first, second, how, max(levels, key=lambda each: each.ratio))
    notes = ["separate runs share no instants: what disturbed one and not the other counts"]
    if lagging := uneven(pair):
        notes.append(lagging)
    notes += several_versions(pair)
    result = verdict(pair)
    if result[0] is Change.INCREASE and shift.near_saturation(second.cut):
        notes.append(f"{second.name} is near saturation: the increase's size is understated")
    return with_phases(pair.record("separate runs", result, notes), pair)


def _called(file: Named, index: int) -> str:
    return f"{file.run.targets[index].name} ({file.name})"


def _index(file: Named, name: str | None) -> int:
    """Return the index of the target that is meant in a run.

    Raises:
        ScenarioError: there is no such target, or none is meant.
    """
    names = list(file.run.scenario.targets)
    if name is None and len(names) == 1:
        return 0
    if name is None:
        raise ScenarioError(
            f"{file.name}: has several targets; expected one to be named of {', '.join(names)}"
        )
    if name not in names:
        raise ScenarioError(
            f"{file.name}: has no target {name!r}; expected one of {', '.join(names)}"
        )
    return file.run.target_index(name)
