"""What a run leaves behind: an exit status, report files, words on the terminal.

What it knows: judging, the forms of reports, where they go. What it must not know: Locust,
gevent, how the run came about. Judging and layout are imported when a run has ended: a worker
never needs them, and ``--help`` is quicker without.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from eiload.console import emit, say
from eiload.errors import EiloadError, OutputError
from eiload.files import write_whole
from eiload.result import Status
from eiload.run import Run

if TYPE_CHECKING:
    from eiload.judgement import Judgement

__all__ = ["Outcome"]

SIGNAL_STATUS = {"SIGINT": 130, "SIGTERM": 143}

ORDER = (2, 4, 130, 143, 5, 6, 1, 3, 0)
"""Exit statuses; when several hold, the first of these counts."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    exit_status: int
    run: Run | None = None
    judgement: "Judgement | None" = None

    @classmethod
    def of_error(cls, error: EiloadError | None, signals: Sequence[str]) -> Self:
        """Return the outcome of a run that did not come to be."""
        status = error.exit_status if error is not None else 5
        return cls(_first({status, *(SIGNAL_STATUS[signal] for signal in signals)}))

    @classmethod
    def of(
        cls,
        run: Run,
        signals: Sequence[str],
        *,
        reports: Mapping[str, Path],
        undecided_ok: bool,
        status_on_errors: int,
    ) -> Self:
        """Judge a run and write its report files.

        Args:
            run: the run.
            signals: names of the signals that ended it.
            reports: where to write which form.
            undecided_ok: whether undecided is good enough.
            status_on_errors: exit status of a run without objectives some of whose requests failed
                (Locust's ``--exit-code-on-error``).
        """
        from eiload.judgement import judge  # noqa: PLC0415
        from eiload.report import render  # noqa: PLC0415

        judgement = judge(run, undecided_ok=undecided_ok)
        statuses = {judgement.exit_status, *(SIGNAL_STATUS[signal] for signal in signals)}
        if not run.scenario.objectives and run.scenario.compare is None and _failures(run):
            statuses.add(status_on_errors)
        for form, path in reports.items():
            try:
                write_whole(path, render(form, run, judgement, undecided_ok=undecided_ok))
            except OutputError as error:
                say(str(error))
                statuses.add(error.exit_status)
        if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
            try:
                with Path(summary).open("a", encoding="utf-8") as file:
                    file.write(render("markdown", run, judgement, undecided_ok=undecided_ok))
            except OSError as error:
                say(f"GITHUB_STEP_SUMMARY {summary}: cannot be written: {error.strerror}")
                statuses.add(OutputError.exit_status)
        return cls(_first(statuses), run, judgement)

    def show(self) -> None:
        """Print the report; nothing if the run did not come to be (the error has been said)."""
        from eiload.report import terminal  # noqa: PLC0415

        if self.run is not None and self.judgement is not None:
            look = terminal.look_of(sys.stdout, os.environ)
            emit("\n" + terminal.render(self.run, self.judgement, look))


def _first(statuses: set[int]) -> int:
    """Return the exit status that counts when several hold; one of Locust's own comes last."""
    return next((status for status in ORDER if status in statuses and status), max(statuses))


def _failures(run: Run) -> int:
    return sum(
        count
        for target in range(len(run.targets))
        for status, count in run.statuses(target, run.phases()).items()
        if status is not Status.OK
    )
