"""Keep what commands print in the docs what they print: ``python docs/outputs.py`` runs them.

In a page stands, before a block of code, a comment: ``<!-- output: eiload validate demo -->``. The
script runs the command, 100 characters wide, and writes the block anew; a test holds that nothing
is left to be written.
"""

import contextlib
import io
import os
import re
import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

_BLOCK = re.compile(r"(<!-- output: eiload ([^\n]*) -->\n\n```text\n)(.*?)(```\n)", re.DOTALL)


def printed(command: str) -> str:
    """Return what a command of eiload prints, in the repository's folder."""
    from eiload.cli.main import main  # noqa: PLC0415

    out = io.StringIO()
    here = Path.cwd()
    os.environ["COLUMNS"] = "100"
    os.chdir(ROOT)
    try:
        with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
            main(shlex.split(command))
    finally:
        os.chdir(here)
    return out.getvalue()


def written(page: str) -> str:
    """Return a page with what its commands print now."""

    def block(found: re.Match[str]) -> str:
        text = "\n".join(line.rstrip() for line in printed(found[2]).strip("\n").splitlines())
        return f"{found[1]}{text}\n{found[4]}"

    return _BLOCK.sub(block, page)


def pages() -> list[Path]:
    """Return the pages that show what commands print."""
    return [
        page
        for page in sorted((ROOT / "docs").glob("*.md"))
        if _BLOCK.search(page.read_text("utf-8"))
    ]


if __name__ == "__main__":
    for page in pages():
        page.write_text(written(page.read_text("utf-8")), encoding="utf-8")
        sys.stdout.write(f"{page.relative_to(ROOT)} written\n")
