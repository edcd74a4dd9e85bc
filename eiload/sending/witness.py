"""Who answered, as far as the sender can tell: shares of addresses, first and last answers.

What it knows: how many of a target's requests went to which address, and the bytes of each target's
first and last answer. What it must not know: what is in them. Sampled answers travel anyway; these
two say what answered at the very beginning and at the very end.
"""

import json
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from eiload.base.status import Status
from eiload.sending.channel import Landing
from eiload.sending.result import Send

__all__ = ["Answer", "Share", "Witness", "shares_of"]


class Answer(NamedTuple):
    """An answer that is looked at for who gave it."""

    target: int
    phase: int
    done_ns: int
    response: bytes


class Share(NamedTuple):
    """How many requests to a target, in a phase, went to an address."""

    target: int
    phase: int
    address: str
    requests: int


class Witness:
    """Notes who answered the load of one sender."""

    def __init__(self) -> None:
        self._shares: Counter[tuple[int, int, str]] = Counter()
        self._begun: set[int] = set()
        self._last: dict[int, Answer] = {}

    def saw(self, send: Send, landing: Landing, *, told: bool) -> Answer | None:
        """Note a request of the load that has landed.

        Args:
            send: the request.
            landing: how it ended.
            told: whether its answer travels to the parent anyway.

        Returns:
            Its target's first answer, if it is that and does not travel anyway.
        """
        target, phase = send.target, send.phase
        if landing.address:
            self._shares[target, phase, landing.address] += 1
        if landing.status is not Status.OK:
            return None
        answer = Answer(target, phase, landing.done_ns, landing.response)
        first = target not in self._begun
        self._begun.add(target)
        if told:
            self._last.pop(target, None)
            return None
        if first:
            return answer
        self._last[target] = answer
        return None

    def last(self) -> Iterable[Answer]:
        """Return each target's last answer, where it has not travelled."""
        return self._last.values()

    def shares(self) -> bytes:
        """Return the shares so far, for `shares_of`."""
        return json.dumps([[*of, number] for of, number in self._shares.items()]).encode()


def shares_of(data: bytes) -> list[Share]:
    """Return what `Witness.shares` has written."""
    return [Share(*each) for each in json.loads(data)]
