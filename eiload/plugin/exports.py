"""A run's numbers given to others, from the Locust process that conducts it.

What it knows: the options, the present run's coordinator, gevent's server. What it must not know:
what the numbers are called (`export`), Locust's events. Whoever asks for a page has it made; points
for a collector are made once an interval, and brought by a greenlet, so that a collector that
hangs keeps nobody waiting. A defect in all this costs a line, and not the run.
"""

import logging
import os
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any, TypeVarTuple

import gevent
from gevent.pywsgi import WSGIServer

from eiload.base.clock import Clock
from eiload.base.errors import ScenarioError
from eiload.base.quantity import shown
from eiload.control.coordinator import Coordinator
from eiload.export.collector import Collector, settings
from eiload.export.metrics import Moment, State, moment
from eiload.export.totals import Totals
from eiload.record.intervals import Intervals
from eiload.record.run import Run

__all__ = ["Exports", "address_of", "unused_by_worker"]

logger = logging.getLogger("eiload")

Arguments = TypeVarTuple("Arguments")

LOOPBACK = "127.0.0.1"
PATH = "/metrics"


def address_of(text: str) -> tuple[str, int]:
    """Return the host and port of ``PORT`` or ``HOST:PORT``; loopback if it says no host.

    Raises:
        ScenarioError: it is neither.
    """
    host, _, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    is_port = port.isdigit() and port.isascii() and int(port) <= 65535
    if not is_port or (":" in host and bare == host) or (":" in text and not bare):
        raise ScenarioError(
            f"--prometheus: expected a port or HOST:PORT, such as 9646 or 0.0.0.0:9646, "
            f"got {shown(text)}"
        )
    return bare or LOOPBACK, int(port)


def unused_by_worker(given: Any) -> str:
    """Return what is said of our options on a worker; empty if it has none of its own.

    With ``--processes`` they are the master's, and workers have them by their birth.
    """
    names = [f"--{name}" for name in ("prometheus", "otlp") if getattr(given, name)]
    if not names or given.processes:
        return ""
    return f"{', '.join(names)}: not used by a worker; its master gives the run's numbers to others"


