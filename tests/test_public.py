"""What the package gives to others: its public names, as scripts use them, and its types."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import eiload
from eiload.base.errors import ScenarioError
from eiload.record.run import save
from tests import plugin  # imports Locust without its changes to this process
from tests.golden import TWO, golden_run

ROOT = Path(__file__).parent.parent

SCENARIO = """
name: mine
targets: {a: {server: "${SERVER:-localhost:8500}", model: ssd}}
payload: {synthetic: 8x8}
traffic: [{phase: steady, rate: 1/s, for: 1 s}]
"""


@pytest.mark.parametrize("kind", [str, Path])
def test_load_scenario(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[str] | type[Path]
) -> None:
    """A scenario's file is named by a text or a path; the environment may be given, or is ours."""
    path = tmp_path / "mine.yaml"
    path.write_text(SCENARIO)
    given = kind(path)
    monkeypatch.delenv("SERVER", raising=False)
    assert eiload.load_scenario(given).targets["a"].server == "localhost:8500"
    monkeypatch.setenv("SERVER", "ours:1")
    assert eiload.load_scenario(given).targets["a"].server == "ours:1"
    assert eiload.load_scenario(given, os.environ).targets["a"].server == "ours:1"
    assert eiload.load_scenario(given, {}).targets["a"].server == "localhost:8500"
    with pytest.raises(ScenarioError, match=r"gone\.yaml: no such file"):
        eiload.load_scenario(kind(tmp_path / "gone.yaml"))


@pytest.mark.parametrize("kind", [str, Path])
def test_load_run(tmp_path: Path, kind: type[str] | type[Path]) -> None:
    """So is a run file; what it holds can be judged."""
    save(tmp_path / "run.json", golden_run(TWO).to_json())
    run = eiload.load_run(kind(tmp_path / "run.json"))
    assert isinstance(run, eiload.Run)
    assert eiload.judge(run).summary
    with pytest.raises(ScenarioError, match=r"gone\.json: cannot be read"):
        eiload.load_run(kind(tmp_path / "gone.json"))


def test_public_names() -> None:
    """Each is there; another one is not, in Python's own words."""
    assert plugin
    for name in eiload.__all__:
        assert getattr(eiload, name) is not None
    with pytest.raises(AttributeError, match="module 'eiload' has no attribute 'SSDUsr'"):
        eiload.SSDUsr  # noqa: B018


OTHERS_TYPES = """
[mypy]
[mypy-numpy.*,scipy.*,pydantic.*,pydantic_core.*,yaml.*,rich.*,PIL.*,grpc.*,locust.*,gevent.*]
follow_imports = skip
"""
"""Half of what mypy takes here is others' stubs."""


def test_others_see_the_types(tmp_path: Path) -> None:
    """A type checker takes the package's annotations, also where it is installed."""
    pytest.importorskip("mypy", reason="mypy, of the extra dev, is not installed")
    assert (Path(eiload.__file__).parent / "py.typed").exists()
    script = tmp_path / "mine.py"
    script.write_text("import eiload\nreveal_type(eiload.load_run('run.json').ended_ns)\n")
    (tmp_path / "mypy.ini").write_text(OTHERS_TYPES)
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", "mypy.ini", str(script)],
        check=False, capture_output=True, text=True, timeout=500, cwd=tmp_path,
    )  # fmt: skip
    assert 'Revealed type is "int"' in checked.stdout.replace("builtins.", ""), checked.stdout
