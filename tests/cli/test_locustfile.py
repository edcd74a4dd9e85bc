"""`eiload locustfile`."""

from pathlib import Path

import pytest

from eiload.cli.main import main


def test_it_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed is a locustfile with a class that Locust can run."""
    assert main(["locustfile"]) == 0
    path = Path(capsys.readouterr().out.rstrip("\n"))
    assert "class SSD(SSDUser)" in path.read_text(encoding="utf-8")
