"""Comparisons between run files: two separate runs, or one scenario run again and again.

What it knows: finished runs, and what makes them comparable. What it must not know: files, options.

*Separate runs* share no instants, so nothing that disturbed both cancels: blocks are resampled with
independent weights, and it takes about ten times as long to see as much as in one run.

*Repeated runs* are the only way to a claim about the kind of machine: each run attaches anew, and
its ratio is one observation; a t-interval over the runs holds whatever varies between them, slow
drift and luck with the host included (Kalibera & Jones, *Rigorous benchmarking in reasonable time*,
ISMM 2013: repeat at the highest level that varies). Measured with 5 runs: docs/statistics.md.

What must not be compared is refused in one line that names the field: other traffic, other
payloads, another seed (unless asked for), an invalid run, the same run twice.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np

from eiload import blocks, health, shift, wording
from eiload.blocks import Blocks
from eiload.compare import POWER_Z, compare, spans_of
from eiload.comparison import Comparison, Outcome, Side, outcome_of, says, side_of
from eiload.errors import ScenarioError
from eiload.recorder import Kind
from eiload.run import Run
from eiload.scenario import Compare
from eiload.shift import Interval, Row

__all__ = ["LEAST_REPEATS", "Named", "compare_runs"]

LEAST_REPEATS = 5
"""Runs of one scenario for an interval over runs: with 3 it would be twice as wide."""


class Named(NamedTuple):
    """A run and what to call it, as a rule its file."""

    name: str
    run: Run


def compare_runs(
    files: Sequence[Named],
    *,
    baseline: str | None = None,
    candidate: str | None = None,
    allow_different_seed: bool = False,
) -> Comparison:
    """Compare what is in several run files.

    Two runs of one target each, or of the targets named: the first run's against the second's.
    Otherwise runs of one scenario with two targets: one is judged as it is, 5 or more together.

    Args:
        files: the runs.
        baseline: the target of the first run; None if it has one only, or `compare:`.
        candidate: that of the second run.
        allow_different_seed: other instants and payloads from the same plan are no obstacle.

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
    if len(files) == 1 and files[0].run.scenario.compare is not None:
        return compare(files[0].run)
    if len(files) == 1:
        raise ScenarioError(f"{files[0].name}: has no `compare:`; expected a second run file")
    named = baseline is not None or candidate is not None
    if len(files) == 2 and (named or any(len(file.run.targets) == 1 for file in files)):
        _refuse(files, ("traffic", "payload"), allow_different_seed=allow_different_seed)
        return _separate(files, baseline, candidate)
    if len(files) < LEAST_REPEATS:
        raise ScenarioError(
            f"{len(files)} repeated runs; expected at least {LEAST_REPEATS},"
            " or two runs and the names of their targets"
        )
    fields = ("traffic", "payload", "targets", "compare")
    _refuse(files, fields, allow_different_seed=allow_different_seed)
    if files[0].run.scenario.compare is None:
        raise ScenarioError(f"{files[0].name}: has no `compare:`; expected runs of two targets")
    return _repeated(files, files[0].run.scenario.compare)


# -- two runs --------------------------------------------------------------------------------------


def _separate(files: Sequence[Named], baseline: str | None, candidate: str | None) -> Comparison:
    indices = [_index(file, name) for file, name in zip(files, (baseline, candidate), strict=True)]
    how = _how(files)
    spans = [spans_of(file.run) for file in files]
    sides = [
        _renamed(side_of(file.run, index, of), file.name)
        for file, index, of in zip(files, indices, spans, strict=True)
    ]

    def cut(kind: Kind) -> tuple[Blocks, Blocks]:
        first, second = (
            Blocks.of(file.run.sample(index, of, kind))
            for file, index, of in zip(files, indices, spans, strict=True)
        )
        return first, second

    quantiles = sorted({*how.quantiles, how.headline})
    pair = cut(Kind.RESPONSE)
    response, _ = shift.shift(*pair, quantiles=quantiles, paired=False)
    service, _ = shift.shift(*cut(Kind.SERVICE), quantiles=quantiles, paired=False)
    row = next(row for row in response if row.q == how.headline)
    word, text = _worded(row, how, sides, closed=any(s.closed for of in spans for s in of))
    wrong = [f.run.targets[i] for f, i in zip(files, indices, strict=True)]
    if any(facts.answers_bad for facts in wrong):
        word, text = Outcome.INCONCLUSIVE, "checked answers were wrong"
    notes = ["separate runs share no instants: what disturbed one and not the other counts"]
    if shift.near_saturation(pair[1]):
        notes.append(f"{sides[1].name} is near saturation: the size is understated")
    return Comparison(
        "separate runs", 2, sides[0], sides[1], how.headline, how.margin, tuple(response),
        tuple(service), word, f"{word}: {text}", tuple(notes),
    )  # fmt: skip


