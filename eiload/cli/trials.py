"""Trials of a capacity search: each is Locust with the package's locustfile, headless, once.

What it knows: Locust's command line, processes and signals, where a trial's files lie. What it must
not know: Locust's modules; which trial is next; what a trial shows (its run file says so; of what
it prints a reader is shown the newest line, and nothing is made of it).

A trial is a process in a session of its own: a Ctrl-C at the terminal reaches the search alone,
which hands it on and waits for what was measured, as Locust does by itself. A trial ends with its
search even if that one is killed: by the kernel on Linux (`base.tied`). Its scenario
is a file in a private folder that goes with it, because there may be secrets in it.

Between trials the queues drain: a run waits for its last answers, and the next one's first request,
which a server of one queue answers after all that is in it, comes before its load.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eiload.base.errors import EngineError, OutputError, ScenarioError, TargetError
from eiload.base.files import tail
from eiload.base.tied import tying
from eiload.cli.locustfile import PATH
from eiload.record import run as run_files
from eiload.record.run import Run
from eiload.report.trial_log import TAIL_BYTES, called, log_of, newest
from eiload.scenario import Scenario
from eiload.scenario.trial import written

__all__ = ["Ended", "Place", "Tell", "run_trial", "unused"]

STEP_S = 0.2
"""How often it is looked whether a trial has ended."""

Tell = Callable[[float, str], object]
"""Told every now and then for how long a trial has been going on, s, and how it goes if it says."""

KILL_AFTER_S = 20.0
"""How long a trial has to end after a third signal."""

NOT_FOR_TRIALS = re.compile(
    "GITHUB_STEP_SUMMARY|LOCUST_(SCENARIO|REPORT_.*|UNTIL_DECIDED|RUN_TIME|HTML|CSV|JSON.*|OTLP.*"
    "|PROMETHEUS|EXIT_STATUS|HOST|USERS|HEADLESS|AUTOSTART|LOCUSTFILE)"
)
"""Variables of the environment that would be of every trial, and are of none: what is sent, for how
long, and where reports go."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where trials leave their files, and what all of them are told."""

    folder: Path
    options: Sequence[str] = ()
    """Further options of Locust."""
    keep: Sequence[int] = ()
    """Descriptors that a trial inherits."""

    def run_file(self, number: int) -> Path:
        """Return where a trial's run file is."""
        return self.folder / f"{called(number)}.json"

    def log(self, number: int) -> Path:
        """Return where a trial's output is."""
        return self.folder / log_of(number)


@dataclass(frozen=True, slots=True)
class Ended:
    """A trial that has ended by itself."""

    run: Run | None
    """None if it did not come to be."""
    took_s: float
    error: OutputError | ScenarioError | TargetError | EngineError | None = None
    """Why it did not; whoever says so says of which trial."""


def run_trial(trial: Scenario, number: int, tell: Tell, place: Place) -> Ended:
    """Run a trial to its end.

    Args:
        trial: what it does.
        number: which of the search it is.
        tell: told every now and then how it goes.
        place: where.

    Raises:
        OutputError: its files cannot be written.
        KeyboardInterrupt, SystemExit: a signal ended it, after it had ended.
    """
    began_s = time.monotonic()
    run_file, log = place.run_file(number), place.log(number)
    with tempfile.TemporaryDirectory(prefix="eiload-") as private:
        scenario = Path(private, f"{called(number)}.yaml")
        try:
            scenario.write_text(written(trial), encoding="utf-8")
            run_file.unlink(missing_ok=True)  # of a trial of this number that was killed
            output = log.open("wb")
        except OSError as error:
            raise OutputError(f"{place.folder}: cannot be written: {error.strerror}") from error
        command = [
            *(
                sys.executable,
                "-m",
                "eiload.plugin.command",
                "-f",
                str(PATH),
                "--headless",
                "--only-summary",
            ),
            *("--scenario", str(scenario), "--report-json", str(run_file)),
            *place.options,
        ]
        with output:
            status = _followed(
                command,
                output.fileno(),
                place.keep,
                lambda: tell(time.monotonic() - began_s, newest(tail(log, TAIL_BYTES))),
            )
    took_s = time.monotonic() - began_s
    if run_file.exists():
        return Ended(run_files.load(run_file), took_s)
    return Ended(None, took_s, _why(status, log))


def _followed(
    command: Sequence[str],
    output: int,
    keep: Sequence[int],
    tell: Callable[[], object],
) -> int:
    """Run a command until it ends, or a signal ends it; return its status."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=_environment(os.environ),
        pass_fds=keep,
        start_new_session=True,
        preexec_fn=tying(),  # noqa: PLW1509  # no other thread is there
    )
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(STEP_S)
            tell()
    except BaseException:
        _end(process)
        raise


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a trial in the way of Locust: a first signal drains, a second ends that, a third all."""
    process.send_signal(signal.SIGINT)
    for _ in range(2):
        try:
            process.wait()
        except (KeyboardInterrupt, SystemExit):
            process.send_signal(signal.SIGINT)
        else:
            return
    try:
        process.wait(KILL_AFTER_S)
    except BaseException:  # another signal, or it does not end
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


def unused(environ: Mapping[str, str]) -> list[str]:
    """Return the names of variables that trials do without, whoever set them."""
    return sorted(
        name for name, value in environ.items() if value and NOT_FOR_TRIALS.fullmatch(name)
    )


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not NOT_FOR_TRIALS.fullmatch(name)}


def _why(status: int, log: Path) -> OutputError | ScenarioError | TargetError | EngineError:
    """Return why a trial has left no run file: its status says what kind, its log's last words."""
    kinds = (ScenarioError, TargetError, OutputError)
    kind = next((each for each in kinds if each.exit_status == status), EngineError)
    said = [line for line in _lines(log) if line.startswith("eiload: ")]
    last = said[-1].removeprefix("eiload: ") if said else f"ended with status {status}, see {log}"
    return kind(last)


def _lines(log: Path) -> list[str]:
    try:
        return log.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
