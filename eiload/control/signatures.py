"""Signatures of requests, made before the load and made anew while it goes on.

What it knows: which requests to which targets are signed, the sender (`Engine`), how old a
signature may get. What it must not know: what a signature is (`serving.sagemaker.signing`), who
sends when.

Strategy. A body is hashed once, when it is made. Signing what is left takes some 60 us, in this
process and never in the sender, which is handed header fields for each payload and takes those that
it has. Many payloads are signed a few at a time: neither Locust's loop nor the sender shall stand
still for all of them.

Credentials that cannot be renewed end no run: what they have signed holds for minutes, and then the
answers tell. It is said when it happens.
"""

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from eiload.base.clock import NS_PER_MS, NS_PER_S, Clock
from eiload.base.errors import TargetError
from eiload.scenario import Target
from eiload.sending.engine import Engine
from eiload.serving.apis.sagemaker import signer_of

__all__ = ["RENEW_NS", "Signatures", "Signs", "signers_of"]

RENEW_NS = 100 * NS_PER_S
"""How old a signature may get. AWS takes one for 5 min; what is left is for a clock that is off by
a minute or two, and for a request that waits for a connection."""

RETRY_NS = 10 * NS_PER_S
"""After which credentials that could not be renewed are asked for again."""

TOGETHER = 16
"""Requests that are signed in one go: about a millisecond."""

PAUSE_NS = 5 * NS_PER_MS

LOOK_NS = NS_PER_S
"""How often it is looked whether signatures are old."""


class Signs(Protocol):
    """What signs the requests to one target (`serving.sagemaker.signing.Signer`)."""

    def lines(self, body_sha256: str, wall_ns: int) -> bytes:
        """Return the header fields that sign a request, as they go over a connection.

        Raises:
            TargetError: there are no credentials, or they cannot be renewed.
        """


def signers_of(targets: Iterable[Target]) -> dict[int, Signs]:
    """Return what signs the requests to each target that wants that, by its index.

    Raises:
        TargetError: one does, and there are no credentials.
    """
    found = ((index, signer_of(target)) for index, target in enumerate(targets))
    return {index: signer for index, signer in found if signer is not None}


class Signatures:
    """The signatures of one worker's requests.

    Args:
        signers: what signs, by the index of the target; others need no signature.
        engine: the sender.
        clock: the clock.
        say: told when credentials cannot be renewed.
    """

    def __init__(
        self,
        signers: Mapping[int, Signs],
        engine: Engine,
        *,
        clock: Clock,
        say: Callable[[str], None],
    ) -> None:
        self._signers = signers
        self._engine = engine
        self._clock = clock
        self._say = say
        self._hashes: dict[int, str] = {}
        """Of payloads, by the sender's number."""
        self._wanted: dict[tuple[int, int], None] = {}
        """Targets and payloads, in the order in which they were added."""
        self._due_ns = 0
        self._failing = False

    def add(self, target: int, payload: int, body: bytes) -> None:
        """Take note of a request: which target it goes to, the sender's number of it, its body."""
        if target not in self._signers:
            return
        if payload not in self._hashes:
            self._hashes[payload] = hashlib.sha256(body).hexdigest()
        self._wanted[target, payload] = None

    def sign(self) -> None:
        """Sign everything that was added, now.

        Raises:
            TargetError: there are no credentials, or they cannot be renewed.
        """
        if not self._wanted:
            return
        now_ns = self._clock.now_ns()
        self._due_ns = now_ns + RETRY_NS
        for number, (target, payload) in enumerate(list(self._wanted), 1):
            hashed = self._hashes[payload]
            lines = self._signers[target].lines(hashed, self._clock.wall_ns())
            self._engine.renew(target, payload, lines)
            if number % TOGETHER == 0:
                self._clock.sleep_until(self._clock.now_ns() + PAUSE_NS)
        self._due_ns = now_ns + RENEW_NS

    def of(self, target: int, body: bytes | int) -> bytes:
        """Return the header fields of a request that is sent once; none where none are needed.

        None too for one that was added, by the sender's number: the sender has them.

        Raises:
            TargetError: there are no credentials, or they cannot be renewed.
        """
        signer = self._signers.get(target)
        if signer is None or isinstance(body, int):
            return b""
        hashed = hashlib.sha256(body).hexdigest()
        return signer.lines(hashed, self._clock.wall_ns())

    def keep(self) -> None:
        """Sign everything that was added, and renew that in time while the sender lives.

        Raises:
            TargetError: there are no credentials, or they cannot be renewed.
        """
        self.sign()
        if self._wanted:
            threading.Thread(target=self._keep, name="eiload-sign", daemon=True).start()

    def renew(self) -> None:
        """Sign everything anew if that is due; say once when credentials cannot be renewed."""
        if not self._wanted or self._clock.now_ns() < self._due_ns:
            return
        try:
            self.sign()
        except TargetError as error:
            if not self._failing:
                self._say(f"{error}; requests go on with signatures that soon expire")
            self._failing = True
        else:
            self._failing = False

    def _keep(self) -> None:
        while self._engine.alive:
            self._clock.sleep_until(self._clock.now_ns() + LOOK_NS)
            self.renew()
