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
from collections.abc import Callable, Mapping
from typing import Protocol

from eiload.base.clock import NS_PER_MS, NS_PER_S, Clock
from eiload.base.errors import TargetError
from eiload.sending.engine import Engine
from eiload.serving.sagemaker.credentials import Credentials

__all__ = ["RENEW_NS", "Signatures", "Signs"]

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

    def lines(self, body_sha256: str, credentials: Credentials, wall_ns: int) -> bytes:
        """Return the header fields that sign a request, as they go over a connection."""


class Signatures:
    """The signatures of one worker's requests.

    Args:
        signers: what signs, by the index of the target; others need no signature.
        credentials: returns those of this moment.
        engine: the sender.
        clock: the clock.
        say: told when credentials cannot be renewed.
    """

    def __init__(
        self,
        signers: Mapping[int, Signs],
        credentials: Callable[[], Credentials],
        engine: Engine,
        *,
        clock: Clock,
        say: Callable[[str], None],
    ) -> None:
        self._signers = signers
        self._credentials = credentials
        self._engine = engine
        self._clock = clock
        self._say = say
        self._hashes: dict[int, str] = {}
        """Of payloads, by the sender's number."""
        self._wanted: dict[tuple[int, int], None] = {}
        """Targets and payloads, in the order in which they were added."""
        self._due_ns = 0
        self._failing = False
        self._closing = threading.Event()

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
        credentials = self._credentials()
        self._due_ns = now_ns + RENEW_NS
        for number, (target, payload) in enumerate(list(self._wanted), 1):
            hashed = self._hashes[payload]
            lines = self._signers[target].lines(hashed, credentials, self._clock.wall_ns())
            self._engine.renew(target, payload, lines)
            if number % TOGETHER == 0 and not self._closing.is_set():
                self._clock.sleep_until(self._clock.now_ns() + PAUSE_NS)

    def of(self, target: int, body: bytes) -> bytes:
        """Return the header fields of a request that is sent once; none where none are needed.

        Raises:
            TargetError: there are no credentials, or they cannot be renewed.
        """
        signer = self._signers.get(target)
        if signer is None:
            return b""
        hashed = hashlib.sha256(body).hexdigest()
        return signer.lines(hashed, self._credentials(), self._clock.wall_ns())

    def keep(self) -> None:
        """Renew them in time from now on, until `close`."""
        if self._wanted:
            threading.Thread(target=self._keep, name="eiload-sign", daemon=True).start()

    def close(self) -> None:
        """Renew nothing any more."""
        self._closing.set()

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
        while not self._closing.wait(LOOK_NS / NS_PER_S):
            self.renew()
