"""The wheel alone is enough: installed into an environment of its own, used from another folder."""

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a fresh environment's folder that has the wheel, and what it depends on from here."""
    wheel = pytest.importorskip("hatchling.builders.wheel", reason="hatchling is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    (built,) = wheel.WheelBuilder(str(ROOT)).build(directory=str(folder))
    python = str(folder / "venv/bin/python")
    ours = find_spec("pip") is not None  # uv makes environments that have none
    venv.create(folder / "venv", symlinks=True, with_pip=not ours)
    packages = folder / "venv/lib" / Path(sysconfig.get_path("purelib")).parent.name
    packages = packages / "site-packages"
    # A path in a .pth file is searched for packages, not for .pth files: what is installed in
    # place, such as eiload itself, is not found by it.
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    pip = [sys.executable, "-m", "pip", "--python", python] if ours else [python, "-m", "pip"]
    subprocess.run(
        [*pip, "install", "--quiet", "--no-deps", "--no-index", "--no-compile", str(built)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return folder / "venv"


@pytest.fixture(scope="module")
def eiload(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Return what runs the installed command in a folder that has nothing."""
    folder = tmp_path_factory.mktemp("elsewhere")
    environ = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    environ["MODEL_SERVER"] = "127.0.0.1:1"  # nobody listens there

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(installed / "bin/eiload"), *arguments],
            cwd=folder, env=environ, check=False, capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    return run


def test_it_is_the_wheel_that_runs(eiload: Command, installed: Path) -> None:
    """Not the checkout: the locustfile that it names is in the environment."""
    assert eiload("locustfile").stdout.startswith(str(installed))


def test_shipped_scenarios_are_found_by_name(eiload: Command) -> None:
    """With what they need: a trace that is replayed."""
    done = eiload("validate", "demo", "replay")
    assert (done.returncode, done.stderr) == (0, "")
    assert "site-packages/eiload/scenarios/replay.yaml: " in done.stdout


def test_from_an_empty_folder_to_a_verdict(eiload: Command) -> None:
    """`init`, then `run`: a target that is not there makes one line, and status 4."""
    assert eiload("init").returncode == 0
    assert eiload("validate", "first").returncode == 0
    done = eiload("run", "first", "--run-time", "1s")
    assert "eiload: target 'server' at 127.0.0.1:1: connection refused" in done.stderr, done.stderr
    assert done.returncode == 4


def test_what_is_in_it(installed: Path) -> None:
    """Types for checkers, the schema for editors, the licence, and nothing of the tests."""
    (package,) = installed.glob("lib/*/site-packages/eiload")
    assert (package / "py.typed").exists()
    scenario = package / "scenarios" / "demo.yaml"
    named = scenario.read_text("utf-8").splitlines()[0].partition("$schema=")[2]
    assert (scenario.parent / named).is_file()  # where editors look for the schema
    assert list(package.parent.glob("eiload-*.dist-info/licenses/LICENSE"))
    assert not (package.parent / "tests").exists()
