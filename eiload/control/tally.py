"""What one worker's requests came to: counted, sampled answers checked, failures told in words.

What it knows: results, answers, what a good answer is. What it must not know: who sent them and
when the run ends. Results come on the engine's reader thread, `count` is called by users, `take` by
the agent; a lock keeps them apart. Results stay packed as the sender made them until many are
recorded in one go; they are unpacked once, for those who ask for each.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from eiload.base.status import Status
from eiload.control.pairing import Baselines, Pairing
from eiload.control.rows import Rows
from eiload.record.facts import Answers
from eiload.record.intervals import Intervals
from eiload.record.recorder import Recorder
from eiload.record.served import Counting, Served
from eiload.scenario import Scenario
from eiload.sending.arrays import RESULT_DTYPE, Results
from eiload.sending.reply import Reply
from eiload.sending.result import RESULT, Result
from eiload.sending.witness import Share
from eiload.serving.apis.choice import api_of
from eiload.serving.expectations import Expectations
from eiload.serving.tensors import Tensor, TensorInfo, UnreadableError
from eiload.serving.tfserving import Response

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
    failures: dict[str, tuple[dict[str, int], ...]]
    """Failures so far, by target name, phase and ``STATUS: text``."""
    answers: dict[str, tuple[Answers, ...]]
    """Answers so far, by target name and phase; those compared stand with the candidate."""
    served: dict[str, tuple[Served, ...]]
    """What served the requests so far, by target name and phase."""
    rows: dict[str, int]
    """How many failed in a row so far, by target name; empty if nobody asks."""


class Tally:
    """Counts one worker's results.

    Args:
        scenario: the scenario.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._names = list(scenario.targets)
        self._recorder: Recorder | None = None
        self._rows: Rows | None = None
        self._part_of: Sequence[int] | NDArray[np.uint8] = (0,)
        self.open = 0
        """Users' requests that are on their way or answered, and not counted."""
        self._waiting: list[memoryview | bytes] = []
        self._waiting_bytes = 0
        self._lock = threading.Lock()
        phases = range(len(scenario.traffic))
        self._failures: dict[str, list[Counter[str]]] = {
            name: [Counter() for _ in phases] for name in self._names
        }
        self._answers = {name: [Answers() for _ in phases] for name in self._names}
        self._served = [[Counting() for _ in phases] for _ in self._names]
        self._apis = [api_of(target) for target in scenario.targets.values()]
        self._declared: Mapping[tuple[int, int], Mapping[str, TensorInfo]] = {}
        self._pairing = Pairing(scenario.compare, self._names)
        sent = scenario.payload
        self.expectations = [Expectations(sent.expected(part)) for part in range(len(sent.parts))]
        """What answers have to be, by part of the payload."""
        self._requests: dict[int, dict[int, int]] = {}
        of_baseline = [name for each in self.expectations for name in each.of_baseline]
        self._baselines = Baselines(scenario.compare, of_baseline)

    def know(
        self,
        requests: Mapping[int, Sequence[int]],
        parts: Sequence[int],
        declared: Mapping[tuple[int, int], Mapping[str, TensorInfo]] = MappingProxyType({}),
    ) -> None:
        """Take note of what preparation has found out.

        Args:
            requests: the sender's numbers of each target's requests, in the payload's order.
            parts: of which part each is.
            declared: what each target's model says of its outputs, by target and part.
        """
        self._declared = declared
        met: Counter[int] = Counter()
        places = []
        for part in parts:
            places.append(met[part])
            met[part] += 1
        self._requests = {
            target: dict(zip(numbers, places, strict=False)) for target, numbers in requests.items()
        }

    def begin(self, recorder: Recorder, part_of: Sequence[int] | NDArray[np.uint8] = (0,)) -> None:
        """Count from now on.

        Args:
            recorder: what counts.
            part_of: of which part of the payload each request is, by the sender's number.
        """
        self._recorder, self._part_of = recorder, part_of
        abort = self._scenario.abort
        if abort is not None and abort.failures is not None:
            self._rows = Rows(len(self._names), recorder.origin_ns + abort.grace)

    @property
    def begun(self) -> bool:
        """Return whether the load has begun."""
        return self._recorder is not None

    def record(self, results: Results, detail: Detail) -> bool:
        """Count results and the texts of failures.

        Returns:
            Whether they count: what comes before the load does not.
        """
        if self._recorder is None:
            return False
        failed = results[results["status"] != Status.OK].tolist()
        with self._lock:
            self._add(results.data, results.nbytes)
            for result in map(Result._make, failed):
                self._tell_failure(result, detail(result.detail))
        return True

    def check(self, result: Results, response: bytes) -> tuple[Results, str]:
        """Check the answer to a request that ended well.

        Returns:
            The result, a BAD_ANSWER if the answer is not good, and what is wrong with it.
        """
        target, done_ns = int(result["target"][0]), int(result["done_ns"][0])
        self.look(target, int(result["phase"][0]), done_ns, response)
        name = self._names[target]
        number = int(result["payload"][0])
        part, request = int(self._part_of[number]), self._requests.get(target, {}).get(number, 0)
        phase, outputs = int(result["phase"][0]), {}
        try:
            answer = self._read(target, part, response)
            outputs = answer.outputs
            problem = self.expectations[part].check(
                outputs,
                wanted=self._scenario.targets[name].outputs,
                unread=answer.unread,
                request=request,
                baseline=self._baselines.of(name, (part, request)),
            )
            if problem is None and not outputs:
                return result, ""  # nothing in it can be read: not checked, and not bad
        except ValueError as error:
            problem = f"cannot be decoded: {error}"
        self._count_answer(name, phase, Answers(checked=1, bad=problem is not None))
        if problem is None:
            self._baselines.add(name, (part, request), outputs)
        if problem is not None:
            result = result.copy()
            result["status"] = Status.BAD_ANSWER
        agreed = self._pairing.add(int(result["seq"][0]), name, None if problem else outputs)
        if agreed is not None and self._scenario.compare is not None:
            candidate = self._scenario.compare.candidate
            self._count_answer(candidate, phase, Answers(compared=1, agreed=agreed))
        return result, problem or ""

    def look(self, target: int, phase: int, done_ns: int, response: bytes) -> None:
        """Note which version of its model gave an answer, and when."""
        version = self._apis[target].version_of(response)
        if version is None or self._recorder is None:
            return
        at_ns = max(0, done_ns - self._recorder.origin_ns)
        with self._lock:
            self._served[target][phase].look(version, at_ns)

    def _read(self, target: int, part: int, response: bytes) -> Response:
        return self._apis[target].read(response, self._declared.get((target, part), {}))

    def outputs(self, reply: Reply) -> dict[str, Tensor]:
        """Return the arrays in the answer to a user's request.

        Raises:
            ValueError: it is no answer, or one of its arrays is of a type that none can be of.
        """
        result = Result._make(RESULT.unpack(reply.packed))
        answer = self._read(result.target, 0, reply.response)  # users have one part
        for alias, entry in answer.unread.items():
            raise UnreadableError(f"output {alias!r}: cannot read element type {entry.dtype}")
        return answer.outputs

    def _count_answer(self, name: str, phase: int, more: Answers) -> None:
        self._answers[name][phase] = self._answers[name][phase].plus(more)

    def count(self, reply: Reply, status: Status, detail: str) -> None:
        """Count a user's request with the outcome that the user found."""
        packed = reply.packed
        if reply.status is Status.OK:
            result = Result._make(RESULT.unpack(packed))
            self.look(result.target, result.phase, result.done_ns, reply.response)
        with self._lock:
            self.open -= 1
            if status is not Status.OK or status is not reply.status:
                result = Result._make(RESULT.unpack(packed))._replace(status=status)
                packed = RESULT.pack(*result)
                if status is not Status.OK:
                    self._tell_failure(result, detail)
            self._add(packed, RESULT.size)

    def take(self, shares: Iterable[Share] = ()) -> Taken:
        """Return what was counted since the last time.

        Args:
            shares: which address had how many requests so far.
        """
        with self._lock:
            self._record_waiting()
            return Taken(
                self._recorder.take() if self._recorder else Intervals.empty(),
                {name: tuple(map(dict, each)) for name, each in self._failures.items()},
                {name: tuple(each) for name, each in self._answers.items()},
                self._with_shares(shares),
                dict(zip(self._names, self._rows.longest, strict=True)) if self._rows else {},
            )

    def _with_shares(self, shares: Iterable[Share]) -> dict[str, tuple[Served, ...]]:
        found = [[counting.served() for counting in each] for each in self._served]
        for target, phase, address, requests in shares:
            found[target][phase].addresses[address] = requests
        return {name: tuple(each) for name, each in zip(self._names, found, strict=True)}

    def _measure(self, results: Results) -> None:
        """Note how large answers are."""
        answered = results[results["status"] == Status.OK]
        pairs = answered["target"].astype(np.int64) << 8 | answered["phase"]
        for pair in np.unique(pairs).tolist():
            sizes = answered["response_bytes"][pairs == pair]
            of = self._served[pair >> 8][pair & 0xFF]
            of.measure(len(sizes), int(sizes.sum(dtype=np.int64)), int(sizes.max()))

    def _add(self, packed: memoryview | bytes, size_bytes: int) -> None:
        self._waiting.append(packed)
        self._waiting_bytes += size_bytes
        if self._waiting_bytes >= TOGETHER * RESULT.size:
            self._record_waiting()

    def _record_waiting(self) -> None:
        # Joined as bytes: numpy takes 9 us for each array of records that it concatenates.
        if self._recorder is not None and self._waiting:
            results = np.frombuffer(b"".join(self._waiting), RESULT_DTYPE)
            self._recorder.record(results)
            self._measure(results)
            if self._rows is not None:
                self._rows.add(results)
        self._waiting, self._waiting_bytes = [], 0

    def _tell_failure(self, result: Result, detail: str) -> None:
        text = f"{Status(result.status).name}: {detail}".rstrip(": ")
        self._failures[self._names[result.target]][result.phase][text] += 1
