"""The house's rooms: who may import whom, and what must stay out of which process."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "eiload"

# From the ground up. A room imports rooms of lower floors, or of its own floor where listed
# together (the files of one idea).
FLOORS = (
    {"leftovers", "clock", "errors", "result", "coco", "wire", "timeline", "profiles", "units"},
    {"files", "console", "buckets"},
    {"sender", "recorder", "protos", "arrivals", "standin", "wording"},
    {"tensors", "scenario", "images"},
    {"tfserving", "schedule", "detections", "explain", "diagnose"},
    {"endpoint", "child"},
    {"payload", "engine", "preflight", "pairing", "run", "ledger"},
    {"journal", "feeder", "tally", "usage"},
    {
        "session",
        "stopping",
        "series",
        "cut",
        "blocks",
        "shares",
        "shift",
        "needs",
        "prices",
        "comparison",
    },
    {"backlog", "agreement", "health", "sla", "compare", "cost", "separate", "judgement"},
    {"server"},
    {"agent", "report", "outlook", "messages", "outputs"},
    {"coordinator", "answers", "outcome", "predict", "options"},
    {"users"},
    {"plugin", "cli"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}

ALONE = {
    "sender": {"result", "clock", "wire", "timeline"},
    "timeline": set(),
    "wire": set(),
    "result": set(),
    "clock": set(),
    "server": {
        "tfserving", "tensors", "protos", "standin", "profiles", "units", "errors", "clock",
        "result", "coco", "server", "console",
    },
}  # fmt: skip
"""Rooms with a list of their own, shorter than the floors below them."""


def at_run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a tree, those that only type checkers see left out."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            yield from at_run_time(node)


def rooms() -> dict[str, set[str]]:
    """Return for each room of the package the rooms that its files import."""
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts == ("__init__",):
            continue
        imported = found.setdefault(parts[0], set())
        for node in at_run_time(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
                if node.module == "eiload":
                    names = [f"eiload.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            imported |= {name.split(".")[1] for name in names if name.startswith("eiload.")}
        imported.discard(parts[0])
    return found


ROOMS = rooms()


def test_every_room_has_its_floor() -> None:
    """A new file is given its place here before anything imports it."""
    assert set(ROOMS) == set(FLOOR)


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_imports_run_downwards(room: str) -> None:
    """A room knows what is below it or beside it, never what is above."""
    above = {other for other in ROOMS[room] if FLOOR[other] > FLOOR[room]}
    if room == "coordinator":
        above.discard("server")
    assert not above
    assert not ROOMS[room] - ALONE.get(room, set(FLOOR))


def imported_by(room: str) -> set[str]:
    """Return the top-level modules that a room's files import."""
    path = PACKAGE / f"{room}.py"
    files = [path] if path.exists() else list((PACKAGE / room).rglob("*.py"))
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
    return found


def test_only_two_rooms_know_locust() -> None:
    """Locust and gevent stay in the plugin and the users."""
    knowing = {room for room in ROOMS if imported_by(room) & {"locust", "gevent", "greenlet"}}
    assert knowing == {"plugin", "users"}


def loaded(code: str) -> set[str]:
    """Return the modules in a fresh process after it ran `code`."""
    program = f"{code}\nimport sys\nprint(*sys.modules)"
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    return set(finished.stdout.split())


def test_the_sender_is_small() -> None:
    """The sending process has neither Locust nor gevent, numpy, protobuf or TensorFlow in it."""
    modules = loaded("import eiload.sender")
    assert not modules & {"locust", "gevent", "numpy", "google.protobuf", "tensorflow", "pydantic"}


def test_no_load_without_lightness() -> None:
    """A Locust process that makes load has neither TensorFlow's runtime nor gRPC in it."""
    modules = loaded("import eiload\neiload.SSDUser")
    assert "tensorflow_serving.apis.predict_pb2" in modules
    assert not {name for name in modules if name.startswith(("tensorflow.python", "grpc."))}
    assert "tensorflow" not in modules


def test_the_package_itself_is_nothing() -> None:
    """Importing `eiload` imports none of its rooms."""
    assert {name for name in loaded("import eiload") if name.startswith("eiload.")} == set()
