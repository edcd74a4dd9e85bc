"""The master's door: who is let in as a worker, and what is heard from whom.

What it knows: Locust's master, its connection, the names of those who write to it. What it must not
know: what workers say of a run. Locust takes anybody who connects for a worker, and its listener
dies of the first message that it cannot read. So, on this runner alone:

- Whoever connects waits outside, unknown to Locust, until it has said that it runs eiload and,
  where a proof is asked for, has given it (`link`). While a run is on, nobody new is let in before
  it has become part of it, as it can of a run of Locust's users.
- Of others nothing is heard, nor of who says to be another; a message that cannot be read, or that
  Locust fails at, is dropped and named.
- If Locust's listener ends all the same, it is named and started again.
"""

import logging
import math
import time
from collections.abc import Callable
from typing import Any

import gevent
from locust.exception import RPCError, RPCReceiveError
from locust.rpc import Message
from locust.runners import STATE_INIT, STATE_STOPPED

from eiload.base.errors import ScenarioError
from eiload.control.codec import encode
from eiload.plugin import greetings, link
from eiload.scenario import Scenario

__all__ = ["MESSAGE", "WITHOUT", "Door"]

logger = logging.getLogger("eiload")

MESSAGE = "eiload"
"""Name of our messages on Locust's connection, and of our part in its statistics messages."""

HELLO_TIMEOUT_S = 10.0
"""How long workers may take from Locust's connection until their plugin has shown itself."""

LONELY_S = 30.0
"""How long a master waits for a worker while only others come."""

WITHOUT = "it does not run eiload; start it with the same locustfile"

WATCH_S = 1.0
WAITING_AT_MOST = 1000
NAMED_AT_MOST = 20
"""Of those who are not let in or not understood; who comes after that is not worth a line each."""


