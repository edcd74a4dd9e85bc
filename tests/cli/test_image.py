"""`eiload image`: a picture for whoever has none."""

from pathlib import Path

import numpy as np
import pytest

from eiload.cli.main import main
from eiload.serving import images


def test_a_picture_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """PNG has the pixels that a scenario makes up; JPEG is what an encoded request has."""
    assert main(["image", str(tmp_path / "a.png"), "--size", "64x48", "--seed", "7"]) == 0
    assert np.array_equal(images.load(str(tmp_path / "a.png")), images.synthetic(64, 48, 7))
    assert main(["image", str(tmp_path / "dogs.jpg")]) == 0
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith(f"eiload: {tmp_path / 'dogs.jpg'}: 640 x 427, ")
    assert images.load_encoded(str(tmp_path / "dogs.jpg")) == images.encode(
        images.synthetic(640, 427, 1)
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        ("x.bmp", 2, "x.bmp: no kind of picture; expected a name that ends in .jpg or .png"),
        ("x.jpg --size 64", 2, "no size, got '64'; expected such as 640x427"),
        ("x.jpg --size 0x5", 2, "no size"),
        ("x.jpg --size 99999x99999", 2, "over the limit of 40,000,000 pixels"),
        ("x.jpg --seed x", 2, "no seed, got 'x'"),
        ("no/x.jpg", 6, "no/x.jpg: cannot be written"),
    ],
)
def test_what_cannot_be(
    line: str, status: int, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line with what was expected."""
    try:
        found = main(["image", *line.split()])
    except SystemExit as left:  # argparse's
        found = int(left.code or 0)
    assert found == status
    assert said in capsys.readouterr().err
    assert not list(folder.iterdir())
