"""The command line of the benchmarks."""

import pytest

from bench.__main__ import arguments_of, main


def test_all_by_default() -> None:
    """Nothing named: everything is measured, in 5 rounds."""
    arguments = arguments_of([])
    assert (arguments.names, arguments.rounds) == ([], 5)


def test_unknown_name(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown benchmark is refused with the names there are, exit status 2."""
    with pytest.raises(SystemExit) as ended:
        main(["speed"])
    assert ended.value.code == 2
    assert "expected peers, schedule, truth, scale, sustained, startup, hotpaths, got 'speed'" in (
        capsys.readouterr().err
    )


def test_no_rounds(capsys: pytest.CaptureFixture[str]) -> None:
    """Less than one round is refused."""
    with pytest.raises(SystemExit):
        main(["peers", "--rounds", "0"])
    assert "--rounds: expected at least 1, got 0" in capsys.readouterr().err