class Door:
    """Stands between Locust's master and those who connect to it.

    Args:
        runner: Locust's `MasterRunner`.
        token: what workers must know; None if no proof is asked for.
        say: tells the user.
        is_closed_to: tells whether the worker of that name has no part in a run that is on.
        is_admitted: tells whether it has one.
        admits: tells whether who comes now can have one.
        lonely: called if those who come do not run eiload, and nobody else has come for long;
            given the name of one.
    """

    def __init__(
        self,
        runner: Any,
        token: str | None,
        *,
        say: Callable[[str], None],
        is_closed_to: Callable[[str], bool],
        is_admitted: Callable[[str], bool],
        admits: Callable[[], bool],
        lonely: Callable[[str], None],
    ) -> None:
        self._runner = runner
        self._token = token
        self._say = say
        self._is_closed_to = is_closed_to
        self._is_admitted = is_admitted
        self._admits = admits
        self._lonely = lonely
        self._waiting: dict[str, tuple[Message, float]] = {}
        """Who has connected and is not let in: its first message, and since when."""
        self._known: set[str] = set()
        """Who has shown itself."""
        self._nonces: dict[str, str] = {}
        self._named: set[str] = set()
        self._handle = runner.handle_message
        self._reset = runner.reset_connection
        for name in runner.clients:  # Locust was quicker
            del runner.clients[name]
            self._wait(name, Message("client_ready", -1, name))
        runner.handle_message = self._hear
        runner.reset_connection = self._reset_connection
        self._guard_server()
        for greenlet in list(runner.greenlet.greenlets):
            if getattr(greenlet, "_run", None) == runner.client_listener:
                greenlet.rawlink(self._listener_ended)
        gevent.spawn(self._watch)

    @property
    def address(self) -> str:
        """Return where the master listens."""
        return f"{self._runner.master_bind_host}:{self._runner.master_bind_port}"

    @property
    def late(self) -> list[str]:
        """Return the names of workers that have shown themselves and are not let in yet."""
        return [name for name in self._waiting if name in self._known]

    def check(self, scenario: Scenario) -> None:
        """Look whether a scenario may be sent to whoever is let in.

        Raises:
            ScenarioError: it holds secrets, and nobody has to prove anything.
        """
        secret = link.secret_targets(scenario) if self._token is None else []
        if secret:
            raise ScenarioError(
                f"the metadata of {', '.join(secret)} may be secret and would be sent to whoever "
                f"says on {self.address} that it is a worker; start the master and its workers "
                f"with the same {link.VARIABLE} (or --eiload-token), or accept it with "
                "--eiload-send-secrets-unproven"
            )

    # -- what is heard ---------------------------------------------------------------------

    def _hear(self, client_id: str, message: Message) -> None:
        """Stand in for Locust's own handling of a message; never raises."""
        try:
            kind, name, data = message.type, message.node_id, message.data
            if name != client_id or not isinstance(kind, str):
                self._drop(client_id, "says that it is another")
            elif kind == "locustfile":  # asked for before there is a worker
                self._handle(client_id, message)
            elif kind == MESSAGE and greetings.is_from_worker(data):
                self._greeted(name, greetings.from_worker(data))
            elif kind == "client_ready" and (name not in self._known or self._is_closed_to(name)):
                self._wait(name, message)
            elif name in self._known and (name not in self._waiting or kind == MESSAGE):
                self._handle(client_id, message)  # ours also of who gets ready outside
            elif kind == "quit":
                self._waiting.pop(name, None)
        except Exception as error:  # a stranger's message must not end the listener
            self._drop(client_id, f"sent what cannot be handled ({type(error).__name__}: {error})")

    def _wait(self, name: str, message: Message) -> None:
        if name not in self._waiting:
            if len(self._waiting) >= WAITING_AT_MOST:
                del self._waiting[next(iter(self._waiting))]
            self._waiting[name] = message, time.monotonic()
        index = self._runner.get_worker_index(name)
        self._runner.send_message("ack", {"index": index}, name)  # or its plugin never starts

    def _greeted(self, name: str, greeting: greetings.Hello | greetings.Proof) -> None:
        if name not in self._waiting:
            return
        if self._token is None:
            self._let_in(name)
        elif isinstance(greeting, greetings.Hello):
            self._nonces[name] = once = link.nonce()
            self._runner.send_message(MESSAGE, encode(greetings.Challenge(once)), name)
        elif (once := self._nonces.pop(name, "")) and link.proves(
            greeting.proof, self._token, name, once
        ):
            self._let_in(name)
        else:
            remedy = f"start it with the master's {link.VARIABLE} (or --eiload-token)"
            self._name(name, f"it did not prove to know the token; {remedy}")
            self._runner.send_message(MESSAGE, encode(greetings.Refused(remedy)), name)

    def _let_in(self, name: str) -> None:
        if name not in self._known and self._is_closed_to(name):
            then = (
                "takes part once it is ready" if self._admits() else "may take part in the next one"
            )
            self._say(f"worker {name} comes while a run is on; it {then}")
        self._known.add(name)
        # A master that starts or ends a run would give users to whoever comes.
        is_quiet = self._runner.state in {STATE_INIT, STATE_STOPPED}
        if not self._is_closed_to(name) and (is_quiet or self._is_admitted(name)):
            message, _ = self._waiting.pop(name)
            self._handle(name, message)

    def _drop(self, name: str, what: str) -> None:
        logger.debug("a message from %r is dropped: it %s", name, what)
        self._name(name, f"it {what}", "is not heard")

    def _name(self, name: str, why: str, what: str = "is left out") -> None:
        """Say once of each who is not taken for a worker, or not understood."""
        if name not in self._named and len(self._named) < NAMED_AT_MOST:
            self._named.add(name)
            shown = "".join(c if c.isprintable() else "?" for c in name)[:100]
            self._say(f"{shown!r} at the master's port {self.address} {what}: {why[:300]}")

    # -- Locust's listener -----------------------------------------------------------------

    def _guard_server(self) -> None:
        """Have what cannot be read dropped before Locust sees it."""
        receive = self._runner.server.recv_from_client

        def recv_from_client() -> tuple[str, Message]:
            while True:
                try:
                    sender, message = receive()
                except RPCReceiveError as error:
                    self._drop(error.addr or "a stranger", f"sent no message of Locust's ({error})")
                except RPCError:
                    raise  # the connection's own fault, which Locust mends
                except Exception as error:  # msgpack raises all kinds
                    what = f"sent no message of Locust's ({type(error).__name__}: {error})"
                    self._drop("a stranger", what)
                else:
                    return sender, message

        self._runner.server.recv_from_client = recv_from_client

    def _reset_connection(self) -> None:
        server = self._runner.server
        self._reset()
        if self._runner.server is not server:
            self._guard_server()

    def _listener_ended(self, greenlet: Any) -> None:
        """Take note, on gevent's own greenlet, that nobody listens."""
        if not greenlet.successful():
            gevent.spawn(self._listen_again, greenlet.exception)

    def _listen_again(self, error: BaseException) -> None:
        gevent.sleep(0.1)  # an error that comes back at once must not take all the time there is
        greenlet = self._runner.greenlet.spawn(self._runner.client_listener)
        greenlet.rawlink(self._listener_ended)
        self._say(
            f"Locust's listener on {self.address} ended ({type(error).__name__}: {error}); "
            "it is started again, what workers sent meanwhile is heard now"
        )

    def _watch(self) -> None:
        while True:
            gevent.sleep(WATCH_S)
            for name in self.late:
                self._let_in(name)  # who came while a run was on
            waited_s = time.monotonic() - HELLO_TIMEOUT_S
            for name, (_, since_s) in list(self._waiting.items()):
                if name not in self._known and since_s < waited_s:
                    self._name(name, WITHOUT)
            first_s = min((since_s for _, since_s in self._waiting.values()), default=math.inf)
            if not self._known and self._token is None and first_s < time.monotonic() - LONELY_S:
                self._lonely(min(self._waiting))
                return