def _index(file: Named, name: str | None) -> int:
    """Return the index of the target that is meant in a run."""
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
    return names.index(name)


def _how(files: Sequence[Named]) -> Compare:
    """Return how to compare: as the first scenario says that says it, or the defaults."""
    said = (file.run.scenario.compare for file in files)
    return next(filter(None, said), Compare(baseline="baseline", candidate="candidate"))


def _renamed(side: Side, file: str) -> Side:
    return replace(side, name=f"{side.name} ({file})")


def _worded(row: Row, how: Compare, sides: Sequence[Side], *, closed: bool) -> tuple[Outcome, str]:
    """Return the word for a row and what is said after it."""
    if row.ratio is None or math.isnan(row.ratio.value):
        needs = f" needs about {wording.count(row.needs)} requests" if row.needs else " failed"
        return Outcome.INCONCLUSIVE, f"p{row.q * 100:g}{needs}"
    word = outcome_of(row, how.margin)
    text = says(row, sides[1].name, sides[0].name)
    if word.good and closed:
        return Outcome.INCONCLUSIVE, f"{text}, but in a closed loop, which flatters a slow server"
    return word, f"{text}, margin {wording.share(how.margin)}"


# -- many runs -------------------------------------------------------------------------------------


def _repeated(files: Sequence[Named], how: Compare) -> Comparison:
    each = [compare(file.run, how) for file in files]
    first = each[0]
    response = _over_runs([one.response for one in each])
    service = _over_runs([one.service for one in each])
    row = next(row for row in response if row.q == how.headline)
    sides = [_over_sides([getattr(one, which) for one in each]) for which in _SIDES]
    closed = any(span.closed for file in files for span in spans_of(file.run))
    word, text = _worded(row, how, sides, closed=closed)
    if word is Outcome.INCONCLUSIVE and row.ratio is not None and row.ratio.value > 0:
        text += f"; {_more_runs(row.ratio, how.margin, len(files))}"
    away = [file.name for file, one in zip(files, each, strict=True) if one.word in _AWAY]
    if away:
        word, text = Outcome.UNAVAILABLE, f"{sides[1].name} was away in {', '.join(away)}"
    notes = [
        f"{file.name}: {note}"
        for file, one in zip(files, each, strict=True)
        for note in (one.statement, *one.notes)
    ]
    return Comparison(
        "repeated runs", len(files), sides[0], sides[1], first.headline, first.margin,
        response, service, word, f"{word}: {text}", tuple(notes),
    )  # fmt: skip


_SIDES = ("baseline", "candidate")
_AWAY = (Outcome.UNAVAILABLE,)


def _over_runs(tables: Sequence[Sequence[Row]]) -> tuple[Row, ...]:
    """Return each quantile's row over runs: means over runs, with t-intervals."""
    return tuple(_over_rows(rows) for rows in zip(*tables, strict=True))


