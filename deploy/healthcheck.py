"""Whether the container's own process does its part: exit status 0 if so, 1 with a line if not.

What it knows: that process's command line (proc(5): /proc/1/cmdline), which is the start script's
at first, and an init's for good where there is one (docker run --init), and the kernel's table of
sockets (/proc/net/tcp, /proc/net/tcp6). It sends nothing: a health check must not become load.

- a worker is connected to its master's port
- a master listens to its workers
- a stand-in listens on its port
- anything else is well as long as it is there
"""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

ESTABLISHED, LISTEN = "01", "0A"
"""States of a socket (include/net/tcp_states.h of Linux)."""

MASTER_PORT, GRPC_PORT = 5557, 8500

PORTS = {"tf-rest": 8501, "container": 8080, "sagemaker": 8080}
"""Of stand-ins that are not asked over gRPC, by --api, if --port says none."""

TRUE = {"1", "true", "yes", "on"}
"""What a switch of Locust's says in the environment."""


def main() -> int:
    """Look; return the exit status."""
    command = Path("/proc/1/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    table: list[str] = []
    for name in ("tcp", "tcp6"):
        path = Path("/proc/net") / name
        table += path.read_text("ascii").splitlines()[1:] if path.exists() else []
    if problem := unwell(command, os.environ, table):
        sys.stdout.write(problem + "\n")
    return int(bool(problem))


def unwell(command: Sequence[str], environ: Mapping[str, str], table: Iterable[str]) -> str:
    """Return what is wrong; empty if nothing is.

    Args:
        command: the process's command line.
        environ: the container's environment, from which Locust takes options as well.
        table: lines of /proc/net/tcp, without the heading.
    """
    sockets = [_socket(line) for line in table if line.strip()]
    told = _told(command)
    if "--worker" in command or told == "worker" or _switched(environ, "LOCUST_MODE_WORKER"):
        port = _option(
            command, "--master-port", environ.get("LOCUST_MASTER_NODE_PORT", ""), MASTER_PORT
        )
        connected = any(state == ESTABLISHED and theirs == port for _, theirs, state in sockets)
        return "" if connected else f"not connected to a master on port {port}"
    if "--master" in command or told == "master" or _switched(environ, "LOCUST_MODE_MASTER"):
        given, who = environ.get("LOCUST_MASTER_BIND_PORT", ""), "workers"
        port = _option(command, "--master-bind-port", given, MASTER_PORT)
    elif "serve" in command:
        default = PORTS.get(_word(command, "--api"), GRPC_PORT)
        port, who = _option(command, "--port", "", default), "clients"
    else:
        return ""
    listens = any(state == LISTEN and ours == port for ours, _, state in sockets)
    return "" if listens else f"nothing listens to {who} on port {port}"


def _told(command: Sequence[str]) -> str:
    """Return what the image's start script was told to be, while that or an init is process 1."""
    pairs = pairwise(command)
    return next((told for word, told in pairs if word.endswith("eiload-entrypoint")), "")


def _switched(environ: Mapping[str, str], name: str) -> bool:
    """Tell whether a switch of Locust's is on in the environment."""
    return environ.get(name, "").lower() in TRUE


def _socket(line: str) -> tuple[int, int, str]:
    """Return a socket's own port, the other end's, and its state."""
    ours, theirs, state = line.split()[1:4]
    return int(ours.rpartition(":")[2], 16), int(theirs.rpartition(":")[2], 16), state


def _option(command: Sequence[str], option: str, given: str, default: int) -> int:
    """Return an option's number, or else the environment's."""
    text = _word(command, option)
    return int(text) if text.isdigit() else int(given) if given.isdigit() else default


def _word(command: Sequence[str], option: str) -> str:
    """Return what an option says, as ``--name 1`` or ``--name=1``; empty if it is not given."""
    found = ""
    for index, word in enumerate(command):
        name, equals, value = word.partition("=")
        if name == option:
            found = value if equals else next(iter(command[index + 1 : index + 2]), "")
    return found


if __name__ == "__main__":
    raise SystemExit(main())
