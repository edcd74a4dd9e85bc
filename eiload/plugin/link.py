"""Who a worker is: proof of a shared secret, without sending it.

What it knows: HMAC, and which parts of a scenario are secret. What it must not know: Locust,
sockets, runs. The master sends a number used once; the worker answers with the HMAC (SHA-256,
RFC 2104) of it and of its own name under the token, which only somebody who knows the token can
make, and which is of no use to anybody else. The link itself is not encrypted: whoever can listen
to it sees what is sent.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

from eiload.base.errors import ScenarioError
from eiload.scenario import Scenario

__all__ = ["FAMILY", "VARIABLE", "given_token", "nonce", "proof", "proves", "secret_targets"]

VARIABLE = "EILOAD_TOKEN"
"""Environment variable with the token, where other users' `ps` does not show it."""

FAMILY = secrets.token_hex(32)
"""The token of those who have none: made anew by each command, before Locust forks its workers
(``--processes``), who thereby know it as well."""


def given_token(options: Any, environ: Mapping[str, str]) -> str | None:
    """Return the token that the command line or else the environment says, None if neither does.

    Raises:
        ScenarioError: it is empty, as when a variable was meant that is not set.
    """
    option: str | None = options.eiload_token
    if option == "":
        raise ScenarioError("--eiload-token: empty; expected the same text on master and workers")
    return option or environ.get(VARIABLE) or None


def nonce() -> str:
    """Return a number used once."""
    return secrets.token_hex(32)


def proof(token: str, worker: str, once: str) -> str:
    """Return what shows that the worker of that name knows the token."""
    message = f"eiload-link/1\0{worker}\0{once}".encode()
    return hmac.new(token.encode(), message, hashlib.sha256).hexdigest()


def proves(answer: object, token: str, worker: str, once: str) -> bool:
    """Tell whether a worker's answer, which may be anything, shows that it knows the token."""
    if not isinstance(answer, str) or not answer.isascii():
        return False
    return hmac.compare_digest(answer, proof(token, worker, once))


def secret_targets(scenario: Scenario) -> list[str]:
    """Return the names of the targets of which something is never shown."""
    masked = scenario.masked().targets
    return [name for name, target in scenario.targets.items() if target != masked[name]]
