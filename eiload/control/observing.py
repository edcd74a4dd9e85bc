"""What a run's targets want observed, watched from just before the load until its drain has ended.

What it knows: which reader a scenario's words mean, when the first and the last reading are due.
What it must not know: what is read, what it means. It lives where the run is conducted, on the
master: workers send, and read nothing.

A source that cannot be read costs a line and no run, unless it is required.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

from eiload.base.clock import NS_PER_S, Clock
from eiload.base.errors import TargetError
from eiload.observe.emulated import emulated
from eiload.observe.host import Host
from eiload.observe.notes import EXPORTERS
from eiload.observe.nvml import Nvml, library
from eiload.observe.reader import Page, Reader
from eiload.observe.smi import Smi, command_of
from eiload.observe.watch import Glance, Watch
from eiload.record.observed import Source
from eiload.scenario import Scenario, Target
from eiload.scenario.observe import STAND_IN

__all__ = ["Observing", "readers"]

PATIENCE_NS = 5 * NS_PER_S
"""For each step of a page's answer: a busy host may be slow to say the totals, which are wanted."""

FIRST_WITHIN_S = 25.0
"""For a login by ssh; pages give up much sooner."""

LAST_WITHIN_S = 20.0
"""For the readings after the load, tries included."""

LATELY_NS, SELDOM_NS = 15 * NS_PER_S, 75 * NS_PER_S
"""For who looks on; and of exporters, of which some say something new every 30 s, two changes."""

NEWS_EVERY_NS = 5 * NS_PER_S
"""For a journal."""

Told = TypeVar("Told")


@dataclass(slots=True)
class _Watched:
    target: str
    watch: Watch
    required: bool
    told: int = 0
    """Readings of which `news` has told."""


class Observing:
    """Watches what a scenario's targets want observed.

    Args:
        scenario: the scenario.
        clock: the clock.
        say: told what cannot be read.
    """

    def __init__(self, scenario: Scenario, clock: Clock, say: Callable[[str], None]) -> None:
        self._scenario = scenario
        self._clock = clock
        self._say = say
        self._watched: list[_Watched] = []
        self._origin_ns = 0
        self._news_due_ns = 0

    def __enter__(self) -> Self:
        """Do nothing yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Look no more: there may be nobody who wants to know."""
        for each in self._watched:
            each.watch.stop()

    def begin(self, own: Mapping[str, str]) -> None:
        """Read everything for the first time, and go on.

        Args:
            own: ``host:port`` of the pages of the targets that have a stand-in.

        Raises:
            TargetError: what is required cannot be read.
        """
        for name, target in self._scenario.targets.items():
            asked = target.observe
            if asked is None:
                continue
            for reader in readers(target, own.get(name), self._clock):
                watch = Watch(reader, asked.every_ns, self._clock)
                self._watched.append(_Watched(name, watch, asked.required))
        for each in self._watched:
            each.watch.start()
        for each in self._watched:
            why = each.watch.first(FIRST_WITHIN_S)
            if why and each.required:
                raise TargetError(f"{each.target}: {each.watch.name} {why}; it is `required:`")
            if why:
                self._say(f"{each.target}: {each.watch.name} {why}")

    def went(self, origin_ns: int) -> None:
        """Take note of the instant at which the load begins."""
        self._origin_ns = self._news_due_ns = origin_ns

    def lately(self) -> tuple[tuple[Glance, ...], ...]:
        """Return what was read in the last while, by target; empty if nothing is."""
        return self._by_target(
            lambda each: each.watch.lately(_while_ns(each) // each.watch.every_ns, self._origin_ns)
        )

    def news(self) -> tuple[tuple[Source, ...], ...]:
        """Return what was read since this last told of anything, by target.

        Not more often than every few seconds, so that names are told more seldom than numbers;
        empty in between, and if nothing is read.
        """
        now_ns = self._clock.now_ns()
        if not self._watched or now_ns < self._news_due_ns:
            return ()
        self._news_due_ns = now_ns + NEWS_EVERY_NS

        def piece(each: _Watched) -> Source:
            found = each.watch.since(each.told, self._origin_ns)
            each.told += found.readings
            return found

        return self._by_target(piece)

    def _by_target(self, told: Callable[[_Watched], Told]) -> tuple[tuple[Told, ...], ...]:
        watched = self._watched
        if not watched:
            return ()
        return tuple(
            tuple(told(each) for each in watched if each.target == name)
            for name in self._scenario.targets
        )

    def end(self) -> tuple[tuple[Source, ...], ...]:
        """Read everything for the last time; return all that was read, by target."""
        if not self._watched:
            return ()
        for each in self._watched:
            each.watch.stop()
        until_ns = self._clock.now_ns() + int(LAST_WITHIN_S * NS_PER_S)
        found: dict[str, list[Source]] = {name: [] for name in self._scenario.targets}
        for each in self._watched:
            left_s = max(0.0, (until_ns - self._clock.now_ns()) / NS_PER_S)
            found[each.target].append(each.watch.end(self._origin_ns, left_s))
        self._watched = []
        return tuple(map(tuple, found.values()))


def _while_ns(of: _Watched) -> int:
    return SELDOM_NS if of.watch.kind in EXPORTERS else LATELY_NS


def readers(target: Target, own: str | None, clock: Clock) -> list[Reader]:
    """Return what reads everything that a target wants observed.

    Args:
        target: the target.
        own: ``host:port`` of its stand-in's page, if it has one.
        clock: the clock.
    """
    asked = target.observe
    if asked is None:
        return []
    found: list[Reader] = [
        Page(url, clock, PATIENCE_NS, emulated=target.stand_in is not None and own is not None)
        for url in asked.pages(target.server or "", own)
    ]
    if asked.gpu == STAND_IN:
        found.append(emulated(own or "", clock, PATIENCE_NS))
    elif asked.gpu == "nvml":
        found.append(Nvml(library, clock))
    elif asked.gpu is not None:
        found.append(Smi(asked.gpu, command_of(asked.gpu), asked.every_ns, clock))
    if asked.host is not None:
        found.append(Host(clock))
    return found
