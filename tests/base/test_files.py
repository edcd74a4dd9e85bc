"""Files are written wholly or not at all."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from eiload.base import files
from eiload.base.errors import OutputError
from eiload.base.files import check_writable, descriptor, rewritable, tail, write_whole


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


def test_what_a_link_leads_to_is_replaced(tmp_path: Path) -> None:
    """A link stays one, also when it leads to nothing yet."""
    link = tmp_path / "link"
    link.symlink_to("target")
    for text in ("one\n", "two\n"):
        write_whole(link, text)
        assert link.is_symlink()
        assert (tmp_path / "target").read_text() == text


def test_modes(tmp_path: Path) -> None:
    """A file that is replaced keeps its mode, a new one gets what the umask leaves."""
    secret, new = tmp_path / "secret", tmp_path / "new"
    secret.touch(0o600)
    before = os.umask(0o027)
    try:
        write_whole(secret, "text")
        write_whole(new, "text")
    finally:
        os.umask(before)
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(new.stat().st_mode) == 0o640


def test_devices() -> None:
    """A device is written to; what it says is told."""
    write_whole(Path("/dev/null"), "text")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    check_writable(Path("/dev/null"))
    with pytest.raises(OutputError, match="/dev/full: cannot be written: No space left on device"):
        write_whole(Path("/dev/full"), "text")


def test_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe's reader gets the text, however much of it; without one there is an end to waiting."""
    pipe, text = tmp_path / "pipe", "x" * 1_000_000 + "\n"
    os.mkfifo(pipe)
    check_writable(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True) as reader:
        write_whole(pipe, "")  # `cat` has it when it is there
        assert reader.communicate(timeout=60)[0] == "\n"
    with (tmp_path / "copy").open("w") as copy:
        late = subprocess.Popen(["bash", "-c", f"sleep 0.2; exec cat '{pipe}'"], stdout=copy)
        write_whole(pipe, text)
        assert late.wait(60) == 0
    assert (tmp_path / "copy").read_text() == text
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    monkeypatch.setattr(files, "READER_S", 0.1)
    with pytest.raises(OutputError, match="nobody reads this pipe"):
        write_whole(pipe, "text")


@pytest.mark.parametrize("form", ["/dev/fd/{}", "/proc/self/fd/{}", "{link}"])
def test_what_is_open_is_written_to(tmp_path: Path, form: str) -> None:
    """A path that stands for an open file adds to it, where writing to it has come to."""
    with (tmp_path / "out").open("w+b", buffering=0) as file:
        file.write(b"before\n")
        link = tmp_path / "link"
        link.symlink_to(f"/dev/fd/{file.fileno()}")
        path = Path(form.format(file.fileno(), link=link))
        assert descriptor(path) == file.fileno()
        assert not rewritable(path)
        check_writable(path)
        write_whole(path, "text")
        file.write(b"after\n")
    assert (tmp_path / "out").read_text() == "before\ntext\nafter\n"


def test_what_is_open_for_reading(tmp_path: Path) -> None:
    """It is found out before."""
    (tmp_path / "in").touch()
    with (tmp_path / "in").open() as file, pytest.raises(OSError, match="for reading only"):
        check_writable(Path(f"/dev/fd/{file.fileno()}"))


def test_links_in_a_circle(tmp_path: Path) -> None:
    """They lead nowhere, and come to an end."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert descriptor(tmp_path / "a") is None
    assert rewritable(tmp_path / "a")


def test_read_only_file(tmp_path: Path) -> None:
    """A file that must not be written is found before; root may write it all the same."""
    path = tmp_path / "file"
    path.touch(0o400)
    if os.geteuid() == 0:
        check_writable(path)
    else:
        with pytest.raises(PermissionError):
            check_writable(path)


def test_the_end_of_a_file(tmp_path: Path) -> None:
    """So much of it, a character that is cut replaced; nothing of what cannot be read."""
    path = tmp_path / "log"
    assert tail(path, 9) == tail(tmp_path, 9) == ""
    path.write_text("ab\u00e9cd\n")
    assert tail(path, 90) == "ab\u00e9cd\n"
    assert tail(path, 4) == "\ufffdcd\n"
