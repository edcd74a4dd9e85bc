"""Temporary files of the dead are cleaned away, those of the living are not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from eiload.base import files, leftovers

NAMES = ["run.json", "[a]*?.json", "é" * 100, "x" * 255]

KILLED = """
import os, sys
from pathlib import Path
from eiload.base import leftovers
descriptor, _ = leftovers.temporary(Path(sys.argv[1]))
os.write(descriptor, b"half of ")
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("name", NAMES)
def test_what_a_killed_process_left(tmp_path: Path, name: str) -> None:
    """The next to write the same file removes it, and nothing else."""
    path = tmp_path / name
    for _ in range(2):
        killed = subprocess.run([sys.executable, "-c", KILLED, path], check=False, timeout=240)
        assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 2
    others = [tmp_path / ".run.json.mine", tmp_path / "..eiload", tmp_path / ".run.json.eiload"]
    for other in others:
        other.write_text("stays")
    files.write_whole(path, "whole")
    assert path.read_text() == "whole\n"
    assert set(tmp_path.iterdir()) == {path, *others}


def test_who_lives_keeps_its_file(tmp_path: Path) -> None:
    """A file that is being written is not swept away by another writer."""
    path = tmp_path / "run.json"
    descriptor, name = leftovers.temporary(path)
    leftovers.sweep(path)
    files.write_whole(path, "another's")
    assert name.exists()
    os.close(descriptor)
    leftovers.sweep(path)
    assert not name.exists()


def test_what_is_no_file_stays(tmp_path: Path) -> None:
    """A link or a pipe of such a name is nobody's leftover and holds nobody up."""
    path = tmp_path / "run.json"
    precious = tmp_path / "precious"
    precious.write_text("stays")
    (tmp_path / ".run.json.abcdefgh.eiload").symlink_to(precious)
    pipe = tmp_path / ".run.json.12345678.eiload"
    os.mkfifo(pipe)
    leftovers.sweep(path)
    assert precious.read_text() == "stays"
    assert pipe.exists()
