"""The page on the house says what the house says of itself."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

from tests.test_layers import ROOMS

ROOT = Path(__file__).parent.parent


def architecture() -> ModuleType:
    """Return the script beside the page."""
    spec = importlib.util.spec_from_file_location("page", ROOT / "docs" / "architecture.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_rooms_paragraph_is_its_docstring() -> None:
    """`python docs/architecture.py` would change nothing."""
    module = architecture()
    page = module.PAGE.read_text(encoding="utf-8")
    assert page == module.written(page), "run: python docs/architecture.py"
    assert set(module.ROOMS) == set(ROOMS)


def test_the_pages_table_is_the_tests() -> None:
    """What may import what is said the same in both."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\w+) \| (.+) \|$", page, re.MULTILINE))
    assert set(rows) - {"room"} == set(ROOMS)
    for room, allowed in ROOMS.items():
        said = rows[room]
        if said.startswith("all but"):
            left_out = set(re.findall(r"\w+", said)) - {"all", "but", "and"}
            assert allowed == set(ROOMS) - left_out - {room}
        else:
            assert allowed == set(said.split(", ")) - {"nothing of eiload"}
