"""What one worker's requests came to: counted, sampled answers checked, failures told in words.

What it knows: results, answers, what a good answer is. What it must not know: who sent them and
when the run ends. Results come on the engine's reader thread, `count` is called by users, `take` by
the agent; a lock keeps them apart.
"""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eiload.base.status import Status
from eiload.control.pairing import Pairing
from eiload.record.facts import Answers
from eiload.record.intervals import Intervals
from eiload.record.recorder import Recorder
from eiload.scenario import Scenario
from eiload.sending.arrays import RESULT_DTYPE, Results
from eiload.sending.reply import Reply
from eiload.sending.result import RESULT
from eiload.serving import detections
from eiload.serving.tfserving import decode_response

__all__ = ["Detail", "Taken", "Tally"]

TOGETHER = 256
"""Results that are recorded in one go, at the latest with the next report: recording 1 costs as
much as recording 100 (``python -m bench hotpaths``), and they come in ones and tens."""

Detail = Callable[[int], str]
"""Returns the status text that results call by a number."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What was counted since the last time, and running totals beside it."""

    intervals: Intervals
    failures: dict[str, list[dict[str, int]]]
    """Failures so far, by target name, phase and ``STATUS: text``."""
    answers: dict[str, list[Answers]]
    """Answers so far, by target name and phase; those compared stand with the candidate."""


class Tally:
    """Counts one worker's results.

    Args:
        scenario: the scenario.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._names = list(scenario.targets)
        self._recorder: Recorder | None = None
        self._waiting = bytearray()
        self._lock = threading.Lock()
        phases = range(len(scenario.traffic))
        self._failures: dict[str, list[Counter[str]]] = {
            name: [Counter() for _ in phases] for name in self._names
        }
        self._answers = {name: [Answers() for _ in phases] for name in self._names}
        self._pairing = Pairing(scenario.compare, self._names)

    def begin(self, recorder: Recorder) -> None:
        """Count from now on."""
        self._recorder = recorder

    @property
    def begun(self) -> bool:
        """Return whether the load has begun."""
        return self._recorder is not None

    def record(self, results: Results, detail: Detail) -> bool:
        """Count results and the texts of failures; False before the load, which is not counted."""
        with self._lock:
            if self._recorder is None:
                return False
            self._add(results.tobytes())
            for result in results[results["status"] != Status.OK]:
                text = detail(int(result["detail"]))
                where = int(result["target"]), int(result["phase"])
                self._tell_failure(*where, Status(int(result["status"])), text)
        return True

    def check(self, result: Results, response: bytes) -> tuple[Results, str]:
        """Check the answer to a request that ended well.

        Returns:
            The result, a BAD_ANSWER if the answer is not good, and what is wrong with it.
        """
        name = self._names[int(result["target"][0])]
        wanted = self._scenario.targets[name].outputs
        try:
            outputs = decode_response(response)
            problem = detections.check(outputs, self._scenario.payload.expect, wanted=wanted)
        except ValueError as error:
            outputs, problem = {}, f"cannot be decoded: {error}"
        phase = int(result["phase"][0])
        self._count_answer(name, phase, Answers(checked=1, bad=problem is not None))
        if problem is not None:
            result = result.copy()
            result["status"] = Status.BAD_ANSWER
        agreed = self._pairing.add(int(result["seq"][0]), name, None if problem else outputs)
        if agreed is not None and self._scenario.compare is not None:
            candidate = self._scenario.compare.candidate
            self._count_answer(candidate, phase, Answers(compared=1, agreed=agreed))
        return result, problem or ""

    def _count_answer(self, name: str, phase: int, more: Answers) -> None:
        self._answers[name][phase] = self._answers[name][phase].plus(more)

    def count(self, target: int, reply: Reply, status: Status, detail: str) -> None:
        """Count one request with the outcome that its caller found."""
        packed = RESULT.pack(
            0, reply.intended_ns, reply.sent_ns, reply.done_ns, len(reply.response),
            0, target, 0, 0, status,
        )  # fmt: skip
        with self._lock:
            self._add(packed)
            if status is not Status.OK:
                self._tell_failure(target, 0, status, detail)

    def take(self) -> Taken:
        """Return what was counted since the last time."""
        with self._lock:
            self._record_waiting()
            return Taken(
                self._recorder.take() if self._recorder else Intervals.empty(),
                {name: [dict(one) for one in each] for name, each in self._failures.items()},
                {name: list(each) for name, each in self._answers.items()},
            )

    def _add(self, packed: bytes) -> None:
        self._waiting += packed
        if len(self._waiting) >= TOGETHER * RESULT.size:
            self._record_waiting()

    def _record_waiting(self) -> None:
        if self._recorder is not None and self._waiting:
            self._recorder.record(np.frombuffer(bytes(self._waiting), RESULT_DTYPE))
        self._waiting.clear()

    def _tell_failure(self, target: int, phase: int, status: Status, detail: str) -> None:
        text = f"{status.name}: {detail}".rstrip(": ")
        self._failures[self._names[target]][phase][text] += 1
