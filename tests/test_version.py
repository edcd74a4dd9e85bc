"""The version stands in one place."""

import re
import tomllib
from pathlib import Path

import pytest

import eiload
from eiload.cli.main import main

ROOT = Path(__file__).parent.parent
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def test_the_package_and_its_command_say_what_pyproject_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`eiload.__version__` and ``eiload --version`` are read from the installed package."""
    assert eiload.__version__ == VERSION
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert not left.value.code
    assert capsys.readouterr().out == f"eiload {VERSION}\n"


def test_nothing_repeats_it() -> None:
    """No module of the package has the number in it."""
    number = re.compile(rf"(?<![\d.]){re.escape(VERSION)}(?![\d.])")
    saying = [
        path.relative_to(ROOT)
        for path in (ROOT / "eiload").rglob("*.py")
        if number.search(path.read_text(encoding="utf-8"))
    ]
    assert saying == []
