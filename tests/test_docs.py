"""The documentation: links lead somewhere, commands print what is shown, no page is forgotten."""

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from eiload.base import console
from eiload.cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
OUTSIDE = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
LINK = re.compile(r"\]\(([^)\s]+)\)")
PROGRAM = re.compile(
    r"(\w+=\S+ )*(eiload|locust|pip|python|make|docker|curl|jq|load/bin/(pip|eiload)) "
)
"""What a command begins with."""


def script(name: str) -> ModuleType:
    """Return a script that lies beside the pages."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def anchors(page: Path) -> set[str]:
    """Return what headings of a page are called in links: GitHub's way, here mkdocs' too."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    found = set()
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        plain = re.sub(r"[^\w\s-]", "", re.sub(r"\]\([^)]*\)", "", heading)).strip().lower()
        found.add(re.sub(r"\s", "-", plain))
    return found


def indented(text: str) -> Iterator[list[str]]:
    """Give the lines of each block that is a block by its indentation, without those of fences.

    A line that goes on in the next is one with it.
    """
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"\\\n +", "", text)
    for block in re.findall(r"(?:\A|\n\n)((?: {4}[^\n]*\n|\n(?= {4}))+)", text):
        yield [line.removeprefix("    ") for line in block.splitlines() if line]


@pytest.mark.parametrize("page", [*DOCS, *OUTSIDE], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """To a file of the repository, and to a heading that it has."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.DOTALL)
    for link in LINK.findall(text):
        if re.match(r"https?:|mailto:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        if anchor:
            assert anchor in anchors(target), link


CHANGES = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")

NAMED = re.compile(
    r"`((?:eiload|tests|bench|docs|deploy|locustfiles|schema)/[\w./-]+)"
    r"(?:::(\w+))?`"
)


@pytest.mark.parametrize("page", [*DOCS, *OUTSIDE], ids=lambda page: page.name)
def test_files_that_are_named_are_there(page: Path) -> None:
    """A file of the repository, and a test in it, that a page names without a link."""
    for path, test in NAMED.findall(page.read_text("utf-8")):
        assert (ROOT / path).exists(), path
        assert not test or f"def {test}(" in (ROOT / path).read_text("utf-8"), test


def test_every_page_is_on_the_site() -> None:
    """Once, and none that is not there."""
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    listed = re.findall(r"([\w-]+\.md)$", text.partition("nav:\n")[2], re.MULTILINE)
    pages = {page.name for page in DOCS} | set(script("site").PAGES.values())
    assert sorted(listed) == sorted(pages)
    assert yaml.safe_load(text)["strict"] is True


def test_every_shipped_scenario_is_told_of() -> None:
    """In the table of those that come with eiload."""
    text = (ROOT / "docs" / "scenarios.md").read_text("utf-8")
    shipped = sorted(path.name for path in (ROOT / "scenarios").glob("*.yaml"))
    assert sorted(re.findall(r"\]\(\.\./scenarios/([^)]+)\)", text)) == shipped


def test_the_changelog_keeps_its_form() -> None:
    """Keep a Changelog's headings, each once under a version, and nothing said twice."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    for version in text.split("\n## ")[1:]:
        headings = re.findall(r"^### (.*)$", version, re.MULTILINE)
        assert headings == [each for each in CHANGES if each in headings]
    entries = re.findall(r"^- (.*)$", text, re.MULTILINE)
    assert len(entries) == len(set(entries))


def test_links_as_on_site() -> None:
    """Pages lie side by side there; files of the repository are files of the site."""
    site = script("site")
    page = "[a](wire.md#x) [b](../README.md#y) [c](../deploy/compose.yaml) [d](http://e) [g](#h)"
    assert site.as_on_site(page, "docs") == (
        "[a](wire.md#x) [b](index.md#y) [c](files/deploy/compose.yaml) [d](http://e) [g](#h)"
    )
    assert site.as_on_site("[a](docs/ci.md)", "") == "[a](ci.md)"
    assert site.place(".github/workflows/ci.yml") == "files/github/workflows/ci.yml"
    assert site.linked("[a](../b.py) [c](d.md)", "docs") == ["b.py", "docs/d.md"]


def test_commands_print_what_is_shown() -> None:
    """`python docs/outputs.py` would change nothing of what is the same each time.

    What is measured beside a stand-in is for `python docs/outputs.py --check`, in CI's job `docs`.
    """
    outputs = script("outputs")
    assert len(outputs.pages()) > 0
    for page in outputs.pages():
        text = page.read_text("utf-8")
        now = outputs.written(text, measured=False)
        assert text == now, f"{page.name}: run python docs/outputs.py"


def test_every_output_names_its_command() -> None:
    """Text in a block is made by a command; what else is set off is commands, data or a drawing."""
    outputs = script("outputs")
    for page in (*DOCS, ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        rest = outputs.BLOCK.sub("", page.read_text("utf-8"))
        assert set(re.findall(r"^ *```(\w*)$", rest, re.MULTILINE)) <= {"", "yaml", "python"}, page
        rest = re.sub(r"<!-- a drawing -->\n\n(    .*\n|\n)+", "", rest)
        for block in indented(rest):
            others = [line for line in block if not PROGRAM.match(line)]
            assert not others, f"{page.name}: which command prints this? {others}"


def test_what_is_measured_is_held_by_its_form() -> None:
    """Other numbers are no other output; another word, row or column is one."""
    outputs = script("outputs")
    shown = "inference 1   17.9 ms\n────────\np50 1,208"
    assert outputs.form(shown) == outputs.form("inference 1  203 ms\n───────\np50 40")
    for other in ("inference 1   17.9 s", "inference 1   17.9 ms\n────\np50", shown + "\nx"):
        assert outputs.form(shown) != outputs.form(other)


COMMAND = re.compile(r"^    (?:[A-Z_]+=\S+ |\S+/bin/)*eiload ([a-z][a-z-]*)(.*)$", re.MULTILINE)


@pytest.mark.parametrize("page", [*DOCS, *OUTSIDE], ids=lambda page: page.name)
def test_commands_are_understood(page: Path) -> None:
    """Every command line of its own that a page shows is one that eiload's parser takes."""
    by_name = {command.name: command for command in COMMANDS}
    for name, rest in COMMAND.findall(page.read_text("utf-8")):
        words = shlex.split(re.split(r" [<>|#]|&&", rest)[0])
        parser = console.Parser(prog=f"eiload {name}")
        by_name[name].fill(parser)
        if not by_name[name].hands_on:
            parser.parse_args(words)
