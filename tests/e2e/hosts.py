"""Hosts with addresses of their own on one machine: network namespaces, joined as a star.

Each host is a process that waits in a network and a mount namespace of its own; what runs on it is
put there by nsenter(1). Nothing of this machine's own network or files is touched, and all of it is
gone with the processes. The first host is in the middle: it has the address `MIDDLE`, and names for
it that all hosts know. Needs root, or a user namespace in which one is root (`make test-cluster`).
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
MIDDLE = "10.77.0.1"
PATIENCE_S = 120

SETUP = """
set -e
mount --bind "$1" /etc/hosts
mount -t tmpfs tmpfs /home
mkdir /home/locust
mount --bind "$2" /home/locust
mount -o remount,bind,ro /home/locust
ip link set lo up
echo ready
exec sleep 3600
"""
"""Of a host: names, and a ConfigMap read-only over the home."""


def permitted() -> str:
    """Return why there can be no hosts here; empty if there can."""
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    try:
        tried = subprocess.run(
            ["unshare", "--net", "--mount", "ip", "link", "add", "name", "one", "type", "veth"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        return f"{error.filename} is not installed"
    return f"unshare is not permitted here: {tried.stderr.strip()}" if tried.returncode else ""


class Program:
    """One that runs on a host."""

    def __init__(self, command: Sequence[str], log: Path, environ: Mapping[str, str]) -> None:
        self.log = log
        with log.open("w") as out:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environ},
                start_new_session=True,
            )

    def said(self) -> str:
        """Return what it has written so far."""
        return self.log.read_text("utf-8", "replace")

    def wait_for(self, text: str) -> None:
        """Wait until it has written a text."""
        give_up = time.monotonic() + PATIENCE_S
        while text not in self.said():
            assert self._process.poll() is None, f"ended before {text!r}:\n{self.said()}"
            assert time.monotonic() < give_up, f"never said {text!r}:\n{self.said()}"
            time.sleep(0.05)

    def finish(self) -> int:
        """Wait for its end and return its status."""
        try:
            return self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end:\n{self.said()}") from None

    def kill(self) -> None:
        """End it and whatever it has started."""
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(self._process.pid)
            for each in [*process.children(recursive=True), process]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
        self._process.wait()


class Host:
    """One host."""

    def __init__(self, name: str, names: Path, home: Path, logs: Path) -> None:
        self.name = name
        self._logs = logs
        self._programs: list[Program] = []
        unshare = ["unshare", "--net", "--mount", "--propagation", "private"]
        self._holder = Program(
            [*unshare, "sh", "-c", SETUP, "sh", str(names), str(home)], logs / f"{name}.log", {}
        )
        self._holder.wait_for("ready")

    @property
    def pid(self) -> int:
        """Return the process whose namespaces are the host's."""
        return self._holder._process.pid

    def ip(self, arguments: str) -> None:
        """Set its network up: what follows `ip` on a command line."""
        subprocess.run([*self._inside(), "ip", *arguments.split()], check=True, timeout=60)

    def start(self, *command: str, **environ: str) -> Program:
        """Run a command in the host's home."""
        log = self._logs / f"{self.name}-{len(self._programs)}.log"
        inside = [*self._inside(), "sh", "-c", 'cd /home/locust && exec "$@"', "sh", *command]
        self._programs.append(Program(inside, log, environ))
        return self._programs[-1]

    def _inside(self) -> list[str]:
        return ["nsenter", "--target", str(self.pid), "--net", "--mount"]

    def kill(self) -> None:
        """End it with all that runs on it."""
        for program in [*self._programs, self._holder]:
            program.kill()


@contextlib.contextmanager
def star(
    names: Sequence[str], known_as: Sequence[str], home: Path, logs: Path
) -> Iterator[list[Host]]:
    """Start hosts; the first, in the middle, is known to all under further names."""
    table = logs / "names"
    table.write_text(f"127.0.0.1 localhost\n{MIDDLE} {' '.join(known_as)}\n")
    with contextlib.ExitStack() as stack:
        hosts = []
        for name in names:
            hosts.append(Host(name, table, home, logs))
            stack.callback(hosts[-1].kill)
        middle, *others = hosts
        middle.ip(f"address add {MIDDLE}/32 dev lo")
        for number, host in enumerate(others, 1):
            middle.ip(f"link add name to{number} type veth peer name eth0 netns {host.pid}")
            middle.ip(f"address add 10.77.{number}.1/24 dev to{number}")
            middle.ip(f"link set to{number} up")
            host.ip(f"address add 10.77.{number}.2/24 dev eth0")
            host.ip("link set eth0 up")
            host.ip(f"route add default via 10.77.{number}.1")
        yield hosts
