"""The house's rooms: who may import whom, and what must stay out of which process."""

import ast
import functools
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "eiload"

# A room, and which rooms it may import. With a file's name behind it: that file alone.
ROOMS = {
    "base": set(),
    "scenario": {"base"},
    "sending": {"base"},
    "serving": {"base", "scenario", "sending.endpoint"},
    "record": {"base", "scenario", "sending"},
    "observe": {"base", "scenario", "record"},
    "judging": {"base", "scenario", "record", "observe"},
    "server": {"base", "scenario.labels", "scenario.standin", "serving"},
    "report": {"base", "scenario", "record", "observe", "judging", "serving"},
    "export": {"base", "scenario", "record", "judging", "report"},
    "control": {"base", "scenario", "sending", "serving", "record", "observe", "server.launch"},
    "plugin": {
        *("base", "scenario", "sending", "serving", "record", "observe", "judging", "report"),
        "export",
        "control",
    },
    "cli": {
        *("base", "scenario", "sending", "serving", "record", "observe", "judging", "report"),
        "server",
    },
}


HOUSE = ("eiload", "tests", "bench", "locustfiles", "docs")
"""Folders of Python files."""

LINES_AT_MOST = 350


BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")
"""Where statements hold statements; an expression holds none."""


def statements(within: ast.AST, *, types: bool) -> Iterator[ast.AST]:
    """Yield the statements of a tree, with or without those that only type checkers see."""
    for node in (each for block in BLOCKS for each in getattr(within, block, ())):
        if types or not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            yield from statements(node, types=types)


@functools.cache
def parsed(path: Path) -> ast.Module:
    """Return what a file says."""
    return ast.parse(path.read_text())


@functools.cache
def imports(path: Path, *, types: bool = False) -> frozenset[str]:
    """Return the modules that a file imports, `a.b` for ``from a import b``; or for types, too."""
    found: set[str] = set()
    for node in statements(parsed(path), types=types):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return frozenset(found)


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE)


def test_every_file_is_in_a_room() -> None:
    """The package's top holds its public names and rooms, nothing else."""
    tops = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py"}
    assert tops == {"__init__"}
    assert {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()} == set(
        ROOMS
    )


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_imports_what_it_may(room: str) -> None:
    """A room knows what its line of the table names, and nothing else of eiload."""
    for path in sorted((PACKAGE / room).rglob("*.py")):
        for name in imports(path):
            top, _, rest = name.partition(".")
            if top != "eiload" or rest.split(".")[0] == room:
                continue
            allowed = any(f"{rest}.".startswith(f"{one}.") for one in ROOMS[room])
            assert allowed, f"{path.relative_to(PACKAGE)} imports {name}"


def test_the_table_has_no_circle() -> None:
    """Rooms stand in the order of the table: each imports only rooms above its own line."""
    order = list(ROOMS)
    for room, others in ROOMS.items():
        assert all(order.index(other.split(".")[0]) < order.index(room) for other in others)


def test_no_files_import_each_other() -> None:
    """There is no circle between files either, nor with what only type checkers see."""
    names = {".".join(p.relative_to(PACKAGE.parent).with_suffix("").parts): p for p in FILES}
    names = {name.removesuffix(".__init__"): path for name, path in names.items()}
    graph = {}
    for name, path in names.items():
        whole = path.name != "__init__.py"  # a room's own file names its rooms lazily
        found = imports(path, types=whole)
        wanted = {one if one in names else one.rpartition(".")[0] for one in found}
        graph[name] = (wanted & set(names)) - {name}
    graphlib.TopologicalSorter(graph).prepare()


def test_no_file_outgrows_its_idea() -> None:
    """350 lines at most, of the house's code, its tests and its benchmarks."""
    files = (path for room in HOUSE for path in (PACKAGE.parent / room).rglob("*.py"))
    lengths = {
        path.relative_to(PACKAGE.parent): len(path.read_text().splitlines()) for path in files
    }
    assert {str(path): length for path, length in lengths.items() if length > LINES_AT_MOST} == {}


def test_only_the_plugin_knows_locust() -> None:
    """Locust and gevent stay in one room."""
    knowing = {
        path.relative_to(PACKAGE).parts[0]
        for path in FILES
        if {name.split(".")[0] for name in imports(path)} & {"locust", "gevent", "greenlet"}
    }
    assert knowing == {"plugin"}


def loaded(code: str) -> set[str]:
    """Return the modules in a fresh process after it ran `code`."""
    program = f"{code}\nimport sys\nprint(*sys.modules)"
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    return set(finished.stdout.split())


def test_the_sender_is_small() -> None:
    """The sending process has neither Locust nor gevent, numpy, protobuf or TensorFlow in it.

    gRPC's own stack comes only where a target asks for it.
    """
    modules = loaded("import eiload.sending.sender")
    assert not modules & {"locust", "gevent", "numpy", "google.protobuf", "tensorflow", "pydantic"}
    assert "grpc" not in modules


def test_stand_in_settings_are_light() -> None:
    """The stand-in's process reads its settings without the scenario's YAML and arrivals."""
    modules = loaded("import eiload.scenario.standin")
    assert not modules & {"yaml", "numpy", "eiload.scenario.models"}


def test_no_load_without_lightness() -> None:
    """A Locust process that makes load has neither TensorFlow's runtime nor gRPC in it."""
    modules = loaded("import eiload\neiload.SSDUser")
    assert "tensorflow_serving.apis.predict_pb2" in modules
    assert not {name for name in modules if name.startswith(("tensorflow.python", "grpc."))}
    assert "tensorflow" not in modules


def test_the_package_itself_is_nothing() -> None:
    """Importing `eiload` imports none of its rooms."""
    assert {name for name in loaded("import eiload") if name.startswith("eiload.")} == set()
