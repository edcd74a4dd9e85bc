"""Where scenarios are found by name: below the working directory, then with the package.

What it knows: two folders and names. What it must not know: what is in a file.

The package's own lie beside it in a checkout (scenarios/), and inside of it where it is installed
from a wheel.
"""

from pathlib import Path

from eiload.base.errors import ScenarioError
from eiload.base.near import nearest
from eiload.base.quantity import shown

__all__ = ["FOLDER", "find", "listed", "names", "shipped"]

FOLDER = Path("scenarios")
"""Where scenarios are looked for by name, below the working directory."""

SUFFIXES = (".yaml", ".yml")


def shipped() -> Path:
    """Return the folder of the scenarios that come with eiload."""
    package = Path(__file__).parents[1]
    installed = package / "scenarios"
    return installed if installed.is_dir() else package.parent / "scenarios"


def names() -> list[str]:
    """Return the names of all that are found by name, sorted, the working directory's first."""
    here = _names_in(FOLDER)
    return here + [name for name in _names_in(shipped()) if name not in here]


def listed(name: str) -> Path | None:
    """Return the file of a name, None if there is none; the working directory's goes first."""
    if not name or Path(name).name != name:
        return None  # a path: names never lead out of the two folders
    files = (folder / f"{name}{end}" for folder in (FOLDER, shipped()) for end in SUFFIXES)
    return next((file for file in files if file.is_file()), None)


def find(name: str) -> Path:
    """Return the path of a scenario by its path or its name.

    Raises:
        ScenarioError: it is a name, and none of those there are.
    """
    path = Path(name)
    if path.suffix or path.exists() or path.name != name:
        return path  # who reads it says whether it is there
    found = listed(name)
    if found is None:
        known = names()
        raise ScenarioError(
            f"{shown(name)}: no such file, and no scenario of that name in {FOLDER}/ or with "
            f"eiload; expected one of {', '.join(known) or 'none'}{nearest(name, known)}"
        )
    return found


def _names_in(folder: Path) -> list[str]:
    found = (path for path in folder.glob("*.y*ml") if path.suffix in SUFFIXES)
    return sorted({path.stem for path in found if path.is_file()})  # a pipe would keep its reader
