"""A worker at its master's door: it shows itself, and notices when the master is gone.

What it knows: Locust's worker, the greetings of `door`. What it must not know: runs.
"""

import time
from collections.abc import Callable
from typing import Any

import gevent
from locust.runners import WorkerRunner

from eiload.base.errors import ScenarioError
from eiload.control.codec import encode
from eiload.plugin import greetings, link
from eiload.plugin.door import MESSAGE

__all__ = ["Guest"]

WATCH_S = 1.0
MASTER_SILENCE_S = 5.0
"""A worker whose master has not answered a heartbeat (one a second) for so long stops its load."""


class Guest:
    """Speaks for one worker.

    Args:
        runner: the worker.
        token: what it knows.
        refused: called with the reason if the master does not let it in.
        gone: called, while `is_loaded` says so, when the master has been silent for these seconds.
        is_loaded: tells whether the worker makes load.
    """

    def __init__(
        self,
        runner: WorkerRunner,
        token: str,
        *,
        refused: Callable[[ScenarioError], None],
        gone: Callable[[float], None],
        is_loaded: Callable[[], bool],
    ) -> None:
        self._runner: Any = runner
        self._token = token
        self._refused = refused
        self._gone = gone
        self._is_loaded = is_loaded
        self._heard_s = time.monotonic()
        runner.environment.events.heartbeat_received.add_listener(self._on_heartbeat)
        self._runner.send_message(MESSAGE, encode(greetings.Hello()))
        gevent.spawn(self._watch_master)

    def hears(self, data: object) -> bool:
        """Answer a message if it is the door's; tell whether it was."""
        self._heard_s = time.monotonic()  # heartbeats are answered only inside
        if not greetings.is_from_master(data):
            return False
        try:
            said = greetings.from_master(data)
        except ValueError as error:
            said = greetings.Refused(f"its answer is damaged: {error}")
        if isinstance(said, greetings.Challenge):
            answer = link.proof(self._token, self._runner.client_id, said.nonce)
            self._runner.send_message(MESSAGE, encode(greetings.Proof(answer)))
        else:
            why = f"the master does not let this worker in: {said.why}"
            self._refused(ScenarioError(why))
        return True

    def _on_heartbeat(self, **_: Any) -> None:
        self._heard_s = time.monotonic()

    def _watch_master(self) -> None:
        while True:
            gevent.sleep(WATCH_S)
            silence_s = time.monotonic() - self._heard_s
            if silence_s > MASTER_SILENCE_S and self._is_loaded():
                self._gone(silence_s)
