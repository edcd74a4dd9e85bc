"""Where the runs of one process write: no two outputs to one place, none over an earlier run's.

What it knows: our report options, Locust's that name files, what a path leads to. What it must not
know: what is written, when. Devices and pipes (/dev/null, /dev/stdout) take more than one output
and every run's.
"""

import contextlib
import os
from collections.abc import Callable, Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from eiload.base.errors import ScenarioError
from eiload.base.files import check_folder, check_writable, rewritable
from eiload.record.journal import beside
from eiload.report import TABLES

__all__ = ["SUMMARY", "Output", "Outputs", "of_locust", "read_by_locust"]

SUMMARY = "GITHUB_STEP_SUMMARY"
"""Environment variable with the page that GitHub's CI shows of a step; reports are added to it."""

FOLDER = "csv"
"""The form of report that is a folder of files."""

CSV = ("stats", "stats_history", "failures", "exceptions")
"""What Locust adds to ``--csv``'s prefix."""


WRITTEN_LAST = ("--html", "--json-file")
"""Options of files that Locust writes when a run has ended: an error there takes its own last words
and ours."""


class Output(NamedTuple):
    """A file that an option names."""

    option: str
    path: Path


class Outputs:
    """The report files of the runs of one process.

    Args:
        reports: where to write which form, for the first run.
        others: whatever else is written.
        inputs: what is read, and must still be there afterwards.

    Raises:
        ScenarioError: one cannot be written, or would be written over another.
    """

    def __init__(
        self,
        reports: Mapping[str, Path],
        others: Iterable[Output] = (),
        inputs: Iterable[Output] = (),
    ) -> None:
        self.given = dict(reports)
        """The first run's."""
        self._others = list(others)
        self._taken: set[Hashable] = set()
        for form, path in self.given.items():
            if form == FOLDER:
                _check(f"--report-{form}", path, check_folder)
        for option, path in self._of(self.given):
            if path.parent.is_dir() or option != f"--report-{FOLDER}":
                _check(option, path)
        for option, path in self._others:
            if option == SUMMARY:
                _check_addable(option, path)
            elif option in WRITTEN_LAST:
                _check_below(option, path)
        self._refuse_shared(inputs)

    def _refuse_shared(self, inputs: Iterable[Output]) -> None:
        ours: dict[Hashable, str] = {}
        for option, path in self._of(self.given):
            for place in _places(path):
                if (other := ours.setdefault(place, option)) != option:
                    raise ScenarioError(_shared(other, option, path))
        for option, path in self._others:
            if other := next((ours[place] for place in _places(path) if place in ours), ""):
                raise ScenarioError(_shared(other, option, path))
            self._taken |= _places(path)
        for option, path in inputs:
            if other := next((ours[place] for place in _places(path) if place in ours), ""):
                raise ScenarioError(
                    f"{other} would overwrite {path}, which {option} reads; give it another file"
                )

    def take(self) -> dict[str, Path]:
        """Return where the next run writes which form: names that nobody else has.

        The first run gets the names that were given, whatever they hold; a later one the first
        number of which no file is there.
        """
        number = 1
        while not self._are_free(paths := self._numbered(number), number):
            number += 1
        self._taken |= self._all(paths)
        return paths

    def give_back(self, paths: Mapping[str, Path]) -> None:
        """Take note that a run has written nothing."""
        self._taken -= self._all(paths)

    def _numbered(self, number: int) -> dict[str, Path]:
        if number == 1:
            return dict(self.given)
        return {form: _another(form, path, number) for form, path in self.given.items()}

    def _are_free(self, paths: Mapping[str, Path], number: int) -> bool:
        files = [path for _, path in self._of(paths) if rewritable(path)]
        there = number > 1 and any(os.path.lexists(path) for path in files)
        return not there and self._taken.isdisjoint(self._all(paths))

    def _all(self, paths: Mapping[str, Path]) -> set[Hashable]:
        return {place for _, path in self._of(paths) for place in _places(path)}

    def _of(self, paths: Mapping[str, Path]) -> list[Output]:
        """Return what is written for these reports."""
        written = [
            Output(f"--report-{form}", file)
            for form, path in paths.items()
            for file in ([path / name for name in TABLES] if form == FOLDER else [path])
        ]
        if (run_file := paths.get("json")) is not None and rewritable(run_file):
            written.append(Output("--report-json's journal", beside(run_file)))
        return written


def _another(form: str, path: Path, number: int) -> Path:
    """Return the path with a number in it; a device's is as it was."""
    if form == FOLDER:
        return path.with_name(f"{path.name}-{number}")
    return path.with_name(f"{path.stem}-{number}{path.suffix}") if rewritable(path) else path


def of_locust(options: Any, environ: Mapping[str, str]) -> list[Output]:
    """Return what is written beside our reports.

    Args:
        options: Locust's parsed options.
        environ: the environment.
    """
    found = [Output("--logfile", Path(options.logfile))] if options.logfile else []
    if options.html_file:
        name = options.html_file
        for mark, value in (
            ("{u}", options.num_users or 1),
            ("{r}", options.spawn_rate or 1),
            ("{t}", options.run_time),
        ):
            name = name.replace(mark, f"{value:g}") if value is not None else name
        found.append(Output("--html", Path(name)))
    if options.csv_prefix:
        found += [Output("--csv", Path(f"{options.csv_prefix}_{what}.csv")) for what in CSV]
    if options.json_file:
        found.append(Output("--json-file", Path(f"{options.json_file}.json")))
    if environ.get(SUMMARY):
        found.append(Output(SUMMARY, Path(environ[SUMMARY])))
    return found + _streams()


def _streams() -> list[Output]:
    """Return the files that standard output and error are redirected to."""
    found = []
    for number, name in ((1, "standard output"), (2, "standard error")):
        with contextlib.suppress(OSError):  # a system without /proc
            path = Path(f"/proc/self/fd/{number}").readlink()
            if path.is_file():
                found.append(Output(name, path))
    return found


def read_by_locust(options: Any) -> list[Output]:
    """Return the files that Locust's options, and ours beside a scenario, have it read."""
    found = []
    for name in filter(None, str(options.locustfile or "").split(",")):
        path = Path(name)
        found.append(Output("--locustfile", path if path.exists() else Path(f"{name}.py")))
    return found + [Output("--image", Path(name)) for name in options.image or ()]


def _places(path: Path) -> set[Hashable]:
    """Return what tells a file from others, by whatever path; nothing for a device or a pipe."""
    if not rewritable(path):
        return set()
    places: set[Hashable] = {os.path.realpath(path)}
    with contextlib.suppress(OSError):  # nothing there yet
        found = path.stat()
        places.add((found.st_dev, found.st_ino))  # it may have more names (hard links)
    return places


def _shared(one: str, other: str, path: Path) -> str:
    return f"{one} and {other} both write {path}; give each a file of its own"


def _check(option: str, path: Path, check: Callable[[Path], None] = check_writable) -> None:
    try:
        check(path)
    except OSError as error:
        raise ScenarioError(f"{option} {path}: cannot be written: {error.strerror}") from error


def _check_below(option: str, path: Path) -> None:
    """Look whether a file can be written whose folders are made."""
    there = next(each for each in path.absolute().parents if os.path.lexists(each))
    _check(option, path, lambda path: check_writable(there / path.name))


def _check_addable(option: str, path: Path) -> None:
    if not (path.is_file() and os.access(path, os.W_OK)):
        _check(option, path)
