"""What each arrival sends, and to which targets: drawn, or as the trace that is replayed chooses.

Pure: a function of the scenario and the arrival, so that it is the same on one worker and twenty,
and for both targets of a comparison. What is left open by a choice is drawn from the scenario's
seed and the arrival's number: of an image the batch size, of a class the image.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eiload.base.errors import ScenarioError
from eiload.scenario.arrivals import OpenPhase, Replay
from eiload.scenario.choice import Chooser, TraceChoice
from eiload.scenario.mix import Draw
from eiload.scenario.models import Scenario
from eiload.scenario.schedule import noise
from eiload.scenario.turn import Codes

__all__ = ["ALL", "Picks", "chooser_of"]

Ints = NDArray[np.int64]

ALL = -1
"""Instead of a target: all of them get the request."""

_SEED = 0x7069636B


class _Chosen(NamedTuple):
    """What a phase's trace chooses, by the number of the choice: arrays, shape (choices,)."""

    part: Ints
    """`ALL` where it is drawn."""
    base: Ints
    """Of the payloads that are left, the first."""
    step: Ints
    """From one to the next."""
    left: Ints
    """How many are left."""
    target: Ints
    """`ALL` where it is none."""


def chooser_of(scenario: Scenario, replay: Replay) -> Chooser:
    """Return what reads the choices of a trace."""
    return Chooser(replay.trace.choose, scenario.payload, [*scenario.targets])


class Picks:
    """The requests of one run.

    Args:
        scenario: the scenario.
        counts: how many payloads each part has, in the payload's order; one each will do for who
            does not ask for payloads.

    Raises:
        ScenarioError: a choice that was seen in a trace is none in this scenario.
    """

    def __init__(self, scenario: Scenario, counts: Sequence[int]) -> None:
        weights = scenario.payload.weights if len(counts) > 1 else (1.0,)
        self.draw = Draw(counts, weights, scenario.seed)
        self._seed = scenario.seed
        self._firsts = np.concatenate(([0], np.cumsum(np.asarray(counts, np.int64))))
        self._chosen: dict[int, _Chosen] = {}
        for index, phase in enumerate(scenario.traffic):
            if isinstance(phase, OpenPhase) and isinstance(phase.rate, Replay) and phase.rate.kinds:
                try:
                    self._chosen[index] = self._read(scenario, phase.rate)
                except ValueError as error:
                    raise ScenarioError(f"phase {phase.name}: {error}") from None

    def _read(self, scenario: Scenario, replay: Replay) -> _Chosen:
        chooser = chooser_of(scenario, replay)
        choices = replay.seen.choices if replay.seen else ()
        batches = [len(part.batches) for part in scenario.payload.parts]
        rows = [self._left(chooser.choice(texts), batches) for texts, _ in choices]
        return _Chosen(*np.array(rows, np.int64).reshape(-1, 5).T)

    def _left(self, choice: TraceChoice, batches: Sequence[int]) -> tuple[int, int, int, int, int]:
        """Return which payloads a choice leaves: a part's are each image in each batch size."""
        target = ALL if choice.target is None else choice.target
        if choice.part is None:
            return ALL, 0, 0, 1, target
        first, end = self._firsts[choice.part : choice.part + 2].tolist()
        sizes = batches[choice.part]
        step, count = 1, end - first
        if choice.image is not None:
            first, count = first + choice.image * sizes, sizes
        if choice.batch is not None:
            first, step, count = first + choice.batch, sizes, count // sizes
        # Who does not ask for payloads has fewer of them.
        return choice.part, first, step, max(1, count), target

    def parts(self, phase: int, numbers: Ints, codes: Codes | None) -> Ints:
        """Return the part of the payload that each arrival's request is of, shape (n,).

        Args:
            phase: that the arrivals are of.
            numbers: of the arrivals.
            codes: what they choose (`schedule.Chunk.codes`).
        """
        drawn = self.draw.parts(numbers)
        if codes is None:
            return drawn
        part = self._chosen[phase].part[codes]
        return np.where(part == ALL, drawn, part)

    def payloads(self, phase: int, numbers: Ints, codes: Codes | None) -> Ints:
        """Return which payload each arrival takes, counted through all parts, shape (n,).

        Args:
            phase: that the arrivals are of.
            numbers: of the arrivals.
            codes: what they choose (`schedule.Chunk.codes`).
        """
        drawn = self.draw.payloads(numbers)
        if codes is None:
            return drawn
        chosen = self._chosen[phase]
        bits = noise(numbers, 1, self._seed, _SEED)[:, 0] >> np.uint64(1)
        nth = bits.astype(np.int64) % chosen.left[codes]
        found = chosen.base[codes] + chosen.step[codes] * nth
        return np.where(chosen.part[codes] == ALL, drawn, found)

    def targets(self, phase: int, codes: Codes | None) -> Ints | None:
        """Return the only target that gets each arrival's request, or `ALL`; None if all do."""
        if codes is None:
            return None
        found = self._chosen[phase].target[codes]
        return None if (found == ALL).all() else found
