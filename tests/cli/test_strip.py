"""`eiload strip-tensorflow`: what goes, and what must stay."""

import subprocess
import sys
from pathlib import Path

import pytest

from eiload.cli.strip import MARK, orphans, users
from tests.cli.command import EILOAD

NEEDS = {
    "tensorflow": {"keras", "numpy", "requests", "setuptools", "not-installed"},
    "keras": {"h5py", "rich"},
    "h5py": {"numpy"},
    "tensorflow-serving-api": {"tensorflow", "protobuf"},
    "protobuf": set[str](),
    "eiload": {"tensorflow-serving-api", "numpy", "rich"},
    "locust": {"requests"},
    "rich": set[str](),
    "numpy": set[str](),
    "requests": set[str](),
    "setuptools": set[str](),
}


def test_only_what_tensorflow_alone_needs_goes() -> None:
    """Not what others need as well, nor tools that nobody needs."""
    assert orphans(NEEDS) == {"keras", "h5py"}
    assert users(NEEDS) == {"tensorflow-serving-api"}


def test_a_circle_is_no_end() -> None:
    """Distributions may need each other."""
    assert orphans({**NEEDS, "h5py": {"keras", "numpy"}}) == {"keras", "h5py"}


def test_others_need_it() -> None:
    """Packages that TensorFlow does not bring itself."""
    assert users({**NEEDS, "mine": {"tensorflow"}}) == {"tensorflow-serving-api", "mine"}
    assert users({**NEEDS, "keras": {"tensorflow"}}) == {"tensorflow-serving-api"}


def put(folder: Path, name: str, needs: list[str], files: dict[str, str]) -> None:
    """Install a distribution as pip leaves it."""
    info = f"{name.replace('-', '_')}-1.0.dist-info"
    texts = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
        + "".join(f"Requires-Dist: {each}\n" for each in needs),
    }
    record = "".join(f"{path},,\n" for path in [*texts, f"{info}/RECORD"])
    for path, text in {**texts, f"{info}/RECORD": record}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """Return a prefix with a small TensorFlow, and what it needs."""
    lib = tmp_path / "lib"
    put(
        lib,
        "tensorflow",
        ["keras>=3", "numpy", 'extra-one; extra == "and-cuda"'],
        {
            "tensorflow/__init__.py": "import tensorflow.python",
            "tensorflow/python/__init__.py": "",
            "tensorflow/core/framework/tensor_pb2.py": "DTYPE = 1",
            "tensorflow/lib.so": "x" * 1000,
            "../bin/saved_model_cli": "",
        },
    )
    put(lib, "keras", [], {"keras/__init__.py": "", "keras/deep/er.py": ""})
    put(lib, "extra-one", [], {"extra_one.py": ""})
    put(lib, "tensorflow-serving-api", ["tensorflow<3", "numpy"], {"api_pb2.py": ""})
    return tmp_path


def strip(
    environment: Path, *arguments: str, prefix: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command as if it were in that environment and nothing else were installed."""
    code = (
        f"import sys, eiload.cli.main; sys.prefix = {str(prefix or environment)!r}; "
        "plain = [path for path in sys.path if 'site-packages' not in path]; "
        f"sys.path[:] = [{str(environment / 'lib')!r}, *plain]; "
        f"sys.exit(eiload.cli.main.main(['strip-tensorflow', *{list(arguments)!r}]))"
    )
    return subprocess.run(
        [EILOAD[0], "-c", code], check=False, capture_output=True, text=True, timeout=120
    )


def test_it_asks_first(environment: Path) -> None:
    """Without --yes nothing is touched, and it is said what would be."""
    before = sorted(environment.rglob("*"))
    done = strip(environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "would remove TensorFlow's runtime, keras: 0 MB; --yes does it\n"
    assert sorted(environment.rglob("*")) == before


def test_messages_stay(environment: Path) -> None:
    """They, the metadata, and a word for who imports the runtime; empty folders go, too."""
    done = strip(environment, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    lib = environment / "lib"
    left = {str(path.relative_to(lib)) for path in lib.rglob("*") if path.is_file()}
    left = {path for path in left if ".dist-info" not in path}
    assert left == {
        *("tensorflow/__init__.py", "tensorflow/core/framework/tensor_pb2.py"),
        *("extra_one.py", "api_pb2.py"),
    }
    assert not (lib / "keras").exists()
    assert not (environment / "bin").exists()
    assert (lib / "tensorflow-1.0.dist-info" / "METADATA").exists()
    code = "import sys; sys.path.insert(0, sys.argv[1]); import tensorflow"
    done = subprocess.run(
        [sys.executable, "-c", code, str(lib)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert MARK in done.stderr
    assert strip(environment, "--yes").returncode == 0  # once more does no harm


def test_somebody_else_needs_it(environment: Path) -> None:
    """Then nothing goes."""
    put(environment / "lib", "mine", ["TensorFlow >= 2"], {"mine.py": ""})
    done = strip(environment, "--yes")
    assert done.returncode == 2
    assert done.stderr.startswith("eiload: mine in ")
    assert (environment / "lib/tensorflow/python/__init__.py").exists()


def test_not_of_this_environment(environment: Path) -> None:
    """What lies elsewhere is others'."""
    (environment / "other").mkdir()
    done = strip(environment, "--yes", prefix=environment / "other")
    assert done.returncode == 2
    assert "TensorFlow lies outside of this environment" in done.stderr


def test_nothing_to_strip(tmp_path: Path) -> None:
    """That is one line and status 2."""
    done = strip(tmp_path)
    assert (done.returncode, done.stderr) == (
        2,
        "eiload: TensorFlow is not installed here: there is nothing to strip\n",
    )
