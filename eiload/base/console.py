"""How eiload's commands speak: one-line errors, exit statuses, and output that may be cut short.

What it knows: stdout, stderr, signals, argparse. What it must not know: what any command does.

An error is one line on stderr, ``eiload: what is wrong; what to do``, and the exit status of its
class; a traceback is for ``--debug``. A reader that has seen enough (``| head``) is no error: the
command goes on in silence and its exit status says what it would have said. A result that cannot
be written for another reason is status 6. Output is never stopped by a terminal that lacks a
character (LANG=C): such a character is written as Python escapes it.
"""

import argparse
import contextlib
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, TextIO, TypeVar

from eiload.base.errors import EiloadError, OutputError

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

__all__ = [
    "Command",
    "Parser",
    "add_form",
    "also_to",
    "argument",
    "aside",
    "clear",
    "emit",
    "over",
    "run",
    "say",
    "told_to_end",
    "width",
]

T = TypeVar("T")

SIGINT_STATUS = 130
SIGTERM_STATUS = 143
"""What a shell reports of a process that these signals ended: 128 + their numbers."""

INTERNAL_STATUS = 5
"""A defect of eiload itself: nothing that it said can be trusted, as of an invalid run."""

OVER_AGAIN = "\r\x1b[K"
"""Goes back to the beginning of a terminal's line and empties it (ECMA-48: CR, EL)."""

WIDTH = 80
"""Of a terminal that does not say how wide it is."""

_logs: list[Callable[[int, str], object]] = []
_open = [False]
"""Whether the last line of the terminal is one that is written over."""

_told_to_end = threading.Event()


@dataclass(frozen=True, slots=True)
class Command:
    """One subcommand; what it needs is imported when it is chosen, so that ``--help`` is quick."""

    name: str
    purpose: str
    fill: "Callable[[argparse.ArgumentParser], None]"
    """Adds its arguments, description and epilog to a parser."""
    run: "Callable[[argparse.Namespace], int]"
    """Does it; returns the exit status."""
    hands_on: bool = False
    """What is said to it is another program's, and given to it as ``rest``.

    argparse's own way to that (REMAINDER) takes no options unless an argument comes before them.
    """


class Parser(argparse.ArgumentParser):
    """argparse with one-line errors, no abbreviated options, and our layout of help texts."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        kwargs.setdefault("allow_abbrev", False)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def print_help(self, file: "SupportsWrite[str] | None" = None) -> None:
        """Write the help; to stdout in a way that bears a reader who leaves (``| head``)."""
        if file is None:
            emit(self.format_help())
        else:
            super().print_help(file)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line in one line, and leave with status 2."""
        say(f"{message}; see '{self.prog} --help'")
        raise SystemExit(2)


