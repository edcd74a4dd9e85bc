"""`eiload init`: what a folder needs for load tests: a locustfile, a scenario, a CI job.

What it knows: the files of `templates/` and where each belongs. What it must not know: what is in
them.
"""

import argparse
import json
import shlex
from collections.abc import Mapping
from pathlib import Path

from eiload.base import console
from eiload.base.errors import ScenarioError
from eiload.base.files import write_files
from eiload.scenario import json_schema

__all__ = ["add_arguments", "files", "init"]

TEMPLATES = Path(__file__).parent / "templates"

PLACES = {
    "locustfile.txt": "locustfile.py",
    "first.yaml": "scenarios/first.yaml",
    "load-test.yml": ".github/workflows/load-test.yml",
}
"""Where each template goes."""

WORKFLOWS = Path(".github/workflows")

SCHEMA = "eiload.schema.json"

MODELINE = f"# yaml-language-server: $schema={SCHEMA}\n"
"""What has editors with the YAML language server complete and check a scenario."""

NEXT = """\
  eiload validate first                          checks the scenario
  eiload serve --model ssd                       in a second terminal, if there is no server yet
  eiload run first --report-html run.html        sends it; the exit status is the verdict
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = f"""\
Write what load tests need into a folder: {", ".join(PLACES.values())},
and scenarios/{SCHEMA} for editors. If one is there already, none is written.
"""
    parser.epilog = """\
examples:
  eiload init
  eiload init load-tests

exit status: 0 they are written, 2 one was there already (none is written), 6 it cannot be written
"""
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path(), metavar="FOLDER", help="default: here"
    )
    parser.add_argument("--force", action="store_true", help="write over files that are there")


def files() -> Mapping[str, str]:
    """Return the text of each file by its place."""
    texts = {place: (TEMPLATES / name).read_text("utf-8") for name, place in PLACES.items()}
    texts["scenarios/first.yaml"] = MODELINE + texts["scenarios/first.yaml"]
    return {**texts, f"scenarios/{SCHEMA}": json.dumps(json_schema(), indent=2) + "\n"}


def init(arguments: argparse.Namespace) -> int:
    """Do it; return the exit status.

    Raises:
        ScenarioError: a file is there already.
        OutputError: one cannot be written.
    """
    folder: Path = arguments.folder
    texts = files()
    there = [place for place in texts if (folder / place).exists()]
    if there and not arguments.force:
        raise ScenarioError(
            f"{folder}: {', '.join(there)} {'is' if len(there) == 1 else 'are'} there already; "
            "nothing is written; move them away, or say --force"
        )
    for place, text in texts.items():
        path = folder / place
        write_files(path.parent, {path.name: text})
        console.emit(str(path))
    console.emit("\nnext:")
    if folder.resolve() != Path.cwd():
        console.emit(f"  cd {shlex.quote(str(folder))}")
    console.emit(NEXT.rstrip())
    if root := _elsewhere(folder):
        inside = folder.resolve().relative_to(root)
        console.say(
            f"GitHub reads workflows in {root / WORKFLOWS} alone: move the job there, with "
            f"'defaults: {{run: {{working-directory: {inside}}}}}', and {inside}/ before the paths "
            "of its artefact"
        )
    return 0


def _elsewhere(folder: Path) -> Path | None:
    """Return the root of the Git repository that a folder lies below; None if below none."""
    here = folder.resolve()
    if (here / ".git").exists():
        return None
    return next((root for root in here.parents if (root / ".git").exists()), None)