def _over_rows(rows: Sequence[Row]) -> Row:
    ratios = [row.ratio.value for row in rows if row.ratio is not None]
    needs = max((row.needs or 0 for row in rows), default=0)
    if len(ratios) < len(rows) or not all(0 < ratio < math.inf for ratio in ratios):
        return Row(rows[0].q, None, None, None, None, needs or None)
    theta = _t_interval([math.log(ratio) for ratio in ratios])
    differences = [row.difference_ns.value for row in rows if row.difference_ns is not None]
    return Row(
        rows[0].q,
        _geometric_mean([row.baseline_ns for row in rows]),
        _geometric_mean([row.candidate_ns for row in rows]),
        Interval(math.exp(theta.value), math.exp(theta.low), math.exp(theta.high)),
        _t_interval(differences),
    )


def _t_interval(values: Sequence[float]) -> Interval:
    mean = float(np.mean(values))
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    margin = blocks.t_quantile(0.975, len(values) - 1) * error
    return Interval(mean, mean - margin, mean + margin)


def _geometric_mean(values_ns: Sequence[float | None]) -> float:
    return math.exp(float(np.mean([math.log(value) for value in values_ns if value])))


def _over_sides(sides: Sequence[Side]) -> Side:
    firsts = [side.first_inference_ns for side in sides if side.first_inference_ns is not None]
    return Side(
        sides[0].name,
        ", ".join(dict.fromkeys(side.address for side in sides)),
        sum(side.requests for side in sides),
        sum(side.good for side in sides),
        float(np.mean([side.throughput_per_s for side in sides])),
        round(np.median(firsts)) if firsts else None,
    )


def _more_runs(ratio: Interval, margin: float, runs: int) -> str:
    """Return how many runs might answer the question; see `compare`'s forecast."""
    theta = math.log(ratio.value)
    error = math.log(ratio.high / ratio.low) / 2 / blocks.t_quantile(0.975, runs - 1)
    distance = max(theta, math.log1p(margin) - theta)
    needs = math.ceil(runs * (POWER_Z * error / distance) ** 2)
    return f"at least {wording.count(max(1, needs - runs), 'more run')}"


# -- what must not be compared ---------------------------------------------------------------------


def _refuse(files: Sequence[Named], fields: Sequence[str], *, allow_different_seed: bool) -> None:
    """Raise when runs differ in what must be the same."""
    seen = [*fields] if allow_different_seed else [*fields, "seed"]
    first = files[0]
    for index, file in enumerate(files):
        for other in files[:index]:
            if other.run.started_wall_ns == file.run.started_wall_ns and (
                other.run.intervals == file.run.intervals
            ):
                raise ScenarioError(f"{file.name}: the same run as {other.name}")
        for field in seen:
            path = _difference(_covered(first.run, field), _covered(file.run, field), field)
            if path is not None:
                remedy = "; --allow-different-seed" if field == "seed" else ""
                raise ScenarioError(
                    f"{file.name}: not comparable with {first.name}: {path}{remedy}"
                )


def _covered(run: Run, field: str) -> Any:
    """Return a field of the scenario as plain data, without what may differ between runs."""
    return _COVERED.get(field, lambda data: data[field])(json.loads(run.scenario.to_json()))


def _payload(data: Any) -> Any:
    """Return what is sent; where the files lie and what is expected of the answers is no matter."""
    payload = {key: value for key, value in data["payload"].items() if key != "expect"}
    images = payload.get("images") or ()
    return {**payload, "images": [PurePath(image).name for image in images]}


_COVERED: dict[str, Callable[[Any], Any]] = {
    "payload": _payload,
    # A fresh attachment may have another address.
    "targets": lambda data: {name: target["model"] for name, target in data["targets"].items()},
    "compare": lambda data: data.get("compare"),
}


def _difference(one: Any, other: Any, path: str) -> str | None:
    """Return the first place where two values differ and how; None when they are equal."""
    if one == other:
        return None
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *(key for key in other if key not in one)]:
            found = _difference(one.get(key), other.get(key), f"{path}.{key}")
            if found is not None:
                return found
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (mine, theirs) in enumerate(zip(one, other, strict=True)):
            found = _difference(mine, theirs, f"{path}[{index}]")
            if found is not None:
                return found
    return f"{path} is {_plain(other)}, not {_plain(one)}"


def _plain(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
