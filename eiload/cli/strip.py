"""`eiload strip-tensorflow`: an environment that makes load needs messages, not TensorFlow.

What it knows: what is installed in this environment and what needs it. What it must not know:
containers, pip.

`tensorflow-serving-api` depends on TensorFlow for message definitions, which are 0.5 MB of its 1.5
GB and more. What remains here is those (``*_pb2.py``), the packages' metadata, so that pip takes
them for installed, and an ``__init__`` that says what was done to whoever imports the runtime. What
only TensorFlow needed goes with it.
"""

import argparse
import re
import shutil
import sys
from collections.abc import Collection, Iterable, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path

from eiload.base import console
from eiload.base.errors import OutputError, ScenarioError

__all__ = ["MARK", "add_arguments", "orphans", "strip", "users"]

ROOT = "tensorflow"
API = "tensorflow-serving-api"
TOOLS = frozenset({"pip", "setuptools", "wheel"})
"""What environments have without anybody's needing it."""

MARK = "stripped to its message definitions"

INIT = f'''\
"""TensorFlow, {MARK} by `eiload strip-tensorflow`."""

raise ImportError(
    "TensorFlow is {MARK} in this environment, by `eiload strip-tensorflow`; "
    "for its runtime: pip install --force-reinstall tensorflow"
)
'''

Needs = Mapping[str, Collection[str]]
"""For each installed distribution, those that it names as needed; names in their normal form."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = """\
Take TensorFlow's runtime out of this environment, and what only it needs. Load is made as
before: of TensorFlow it takes message definitions, which stay. `eiload serve --saved-model`
and `eiload make-model` need the runtime, an emulated stand-in does not.
"""
    parser.epilog = """\
examples:
  eiload strip-tensorflow          what would go, and how much that is
  eiload strip-tensorflow --yes    does it

exit status: 0, 2 another package here needs TensorFlow's runtime, 6 a file cannot be removed
"""
    parser.add_argument("--yes", action="store_true", help="do it")


def strip(arguments: argparse.Namespace) -> int:
    """Do it; return the exit status.

    Raises:
        ScenarioError: TensorFlow is not here, or others need it.
        OutputError: a file cannot be removed.
    """
    found = {_normal(each.name): each for each in distributions()}
    if ROOT not in found:
        raise ScenarioError("TensorFlow is not installed here: there is nothing to strip")
    needs = {name: _needs(each) for name, each in found.items()}
    if others := users(needs) - {API}:
        raise ScenarioError(
            f"{', '.join(sorted(others))} in {sys.prefix} needs TensorFlow's runtime; "
            "make load from an environment of its own"
        )
    root = Path(str(found[ROOT].locate_file(ROOT))).resolve()
    if not root.is_relative_to(Path(sys.prefix).resolve()):
        raise ScenarioError(f"{root}: TensorFlow lies outside of this environment ({sys.prefix})")
    gone = sorted(orphans(needs))
    files = [file for file in _files(found[ROOT]) if not _stays(file)]
    files += [file for name in gone for file in _files(found[name])]
    size = sum(file.stat().st_size for file in files if file.is_file())
    what = f"TensorFlow's runtime, {', '.join(gone) or 'nothing else'}: {size / 1e6:,.0f} MB"
    if not arguments.yes:
        console.emit(f"would remove {what}; --yes does it")
        return 0
    try:
        _remove(files, sys.prefix)
        root.mkdir(exist_ok=True)
        (root / "__init__.py").write_text(INIT, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{error.filename}: cannot be removed: {error.strerror}") from error
    console.emit(f"removed {what}")
    return 0


def users(needs: Needs) -> set[str]:
    """Return which distributions need TensorFlow that are not needed by it themselves."""
    return {name for name, wanted in needs.items() if ROOT in wanted} - _closure([ROOT], needs)


def orphans(needs: Needs) -> set[str]:
    """Return which distributions only TensorFlow needs, directly or by others."""
    candidates = _closure([ROOT], needs) - {ROOT} - TOOLS
    without = {name: [each for each in wanted if each != ROOT] for name, wanted in needs.items()}
    kept = _closure(set(needs) - candidates - {ROOT}, without)
    return candidates - kept


def _closure(names: Iterable[str], needs: Needs) -> set[str]:
    found: set[str] = set()
    left = list(names)
    while left:
        if (name := left.pop()) in needs and name not in found:
            found.add(name)
            left += needs[name]
    return found


def _needs(distribution: Distribution) -> set[str]:
    """Return what it needs without extras; markers of systems and versions count as met."""
    plain = (each for each in distribution.requires or () if "extra" not in each.partition(";")[2])
    return {_normal(re.match(r"[\w.-]+", each.strip()).group()) for each in plain}  # type: ignore[union-attr]


def _normal(name: str) -> str:
    """Return a name as PEP 503 has it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _files(distribution: Distribution) -> list[Path]:
    return [
        Path(str(distribution.locate_file(file))).resolve() for file in distribution.files or ()
    ]


def _stays(file: Path) -> bool:
    return file.name.endswith("_pb2.py") or file.parent.suffix == ".dist-info"


def _remove(files: Iterable[Path], prefix: str) -> None:
    """Remove files and the folders that are empty then; nothing outside of the environment."""
    inside = Path(prefix).resolve()
    folders: set[Path] = set()
    for file in files:
        if file.is_relative_to(inside):
            file.unlink(missing_ok=True)
            folders.update(parent for parent in file.parents if parent.is_relative_to(inside))
    for folder in sorted(folders, key=lambda each: len(each.parts), reverse=True):
        if folder.name == "__pycache__":
            shutil.rmtree(folder, ignore_errors=True)
        elif folder.is_dir() and folder != inside and not any(folder.iterdir()):
            folder.rmdir()
