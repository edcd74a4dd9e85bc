"""Keep what commands print in the docs what they print.

In a page stands, before a block of code, a comment that names what has made it:

    <!-- output: eiload plan demo -->             the same each time; a test holds it to the letter
    <!-- output, phases: eiload plan demo -->     of that, the parts with these first lines
    <!-- output beside eiload serve --model ssd: eiload predict --model ssd -->
                                                  measured: every time other numbers

What is measured is held by its form: words, rows and columns, with any number in the place of a
number. Runs that take minutes are recorded (docs/samples), and shown by the command that shows a
record, so that words and form are today's and the figures those of one day.

    python docs/outputs.py            writes each block anew
    python docs/outputs.py --check    says which are stale; exit status 1 if any is
    python docs/outputs.py --record   makes the records anew: a quarter of an hour
"""

import argparse
import contextlib
import io
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "docs" / "samples"

BLOCK = re.compile(
    r"(?P<head><!-- output(?:, (?P<parts>[^:\n]+?))?(?: beside (?P<server>eiload [^\n]+?))?:"
    r" (?P<command>eiload [^\n]+) -->\n\n```text\n)(?P<text>.*?)(?P<foot>```\n)",
    re.DOTALL,
)

PORT = "8500"
"""What a page's commands ask a stand-in at; it gets a free one while they run."""

JOURNAL = "capacity.jsonl"

RECORDS = {
    "capacity-gpu": "eiload capacity docs/samples/gpu.yaml --out {folder}/capacity-gpu",
}
"""What is recorded, each in a folder of its own, and by which command."""


def printed(command: str, parts: str | None = None) -> str:
    """Return what a command prints, in the repository's folder, 100 characters wide.

    Args:
        command: ``eiload ...``.
        parts: the first lines of the paragraphs that are wanted, apart by commas; None for all.
    """
    from eiload.cli.main import main as eiload  # noqa: PLC0415

    shown = io.BytesIO()
    out = io.TextIOWrapper(shown, encoding="utf-8", write_through=True)
    width = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "100"
    try:
        with (
            contextlib.chdir(ROOT),
            contextlib.redirect_stdout(out),
            contextlib.suppress(SystemExit),
        ):
            eiload(shlex.split(command)[1:])
    finally:
        del os.environ["COLUMNS"]
        if width is not None:
            os.environ["COLUMNS"] = width
    lines = shown.getvalue().decode().strip("\n").splitlines()
    text = "\n".join(line.rstrip() for line in lines)
    if parts is not None:
        paragraphs = {each.partition("\n")[0]: each for each in text.split("\n\n")}
        text = "\n\n".join(paragraphs[part.strip()] for part in parts.split(","))
    return f"{text}\n"


def _process(command: str) -> list[str]:
    """Return how to start what a page calls ``eiload ...``, by this interpreter."""
    run = "import sys; from eiload.cli.main import main; sys.exit(main())"
    return [sys.executable, "-c", run, *shlex.split(command)[1:]]


@contextlib.contextmanager
def _beside(server: str) -> Iterator[str]:
    """Have a stand-in serve meanwhile; give the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    with subprocess.Popen(
        [*_process(server), "--port", port, "--exit-with-stdin"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()  # it says that it serves
        yield port


def made(block: re.Match[str]) -> str:
    """Return what a block's command prints now."""
    command, server = block["command"], block["server"]
    if server is None:
        return printed(command, block["parts"])
    with _beside(server) as port:
        return printed(command.replace(PORT, port), block["parts"]).replace(port, PORT)


def form(text: str) -> list[str]:
    """Return a measured output without what differs from time to time."""
    numbers = re.sub(r"\d[\d,]*(\.\d+)?(e[+-]?\d+)?", "0", text)
    return [" ".join(line.split()) for line in re.sub(r"[-─]{3,}", "-", numbers).splitlines()]


def written(page: str, *, measured: bool = True) -> str:
    """Return a page with what its commands print now.

    Args:
        page: its text.
        measured: whether to make anew also what is measured, if its form is another; else it stays.
    """

    def block(found: re.Match[str]) -> str:
        if found["server"] and not measured:
            return found[0]
        text = made(found)
        if found["server"] and form(text) == form(found["text"]):
            return found[0]
        return f"{found['head']}{text}{found['foot']}"

    return BLOCK.sub(block, page)


def pages() -> list[Path]:
    """Return the pages that show what commands print."""
    every = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [page for page in every if BLOCK.search(page.read_text("utf-8"))]


def record() -> None:
    """Make the records anew, one by one: each in a folder of its own, and kept if it succeeds."""
    for name, command in RECORDS.items():
        with tempfile.TemporaryDirectory() as folder:
            words = _process(command.format(folder=folder))
            status = subprocess.run(words, cwd=ROOT, check=False).returncode
            if status not in (0, 3):  # decided, or not in this time
                raise SystemExit(f"{command}: exit status {status}, so the record stays as it was")
            shutil.copy(Path(folder, name, JOURNAL), SAMPLES / name)


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, say what is stale")
    parser.add_argument("--record", action="store_true", help="make the records anew before")
    arguments = parser.parse_args()
    if arguments.record:
        record()
    stale = False
    for page in pages():
        text = page.read_text("utf-8")
        if (now := written(text)) == text:
            continue
        stale = True
        sys.stdout.write(f"{page.relative_to(ROOT)}: {'stale' if arguments.check else 'written'}\n")
        if not arguments.check:
            page.write_text(now, encoding="utf-8")
    return 1 if stale and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