class Exports:
    """Gives the numbers of one process's runs, one after the other.

    Args:
        clock: the clock.
        say: tells the user.
    """

    def __init__(self, clock: Clock, say: Callable[[str], None]) -> None:
        self._clock = clock
        self._say = say
        self._server: WSGIServer | None = None
        self._collector: Collector | None = None
        self._coordinator: Coordinator | None = None
        self._totals = Totals()
        self._number = 0
        self._began_wall_ns = clock.wall_ns()
        self._is_over = False

    def open(self, given: Any, environ: Mapping[str, str] = os.environ) -> None:
        """Take what the command line says; from then on a page can be had.

        Raises:
            ScenarioError: it is wrong, the port is not to be had, or an extra is missing.
        """
        if endpoint := given.otlp:
            said = settings(endpoint, given.otlp_temporality, environ)
            self._collector = Collector(said, version("eiload"), self._say)
        elif given.otlp_temporality != "cumulative":
            self._say("--otlp-temporality: not used without --otlp")
        if given.prometheus:
            self._serve(*address_of(given.prometheus))

    @property
    def _is_on(self) -> bool:
        return self._server is not None or self._collector is not None

    @property
    def port(self) -> int | None:
        """Return which port has the page; None for none."""
        return self._server.server_port if self._server is not None else None

    def close(self) -> None:
        """Serve no page any more."""
        if self._server is not None:
            self._server.stop(0)
            self._server = None

    # -- a run's course ------------------------------------------------------------------------

    def begin(self, coordinator: Coordinator) -> None:
        """Count anew: a run begins."""
        self._number += 1
        self._coordinator, self._totals, self._is_over = coordinator, Totals(), False
        self._began_wall_ns = self._clock.wall_ns()
        if self._collector is not None:
            self._collector.begin(self._clock.now_ns())

    def leave(self) -> None:
        """Say that the run that begins has no numbers: all its users are others'."""
        if self._is_on:
            self._say("no request of this run is eiload's: others are given no numbers of it")

    def add(self, intervals: Intervals) -> None:
        """Count what a worker has reported."""
        if self._is_on:
            self._guarded(self._totals.add, intervals)

    def tick(self) -> None:
        """Bring the collector its points when an interval is over; once a second."""
        self._guarded(self._tick)

    def end(self, run: Run | None) -> None:
        """Count all that the run has come to, and bring the collector the last points."""
        if self._is_on:
            self._guarded(self._end, run)

    def _guarded(self, do: Callable[[*Arguments], object], *arguments: *Arguments) -> None:
        try:
            do(*arguments)
        except Exception as error:
            logger.exception("numbers could not be given to others")
            self._say(f"others are given no numbers any more: {type(error).__name__}: {error}")
            self._collector = None
            self.close()

    def _tick(self) -> None:
        coordinator, collector = self._coordinator, self._collector
        if collector is None or coordinator is None or not coordinator.started.is_set():
            return
        if collector.is_due(self._clock.now_ns()):
            gevent.spawn(self._guarded, collector.bring, self.moment())

    def _end(self, run: Run | None) -> None:
        self._is_over = True
        if run is not None:
            self._totals = Totals.of(run)
        coordinator = self._coordinator
        begun = coordinator is not None and coordinator.started.is_set()
        if self._collector is not None and begun:
            self._collector.bring(self.moment(), last=True)

    # -- what is given -------------------------------------------------------------------------

    def moment(self) -> Moment:
        """Return the present or last run's numbers as they are now."""
        return moment(self._state(), self._began_wall_ns, self._clock.wall_ns())

    def _state(self) -> State | None:
        coordinator = self._coordinator
        if coordinator is None:
            return None
        present = coordinator.present()
        run = coordinator.run if self._is_over else None
        elapsed_ns = run.ended_ns if run is not None else present.elapsed_ns
        heard_ns = elapsed_ns if self._is_over else min(present.heard_ns, default=elapsed_ns)
        if present.stopped_ns is not None:
            heard_ns = min(heard_ns, present.stopped_ns)
        return State(
            scenario=coordinator.scenario,
            number=self._number,
            totals=self._totals,
            targets=present.targets,
            answers=present.answers,
            elapsed_ns=elapsed_ns,
            heard_ns=heard_ns,
            in_flight=0 if self._is_over else present.in_flight,
            workers=present.workers,
        )

    # -- the page ------------------------------------------------------------------------------

    def _serve(self, host: str, port: int) -> None:
        server = WSGIServer((host, port), self._answer, log=None, error_log=None)
        try:
            server.start()
        except OSError as error:
            # gevent writes the address behind the system's text, which stands here already
            known = error.errno or 0
            why = os.strerror(known) if known > 0 else error.strerror or str(error)
            raise ScenarioError(
                f"--prometheus: cannot listen on {host}:{port}: {why}; say another port, or end "
                "whoever has it"
            ) from error
        self._server = server
        shown_host = f"[{host}]" if ":" in host else host
        self._say(f"metrics for Prometheus: http://{shown_host}:{self.port}{PATH}")

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        from eiload.export.prometheus import page  # noqa: PLC0415  # with the option only

        if environ.get("PATH_INFO") != PATH or environ.get("REQUEST_METHOD") not in {"GET", "HEAD"}:
            start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
            return [f"the page is {PATH}\n".encode()]
        body, type_ = page(self.moment(), environ.get("HTTP_ACCEPT", ""))
        start_response(
            "200 OK",
            [("Content-Type", type_), ("X-Content-Type-Options", "nosniff"),
             ("Cache-Control", "no-store"), ("Content-Length", str(len(body)))],
        )  # fmt: skip
        return [body]
