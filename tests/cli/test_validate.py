"""`eiload validate`: good files, bad ones, and all that they name."""

from pathlib import Path

import pytest

from eiload.cli.main import main
from tests.report import runs


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    """Return the path of a good scenario."""
    path = tmp_path / "golden.yaml"
    path.write_text(runs.SCENARIO, encoding="utf-8")
    return str(path)


def test_validate_good_and_bad(
    scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Good files get a line on stdout, bad ones all of their errors on stderr, and status 2."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: x\ntraffik: []\n", encoding="utf-8")
    assert main(["validate", scenario, str(bad), str(tmp_path / "none.yaml")]) == 2
    out, err = capsys.readouterr()
    assert out.startswith(f"{scenario}: 2 targets (gpu 127.0.0.1:8500, ei 127.0.0.1:9000)")
    assert f"eiload: {bad}:2:1: traffik: unknown key (did you mean 'traffic'?)" in err
    assert f"eiload: {tmp_path / 'none.yaml'}: no such file" in err
    assert "Traceback" not in err


def test_validate_looks_at_the_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is no image is found before any load."""
    (tmp_path / "not.jpg").write_bytes(b"nothing")
    path = tmp_path / "s.yaml"
    path.write_text(
        runs.SCENARIO.replace("{synthetic: 64x48}", "{images: [not.jpg]}"), encoding="utf-8"
    )
    assert main(["validate", str(path)]) == 2
    assert "not.jpg: not an image" in capsys.readouterr().err


def test_validate_looks_at_the_prices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A price that is not known is found before any load."""
    path = tmp_path / "s.yaml"
    path.write_text(runs.SCENARIO.replace("0.90 USD/h", "p9.xlarge"), encoding="utf-8")
    assert main(["validate", str(path)]) == 2
    assert "targets.gpu.price: no published price, got 'p9.xlarge'" in capsys.readouterr().err


def test_validate_as_a_run_until_decided(scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The option of the run may be said before it, and what does not fit is told."""
    assert main(["validate", scenario, "--until-decided", "1h"]) == 0
    assert "until decided" in capsys.readouterr().out
    assert main(["validate", scenario, "--until-decided", "1 s"]) == 2
    assert "--until-decided 1 s: shorter than phase" in capsys.readouterr().err
