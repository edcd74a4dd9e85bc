"""`eiload doctor`: what it makes of what it finds."""

import importlib
import importlib.metadata
import json
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from eiload.cli import doctor
from eiload.cli.doctor import Finding, Level
from eiload.cli.main import main


def test_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    """Load can be made where the tests run; each thing is a line."""
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 9 + len(doctor.NEEDED) - 1
    for what in ("Python 3", "locust 2", "open files", "CPUs", "memory", "clock", "steal", "timer"):
        assert any(what in line for line in lines)
    assert {line.split()[0] for line in lines} <= {"ok", "note", "warning"}


def test_a_package_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """That is status 5, with what to do."""
    monkeypatch.setattr(doctor, "NEEDED", ("no-such-package",))
    monkeypatch.setattr(doctor, "STEAL_S", 0.0)
    assert main(["doctor"]) == 5
    assert "missing  no-such-package: no load without it; pip install" in capsys.readouterr().out


def test_tensorflow_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, it is said what does not work."""

    def missing(_name: str) -> str:
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert doctor.runtime().level is Level.NOTE
    assert doctor.package("numpy").level is Level.MISSING


@pytest.mark.parametrize(
    ("found", "level"),
    [
        (doctor.files(256, 512), Level.WARNING),
        (doctor.files(256, 65536), Level.OK),  # the sender takes what it may
        (doctor.files(65536, 65536), Level.OK),
        (doctor.files(resource.RLIM_INFINITY, resource.RLIM_INFINITY), Level.OK),
        (doctor.cpus(1, 0.0), Level.WARNING),
        (doctor.cpus(2, 3.0), Level.WARNING),
        (doctor.cpus(8, 0.5), Level.OK),
        (doctor.memory(10**8), Level.WARNING),
        (doctor.memory(10**10), Level.OK),
        (doctor.clock("hpet"), Level.WARNING),
        (doctor.clock("tsc"), Level.OK),
        (doctor.clock(""), Level.NOTE),
        (doctor.timer([10_000] * 98 + [9_000_000] * 2), Level.WARNING),
        (doctor.timer([10_000] * 100), Level.OK),
        (doctor.timer([5]), Level.OK),
    ],
)
def test_levels(found: Finding, level: Level) -> None:
    """What is a warning says what it means."""
    assert found.level is level
    assert bool(found.means) == (level is Level.WARNING)


@pytest.mark.parametrize(
    ("ticks", "what"),
    [
        ([(10, 100), (15, 200)], "steal: 5.0 % of the last 0 s"),
        ([(10, 100), (10, 200)], "steal: 0.0 % of the last 0 s"),
        ([(10, 100), (10, 100)], "steal: unknown"),
        ([None, None], "steal: unknown"),
    ],
)
def test_steal(ticks: list[tuple[int, int] | None], what: str) -> None:
    """It is a share of what has passed."""
    told: Iterator[tuple[int, int] | None] = iter(ticks)
    assert doctor.steal(lambda: next(told), 0.0).what == what


def test_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What one prints, another is held against; a version that lets no run begin is status 5."""
    monkeypatch.setattr(doctor, "STEAL_S", 0.0)
    assert main(["doctor", "--json"]) == 0
    told = capsys.readouterr().out
    path = tmp_path / "master.json"
    path.write_text(told)
    assert main(["doctor", "--with", str(path)]) == 0
    assert "ok       versions as on the other machine" in capsys.readouterr().out
    data = json.loads(told)
    data["versions"]["locust"] = "2.1"
    path.write_text(json.dumps(data))
    assert main(["doctor", "--with", str(path)]) == 0
    assert "warning  locust: 2." in capsys.readouterr().out
    data["versions"]["numpy"] = "1.0"
    path.write_text(json.dumps(data))
    assert main(["doctor", "--with", str(path)]) == 5
    assert " here, 1.0 there: no run of both begins" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "x"}'])
def test_not_of_another_machine(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """That is one line and status 2."""
    path = tmp_path / "x.json"
    path.write_text(text)
    assert main(["doctor", "--with", str(path)]) == 2
    assert f"eiload: {path}: not what 'eiload doctor --json' prints" in capsys.readouterr().err


def test_stripped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """TensorFlow's message definitions alone are told from its runtime."""
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.setattr(importlib.metadata, "version", lambda _name: "2.21.0")
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    importlib.invalidate_caches()
    assert doctor.runtime().what == "tensorflow 2.21.0, stripped to its message definitions"


def test_the_timer_rings_after_its_instant() -> None:
    """Late it may be, early never."""
    late = doctor.lateness_ns(rings=5)
    assert len(late) == 5
    assert min(late) >= 0
