"""What makes the documentation site of the repository's pages: a hook for mkdocs (mkdocs.yml).

The pages are read in the repository, too, where links lead to its files. On the site the README is
the first page, CONTRIBUTING and the others are pages beside it, and any other file that a page
links is a file of the site. So each link is checked: mkdocs (--strict) fails at one without a page.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent

PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
}
"""Pages that lie outside of docs/, and what they are on the site."""

_LINK = re.compile(r"(\]\()([^)\s#:]+)(#[^)\s]*)?(\))")


def place(path: str) -> str:
    """Return where a file of the repository is on the site."""
    if path in PAGES:
        return PAGES[path]
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return f"files/{path.lstrip('.')}"


def linked(text: str, folder: str) -> list[str]:
    """Return which files of the repository a page links.

    Args:
        text: the page.
        folder: where in the repository it lies.
    """
    return [posixpath.normpath(posixpath.join(folder, found[2])) for found in _LINK.finditer(text)]


def as_on_site(text: str, folder: str) -> str:
    """Return a page with its links as they are on the site, where all pages lie side by side."""

    def lead(found: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, found[2]))
        return f"{found[1]}{place(path)}{found[3] or ''}{found[4]}"

    return _LINK.sub(lead, text)


def on_files(files: Any, config: Any) -> Any:
    """Add what lies outside of docs/: pages, and files that pages link."""
    from mkdocs.structure.files import File  # noqa: PLC0415  # of the extra `docs`

    wanted: set[str] = set()
    for page in (ROOT / "docs").glob("*.md"):
        wanted.update(linked(page.read_text("utf-8"), "docs"))
    for path, name in PAGES.items():
        text = (ROOT / path).read_text("utf-8")
        wanted.update(linked(text, ""))
        files.append(File.generated(config, name, content=as_on_site(text, "")))
    for path in sorted(wanted):
        if place(path).startswith("files/") and (ROOT / path).is_file():
            files.append(File.generated(config, place(path), abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Lead the links of a page of docs/ to where they are on the site."""
    if page.file.generated_by:  # one that was added above, and is right
        return markdown
    return as_on_site(markdown, "docs")
