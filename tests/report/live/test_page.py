"""The live page's frame: whole, of one origin, with a place for whatever its script fills in."""

import re
from importlib.resources import files

from eiload.report.live.page import POLICY, SCRIPTS, page

SCRIPT = "".join(files("eiload.report.live").joinpath(each).read_text("utf-8") for each in SCRIPTS)


def test_its_script_finds_its_places() -> None:
    """Every element that the script asks for by its id is there, once."""
    asked = set(re.findall(r"\$\('([a-z-]+)'\)", SCRIPT)) | {"silent", "refused", "error"}
    made = re.findall(r' id="([a-z-]+)"', page())
    assert asked <= set(made)
    assert len(set(made)) == len(made)


def test_its_script_makes_no_markup() -> None:
    """What it is told never becomes HTML or code."""
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert word not in SCRIPT


def test_policy() -> None:
    """It loads nothing from elsewhere, asks its own server only, and is framed by that one only."""
    assert POLICY.startswith("default-src 'none'")
    assert "connect-src 'self'" in POLICY
    assert "frame-ancestors 'self'" in POLICY
    assert "://" not in page().replace("http://www.w3.org/2000/svg", "")
