"""The runs of this session that have ended: listed, shown again, compared.

What it knows: outcomes, and the forms they are shown in. What it must not know: HTTP, how a run is
made. They are kept in memory, the last ones only: who wants to keep a run takes its file.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from eiload.base.clock import NS_PER_S
from eiload.base.errors import ScenarioError
from eiload.plugin.outcome import Outcome
from eiload.report import render, words

__all__ = ["Kept", "Session"]

RUNS_AT_MOST = 20
BYTES_AT_MOST = 256_000_000
"""Of all counts that are kept; those of a day's run at 1,000 requests/s take more by themselves."""

TONES = {0: "good", 1: "bad", 3: "open"}


@dataclass(frozen=True, slots=True)
class Kept:
    """A run that has ended, or could not begin."""

    number: int
    name: str
    ended_wall_ns: int
    outcome: Outcome

    @property
    def size_bytes(self) -> int:
        """Return about how much memory it takes."""
        run = self.outcome.run
        return run.intervals.keys.nbytes * 2 + run.intervals.sums.nbytes * 4 if run else 0

    @property
    def tone(self) -> str:
        """Return the class of what came of it: good, bad or open."""
        return TONES.get(self.outcome.exit_status, "bad")

    @property
    def summary(self) -> str:
        """Return the line that says what came of it."""
        judgement = self.outcome.judgement
        return judgement.summary if judgement is not None else self.outcome.error


class Session:
    """The runs of one Locust process."""

    def __init__(self) -> None:
        self._kept: deque[Kept] = deque()
        self._last = 0
        self._made: dict[tuple[int, str], str] = {}

    def add(self, name: str, outcome: Outcome, ended_wall_ns: int) -> Kept:
        """Keep a run; the oldest go when there are too many."""
        self._last += 1
        self._kept.append(Kept(self._last, name, ended_wall_ns, outcome))
        while len(self._kept) > RUNS_AT_MOST or (
            len(self._kept) > 1 and sum(each.size_bytes for each in self._kept) > BYTES_AT_MOST
        ):
            self._kept.popleft()
        self._made.clear()
        return self._kept[-1]

    def rows(self) -> list[dict[str, Any]]:
        """Return what a list of them says, the latest first."""
        return [
            {
                "number": each.number,
                "name": words.safe(each.name, 60),
                "ended": f"{datetime.fromtimestamp(each.ended_wall_ns // NS_PER_S, UTC):%H:%M:%S}",
                "summary": words.safe(each.summary, 300),
                "tone": each.tone,
                "status": each.outcome.exit_status,
                "targets": [words.safe(target.name, 60) for target in each.outcome.run.targets]
                if each.outcome.run
                else [],
            }
            for each in reversed(self._kept)
        ]

    def shown(self, number: int, form: str) -> str | None:
        """Return a run in one of the reports' forms; None if it is not kept or never was one."""
        kept = self._find(number)
        if kept is None or kept.outcome.run is None or kept.outcome.judgement is None:
            return None
        run, judgement = kept.outcome.run, kept.outcome.judgement
        return self._once(number, form, lambda: render(form, run, judgement))

    def _once(self, number: int, form: str, make: Callable[[], str]) -> str:
        """Make a page once, however many ask for it."""
        if (text := self._made.get((number, form))) is None:
            if len(self._made) >= 4:  # pages of long runs have some hundred kB
                self._made.clear()
            text = self._made[number, form] = make()
        return text

    def compared(self, baseline: tuple[int, int], candidate: tuple[int, int]) -> str:
        """Return the comparison of two targets of one run or of two, as a page.

        Args:
            baseline: the run's number and the target's.
            candidate: likewise.

        Raises:
            ScenarioError: these must not be compared, or are not kept.
        """
        from eiload.judging.compare.comparable import Named  # noqa: PLC0415
        from eiload.judging.compare.files import compare_runs  # noqa: PLC0415
        from eiload.judging.judgement import status_of  # noqa: PLC0415
        from eiload.report import against  # noqa: PLC0415
        from eiload.report.html.sections import page  # noqa: PLC0415

        names: list[str] = []
        files: list[Named] = []
        for number, target in (baseline, candidate):
            kept = self._find(number)
            run = kept.outcome.run if kept is not None else None
            if kept is None or run is None or not 0 <= target < len(run.targets):
                raise ScenarioError(f"run {number} is not kept, or has no such target")
            names.append(run.targets[target].name)
            if baseline[0] != candidate[0] or not files:
                files.append(Named(f"run {number} ({words.safe(kept.name, 60)})", run))
        found = compare_runs(files, baseline=names[0], candidate=names[1])
        emulated = any(each.run.emulated for each in files)
        said = f"emulated: {found.statement}" if emulated else found.statement
        title = " and ".join(each.name for each in files)
        tone = TONES.get(status_of(found), "bad")
        return page(title, said, tone, against.sections(found, emulated=emulated, parts=True))

    def _find(self, number: int) -> Kept | None:
        return next((each for each in self._kept if each.number == number), None)
