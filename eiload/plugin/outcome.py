"""What a run leaves behind: an exit status, report files, words on the terminal.

What it knows: judging, the forms of reports, where they go. What it must not know: Locust,
gevent, how the run came about. Judging and layout are imported when a run has ended: a worker
never needs them, and ``--help`` is quicker without.
"""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from eiload.base.console import aside, emit, say
from eiload.base.errors import EiloadError, EngineError, OutputError
from eiload.base.files import rewritable, write_files, write_whole
from eiload.plugin.delivery import Way
from eiload.plugin.others import NOBODY, Others
from eiload.record.run import Run, save
from eiload.record.stopping import SIGNALS

if TYPE_CHECKING:
    from eiload.judging.judgement import Judgement

__all__ = ["BELOW_LOCUSTS", "Outcome"]

BELOW_LOCUSTS = """\
* Locust's tables above have other numbers than eiload's report: they count the warm-up too,
  a failed request with the time it took to fail, and keep two digits of each time."""
"""A footnote to Locust's own tables, which are on stderr."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    own_status: int
    """The exit status that our requests and what became of them make."""
    run: Run | None = None
    own: "Judgement | None" = None
    """The judgement on them."""
    written: tuple[str, ...] = ()
    """The forms of report that are in their files."""
    others: Others = NOBODY
    """What else has happened in Locust."""
    error: str = ""
    """Why the run did not come to be; empty if it did."""

    @property
    def exit_status(self) -> int:
        """Return the exit status, in view of others as well."""
        return self.others.worse(self.own_status)

    @property
    def judgement(self) -> "Judgement | None":
        """Return the judgement, with what is to be said of others; None if there was no run."""
        if self.own is None:
            return None
        return replace(
            self.own,
            exit_status=self.others.worse(self.own.exit_status),
            summary=self.others.after(self.own.summary),
        )

    def beside(self, others: Others) -> Self:
        """Return it in view of what others have done by now."""
        return replace(self, others=others)

    def after(self, signals: Sequence[str]) -> Self:
        """Return it in view of the signals by now.

        One to a whole group may be with the workers before it is with their master, and a run that
        did not come to be as they had left was ended by it all the same.
        """
        if self.run is not None or not signals:
            return self
        from eiload.judging.judgement import first_of  # noqa: PLC0415

        of_signals = (SIGNALS[signal] for signal in signals)
        return replace(self, own_status=first_of(self.own_status, *of_signals))

    @classmethod
    def of_error(cls, error: EiloadError | None, signals: Sequence[str]) -> Self:
        """Return the outcome of a run that did not come to be."""
        from eiload.judging.judgement import first_of  # noqa: PLC0415

        status = error.exit_status if error is not None else EngineError.exit_status
        why = str(error) if error is not None else "no reason was given"
        return cls(first_of(status, *(SIGNALS[signal] for signal in signals)), error=why)

    @classmethod
    def of(
        cls,
        run: Run,
        signals: Sequence[str],
        *,
        reports: Mapping[str, Path],
        undecided_ok: bool,
        status_on_errors: int,
        others: Others = NOBODY,
        ways: Iterable[Way] = (),
    ) -> Self:
        """Judge a run and write its report files.

        Args:
            run: the run.
            signals: names of the signals that ended it.
            reports: where to write which form.
            undecided_ok: whether undecided is good enough.
            status_on_errors: exit status of a run without objectives some of whose requests failed
                (Locust's ``--exit-code-on-error``).
            others: what others have done by now.
            ways: where else to take which form.
        """
        from eiload.judging.judgement import first_of, judge  # noqa: PLC0415

        more = [SIGNALS[signal] for signal in signals]
        written = []
        # What was measured is safe before anything is made of it.
        if (path := reports.get("json")) is not None and rewritable(path):
            try:
                save(path, run.to_json())
                written.append("json")
            except OutputError:
                pass  # it is tried again below, and told there
        own = judge(run, undecided_ok=undecided_ok)
        nothing_asked = not run.scenario.objectives and run.scenario.compare is None
        if own.exit_status == 1 and nothing_asked:
            # Locust's own rule holds.
            own = replace(own, exit_status=status_on_errors)
        judgement = cls(own.exit_status, run, own, others=others).judgement
        assert judgement is not None

        def rendered(form: str) -> str:
            from eiload.report import render  # noqa: PLC0415

            status = first_of(judgement.exit_status, *more) if more else judgement.exit_status
            so_far = replace(judgement, exit_status=status)
            return render(form, run, so_far, undecided_ok=undecided_ok)

        def tables() -> Mapping[str, str]:
            from eiload.report import csv  # noqa: PLC0415

            return csv.files(run, judgement)

        def wrote(what: str, write: Callable[[], object]) -> bool:
            try:
                write()
            except (OutputError, OSError) as error:
                told = str(error)
                if isinstance(error, OSError):
                    told = f"{what}: cannot be written: {error.strerror}"
                say(told)
                more.append(OutputError.exit_status)
            except Exception as error:  # a defect there must not take the other forms
                say(f"{what}: internal error: {type(error).__name__}: {error}")
                more.append(EngineError.exit_status)
            else:
                return True
            return False

        def go(way: Way) -> None:
            texts = tables() if way.form == "csv" else {"": rendered(way.form)}
            for name, text in texts.items():
                way.take(name, text)

        files = _files(reports)
        # Files come first, as delivering may take long; JUnit last: it tells what became of others.
        for way in sorted([*_summary(os.environ), *files, *ways], key=lambda w: w.form == "junit"):
            if wrote(way.what, partial(go, way)) and way in files and way.form not in written:
                written.append(way.form)
        status = first_of(own.exit_status, *more) if more else own.exit_status
        return cls(status, run, own, tuple(written), others)

    def show(self, *, to_stderr: bool = False, below_locusts: bool = False) -> int:
        """Print the report; nothing if the run did not come to be (the error has been said).

        Args:
            to_stderr: print it there, because stdout carries something else.
            below_locusts: Locust's own tables stand above it: say why their numbers differ.

        Returns:
            The exit status, which is another when the report could not be printed.
        """
        from eiload.judging.judgement import first_of  # noqa: PLC0415
        from eiload.report import terminal  # noqa: PLC0415

        if self.run is not None and self.judgement is not None:
            look = terminal.look_of(sys.stderr if to_stderr else sys.stdout, os.environ)
            try:
                text = "\n" + terminal.render(self.run, self.judgement, look)
                if below_locusts:
                    aside(BELOW_LOCUSTS)
                aside(text) if to_stderr else emit(text)
            except OutputError as error:
                say(str(error))
                return first_of(self.exit_status, error.exit_status)
            except Exception as error:  # a defect: the last line says what matters
                say(f"the report: internal error: {type(error).__name__}: {error}")
                say(self.judgement.summary)
                return first_of(self.exit_status, EngineError.exit_status)
        return self.exit_status


def _files(reports: Mapping[str, Path]) -> list[Way]:
    """Return the ways into the report files; tables go to a folder."""

    def taking(form: str, path: Path) -> Callable[[str, str], object]:
        if form == "csv":
            return lambda name, text: write_files(path, {name: text})
        return lambda _, text: write_whole(path, text)

    return [
        Way(f"--report-{form} {path}", form, taking(form, path)) for form, path in reports.items()
    ]


def _summary(environ: Mapping[str, str]) -> list[Way]:
    """Return the way to the page that CI shows of a step; none where there is none."""
    name = environ.get("GITHUB_STEP_SUMMARY")
    if not name:
        return []
    page = Path(name)
    return [Way(f"GITHUB_STEP_SUMMARY {name}", "markdown", lambda _, text: _append(page, text))]


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)
