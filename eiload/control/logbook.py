"""A run's journal, kept while its load is on.

What it knows: when the journal is written, what happens when it cannot be. What it must not know:
its form (`record.journal`), how a run stands. The journal is for the case that this process is
killed; a run goes on without.
"""

from collections.abc import Callable
from dataclasses import replace

from eiload.base.clock import NS_PER_S
from eiload.base.errors import OutputError
from eiload.record.intervals import Intervals
from eiload.record.journal import Journal, State
from eiload.record.observed import Source
from eiload.record.run import Run

__all__ = ["Logbook"]

EVERY_NS = NS_PER_S
"""How often what was reported is added to the journal."""


class Logbook:
    """Keeps a journal, if there is one.

    Args:
        journal: the journal.
        say: told when it can be kept no longer.
        news: returns what was read beside the load since it was last asked.
    """

    def __init__(
        self,
        journal: Journal | None,
        say: Callable[[str], None],
        news: Callable[[], tuple[tuple[Source, ...], ...]] = tuple,
    ) -> None:
        self._journal = journal
        self._say = say
        self._news = news
        self._counts: list[Intervals] = []
        self._written_ns = 0

    def begin(self, run: Run, *, driven: bool) -> None:
        """Begin with a run that has no counts yet."""
        self._write(lambda journal: journal.begin(run, driven=driven))

    def add(self, counts: Intervals) -> None:
        """Take counts; they are written with the next line."""
        if self._journal is not None:
            self._counts.append(counts)

    def keep(self, now_ns: int, state: Callable[[], State]) -> None:
        """Write what was counted since the last line, if that is long enough ago.

        Args:
            now_ns: the offset from the start of the load.
            state: returns how the run stands.
        """
        if self._journal is None or now_ns < self._written_ns + EVERY_NS:
            return
        self._written_ns = now_ns
        counts = [Intervals.merge(self._counts).to_bytes()] if self._counts else []
        self._counts = []
        stands = replace(state(), observed=self._news())
        self._write(lambda journal: journal.append(stands, counts))

    def _write(self, write: Callable[[Journal], None]) -> None:
        if self._journal is not None:
            try:
                write(self._journal)
            except OutputError as error:
                self._say(f"{error}; the run goes on without its journal")
                self._journal = None