def argument(parse: Callable[[object], T]) -> Callable[[str], T]:
    """Return a parser of `units` as argparse wants it: what it says of an error is shown."""

    def convert(text: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert


def say(message: str, level: int = logging.INFO) -> None:
    """Write every line of `message` to stderr, each marked as ours, and to a log if there is one.

    What is said is for a reader; if none is left (a closed pipe, a terminal that has gone), nobody
    misses it, and what goes on must not end because of it.
    """
    for line in message.splitlines() or [""]:
        with contextlib.suppress(OSError):
            _write(sys.stderr, f"eiload: {line}\n")
        for log in _logs:
            log(level, line)


def width() -> int:
    """Return how many columns the terminal has that is said to; 0 if there is none.

    A terminal that knows no controls (TERM=dumb) is none: a line on it cannot be written over.
    """
    try:
        if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
            return 0
        columns = os.environ.get("COLUMNS", "")
        if columns.isdecimal() and int(columns):
            return int(columns)
        return os.get_terminal_size(sys.stderr.fileno()).columns or WIDTH
    except (OSError, ValueError):  # it has gone, or stands for none
        return 0


def over(text: str, logged: str) -> None:
    """Write one line to the terminal that is said to, over the last one that was written so.

    Args:
        text: the line; it must fit (`width`).
        logged: what is said to a log, if there is one.
    """
    with contextlib.suppress(OSError):
        _write(sys.stderr, text)
        _open[0] = True
    for log in _logs:
        log(logging.INFO, logged)


def clear() -> None:
    """Empty the terminal's line if it is one that is written over: something else comes there."""
    if _open[0]:
        _open[0] = False
        with contextlib.suppress(OSError):
            sys.stderr.write(OVER_AGAIN)
            sys.stderr.flush()


def also_to(log: Callable[[int, str], object]) -> None:
    """Have everything that is said written to a log, too; once in a process."""
    _logs[:] = [log]


def aside(text: str) -> None:
    """Write `text` to stderr as it is: where stdout carries something else."""
    with contextlib.suppress(OSError):
        _write(sys.stderr, text if text.endswith("\n") else text + "\n")


def emit(text: str) -> None:
    """Write `text` to stdout.

    Raises:
        OutputError: it cannot be written, and not because its reader has gone.
    """
    try:
        _write(sys.stdout, text if text.endswith("\n") else text + "\n")
    except BrokenPipeError:
        # Python would fail once more when it flushes stdout at exit; see its documentation of
        # the signal module, "Note on SIGPIPE".
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(f"standard output: cannot be written: {error.strerror}") from error


def _write(stream: TextIO, text: str) -> None:
    clear()
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def run(program: Parser, commands: Sequence[Command], argv: Sequence[str]) -> int:
    """Parse `argv`, do what it says and return the exit status.

    Only the chosen command's parser is filled, which is why the choice is looked for first.
    """
    _told_to_end.clear()
    debug = "--debug" in argv
    program.add_argument("--debug", action="store_true", help="show tracebacks of errors")
    chosen = next((word for word in argv if not word.startswith("-")), "")
    words: Sequence[str] = argv
    rest: Sequence[str] = ()
    choices = program.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for command in commands:
        parser = choices.add_parser(command.name, help=command.purpose)
        parser.set_defaults(run=command.run)
        parser.add_argument("--debug", action="store_true", help="show tracebacks of errors")
        if command.name == chosen:
            command.fill(parser)
            words, rest = _split(argv, chosen) if command.hands_on else (words, rest)
    previous = signal.signal(signal.SIGTERM, _terminated)
    try:
        arguments = program.parse_args(words)
        if rest:
            arguments.rest = rest
        if arguments.command is None:
            program.error("no command given")
        status: int = SIGTERM_STATUS if told_to_end() else arguments.run(arguments)
    except EiloadError as error:
        if debug:
            traceback.print_exc()
        say(str(error))
        return error.exit_status
    except KeyboardInterrupt:
        return SIGINT_STATUS
    except Exception as error:
        if debug:
            traceback.print_exc()
        say(
            f"internal error: {type(error).__name__}: {error}; this is a defect of eiload, "
            "--debug shows where"
        )
        return INTERNAL_STATUS
    finally:
        signal.signal(signal.SIGTERM, previous)
    return status


def _split(argv: Sequence[str], chosen: str) -> tuple[list[str], list[str]]:
    """Return what is ours of a command line, the command and its own options, and the rest."""
    end = argv.index(chosen) + 1
    while end < len(argv) and argv[end] in {"-h", "--help", "--debug"}:
        end += 1
    return [*argv[:end]], [*argv[end:]]


def _terminated(_number: int, _frame: object) -> NoReturn:
    """Leave through every `finally`, so that no child process stays behind."""
    _told_to_end.set()
    raise SystemExit(SIGTERM_STATUS)


def told_to_end() -> bool:
    """Tell whether SIGTERM has come so far.

    For whoever handles it anew: Python swallows what a handler raises while it calls a weak
    reference's callback or a finalizer, as importing a module does, and then the command goes on.
    """
    return _told_to_end.is_set()


def add_form(parser: argparse.ArgumentParser, forms: tuple[str, ...]) -> None:
    """Add the option; the first of all is how a terminal shows it."""
    parser.add_argument(
        "--format",
        choices=forms,
        default="terminal",
        help="what to print (default: terminal; colours only there, and not with NO_COLOR set)",
    )
