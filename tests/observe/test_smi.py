"""GPUs by nvidia-smi: its CSV, the fields that a driver knows, a process that ends."""

import stat
from pathlib import Path

import pytest

from eiload.base.clock import NS_PER_S, SystemClock
from eiload.observe.reader import UnreadableError
from eiload.observe.smi import FIELDS, REASONS, Smi, command_of, parsed

ALL = [*FIELDS, REASONS[0]]

SMI = """\
#!/bin/sh
# An nvidia-smi of a driver from before 535, with two GPUs; it says its numbers three times.
case "$*" in *clocks_event_reasons*) echo 'Field "clocks_event_reasons.active" is not a valid field'; exit 2;; esac
say() {
  echo "GPU-a, Tesla T4, $1, 1024, 15360, 70.5, 1590, 1590, [N/A], 0x0000000000000004"
  echo "GPU-b, Tesla T4, $1, 1024, 15360, [N/A], 1590, 1590, 40, 0x0000000000000000"
}
say 10
case "$*" in *loop-ms*) say 20; say 30;; esac
"""  # noqa: E501


def fake(folder: Path, text: str = SMI) -> list[str]:
    """Return the command that runs a made nvidia-smi."""
    path = folder / "nvidia-smi"
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return [str(path)]


def test_a_line() -> None:
    """MiB are bytes, a mask is hexadecimal, what is not supported is left out."""
    line = "GPU-a, Tesla T4, 74, 1024, [N/A], 70.5, 1590, 1590, 40, 0x0000000000000024\n"
    of = (("gpu", "GPU-a"), ("name", "Tesla T4"))
    assert parsed(line, ALL) == {
        ("gpu_use", of): 74,
        ("gpu_memory_bytes", of): 1 << 30,
        ("gpu_power_w", of): 70.5,
        ("gpu_sm_mhz", of): 1590,
        ("gpu_sm_most_mhz", of): 1590,
        ("gpu_temperature_c", of): 40,
        ("gpu_reasons", of): 0x24,
    }


@pytest.mark.parametrize("line", ["", "\n", "No devices were found", "a, b, c", "x, y" + ", ?" * 8])
def test_a_line_that_says_nothing(line: str) -> None:
    """It is no reading."""
    assert parsed(line, ALL) is None


def test_where_it_is_run() -> None:
    """On another machine without asking for a password, or below a command."""
    assert command_of("ssh me@gpu")[-3:] == ["--", "me@gpu", "nvidia-smi"]
    assert "BatchMode=yes" in command_of("ssh me@gpu")
    assert command_of("command") == ["nvidia-smi"]
    below = command_of("command docker exec 'the gpu'")
    assert below == ["docker", "exec", "the gpu", "nvidia-smi"]


def test_it_is_read_until_it_ends(tmp_path: Path) -> None:
    """All GPUs of a round together; the older name of a field; then it is said that it ended."""
    reader = Smi("here", fake(tmp_path), 60 * NS_PER_S, SystemClock())
    found = []
    why = ""
    while not why:
        try:
            found.append(reader.read())
        except UnreadableError as error:
            why = str(error)
    reader.close()
    assert why.endswith("has ended")
    assert 1 <= len(found) <= 3  # the latest is taken: it may have said more than was looked at
    last = found[-1].values
    for name in ("GPU-a", "GPU-b"):
        assert last["gpu_use", (("gpu", name), ("name", "Tesla T4"))] in {10, 20, 30}
    assert last["gpu_reasons", (("gpu", "GPU-a"), ("name", "Tesla T4"))] == 4
    assert found[-1].kind == "gpu"


def test_it_cannot_be_run(tmp_path: Path) -> None:
    """Its own words, or the system's."""
    silent = fake(tmp_path, "#!/bin/sh\necho 'no driver' >&2\nexit 9\n")
    with pytest.raises(UnreadableError, match="no driver"):
        Smi("here", silent, NS_PER_S, SystemClock()).read()
    with pytest.raises(UnreadableError, match="No such file"):
        Smi("here", [str(tmp_path / "none")], NS_PER_S, SystemClock()).read()
