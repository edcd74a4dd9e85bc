"""Files are written wholly or not at all."""

from pathlib import Path

import pytest

from eiload.errors import OutputError
from eiload.files import write_whole


def test_written_and_replaced(tmp_path: Path) -> None:
    """A text ends with a line break, replaces what was there, and leaves nothing beside it."""
    path = tmp_path / "report.json"
    write_whole(path, "old")
    write_whole(path, "new\n")
    assert path.read_text() == "new\n"
    assert list(tmp_path.iterdir()) == [path]


def test_not_written(tmp_path: Path) -> None:
    """A file that cannot be written is named with the reason."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"report\.json: cannot be written: Not a directory"):
        write_whole(tmp_path / "file" / "report.json", "text")


def test_failure_keeps_the_old(tmp_path: Path) -> None:
    """When the new text cannot be written, the old one stays and no temporary file does."""
    path = tmp_path / "report.json"
    write_whole(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "half \ud800")
    assert path.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [path]
