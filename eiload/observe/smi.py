"""GPUs by nvidia-smi: on another machine by ssh, or below a command, where there is no NVML.

What it knows: nvidia-smi's fields and its CSV (its manual page; NVIDIA does not promise that the
text stays so). One process is started and says its numbers again and again (``--loop-ms``): to log
in once a second would cost more than what is measured.

A field that a driver does not know makes the whole command fail, and why clocks are low has had two
names. So it is found out first, by one call each, what can be asked for.
"""

import contextlib
import csv
import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Sequence

from eiload.base.clock import NS_PER_MS, NS_PER_S, Clock
from eiload.observe.pages import Values
from eiload.observe.reader import Reading, UnreadableError

__all__ = ["Smi", "command_of"]

MIB = float(1 << 20)

FIELDS: dict[str, tuple[str, float]] = {
    "utilization.gpu": ("gpu_use", 1.0),
    "memory.used": ("gpu_memory_bytes", MIB),
    "memory.total": ("gpu_memory_total_bytes", MIB),
    "power.draw": ("gpu_power_w", 1.0),
    "clocks.sm": ("gpu_sm_mhz", 1.0),
    "clocks.max.sm": ("gpu_sm_most_mhz", 1.0),
    "temperature.gpu": ("gpu_temperature_c", 1.0),
}
"""Our name for each field, and how much one of its units is."""

REASONS = ("clocks_event_reasons.active", "clocks_throttle_reasons.active")
"""Why clocks are low: since driver 535, and before. A hexadecimal mask of NVML's bits."""

FIRST_WITHIN_S = 20.0
"""For a login and the driver's start, which takes seconds without a persistence daemon."""

END_WITHIN_S = 2.0


def command_of(gpu: str) -> list[str]:
    """Return the command that runs nvidia-smi where a scenario's `gpu` says, without its options.

    ssh asks nobody for a password: there may be nobody.
    """
    word, _, rest = gpu.partition(" ")
    if word == "ssh":
        return ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "--", rest, "nvidia-smi"]
    return [*shlex.split(rest), "nvidia-smi"]


class Smi:
    """Reads all GPUs that an nvidia-smi tells of.

    Args:
        name: what to call it.
        command: runs it, without its options.
        every_ns: how often it is to say its numbers.
        clock: the clock.
    """

    emulated = False

    def __init__(self, name: str, command: Sequence[str], every_ns: int, clock: Clock) -> None:
        self.name = name
        self._command = list(command)
        self._every_ns = every_ns
        self._clock = clock
        self._process: subprocess.Popen[str] | None = None
        self._latest: Reading | None = None
        self._given: Reading | None = None
        self._came = threading.Condition()
        self._fields: list[str] = []
        self._gpus = 1
        self._ended = False

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(END_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            with contextlib.suppress(OSError):
                if process.stdout is not None:
                    process.stdout.close()

    def read(self) -> Reading:
        """Return the numbers that came last, once.

        Raises:
            UnreadableError: none have come since the last reading.
        """
        if self._process is None:
            self._begin()
        patience_s = FIRST_WITHIN_S if self._latest is None else self._every_ns / NS_PER_S
        with self._came:
            given = self._given
            self._came.wait_for(lambda: self._latest is not given or self._ended, patience_s)
            found = self._given = self._latest
        if found is None or found is given:
            if self._ended:
                self.close()  # the next reading begins anew
                raise UnreadableError(f"{self._command[0]} has ended")
            raise UnreadableError(f"{self._command[0]} says nothing")
        return found

    def _begin(self) -> None:
        self._fields = self._known_fields()
        self._ended = False
        loop = f"--loop-ms={max(1, self._every_ns // NS_PER_MS)}"
        self._process = subprocess.Popen(
            [*self._command, *_query(self._fields), loop],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        threading.Thread(target=self._listen, name="eiload-smi", daemon=True).start()

    def _known_fields(self) -> list[str]:
        """Return the fields that the driver knows.

        Raises:
            UnreadableError: it cannot even be asked for the first ones.
        """
        known, why = list(FIELDS), ""
        for more in ([REASONS[0]], [REASONS[1]], []):
            why = self._try([*known, *more])
            if not why:
                return [*known, *more]
        raise UnreadableError(why)

    def _try(self, fields: list[str]) -> str:
        """Return why fields cannot be asked for; nothing if they can."""
        try:
            done = subprocess.run(
                [*self._command, *_query(fields)],
                capture_output=True, text=True, timeout=FIRST_WITHIN_S, check=False,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except OSError as error:
            return f"{self._command[0]}: {error.strerror}"
        except subprocess.TimeoutExpired:
            return f"{self._command[0]}: no answer within {FIRST_WITHIN_S:g} s"
        self._gpus = sum(parsed(line, fields) is not None for line in done.stdout.splitlines())
        said = (done.stderr or done.stdout).strip().splitlines()
        return f"{self._command[0]}: {said[-1] if said else done.returncode}" * bool(
            done.returncode
        )

    def _listen(self) -> None:
        """Take what the process says, line by line, until it ends."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        values: Values = {}
        at_ns = 0
        with contextlib.suppress(ValueError, OSError):  # closed while it was read
            for line in process.stdout:
                found = parsed(line, self._fields)
                if found is None:
                    continue
                if values.keys() & found.keys():  # the first GPU again: the next round
                    values = {}
                at_ns = at_ns if values else self._clock.now_ns()
                values = {**values, **found}
                if len({labels for _, labels in values}) >= self._gpus:
                    self._give(at_ns, values)
                    values = {}
        with self._came:
            self._ended = True
            self._came.notify_all()

    def _give(self, at_ns: int, values: Values) -> None:
        begun_ns = time.thread_time_ns()
        mark = tuple(values.items())
        cpu_ns = time.thread_time_ns() - begun_ns
        with self._came:
            self._latest = Reading(at_ns, 0, cpu_ns, "gpu", values, mark)
            self._came.notify_all()


def _query(fields: Sequence[str]) -> list[str]:
    return [f"--query-gpu=uuid,name,{','.join(fields)}", "--format=csv,noheader,nounits"]


def parsed(line: str, fields: Sequence[str]) -> Values | None:
    """Return what a line says of its GPU; None of one that says nothing.

    What a GPU does not support is ``[N/A]``, and left out.
    """
    cells = [cell.strip() for cell in next(csv.reader([line]), [])]
    if len(cells) != len(fields) + 2 or not cells[0]:
        return None
    labels = (("gpu", cells[0]), ("name", cells[1]))
    values: Values = {}
    for field, text in zip(fields, cells[2:], strict=True):
        name, scale = FIELDS.get(field, ("gpu_reasons", 1.0))
        number = _number(text)
        if number is not None:
            values[name, labels] = number * scale
    return values or None


def _number(text: str) -> float | None:
    convert: Callable[[str], float] = (lambda t: float(int(t, 16))) if text[:2] == "0x" else float
    try:
        return convert(text)
    except ValueError:
        return None
