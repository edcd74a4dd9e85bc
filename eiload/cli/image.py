"""`eiload image`: a picture of our own, for whoever has none at hand."""

import argparse
import io
import re
from pathlib import Path

from PIL import Image as PillowImage

from eiload.base import console
from eiload.base.errors import ScenarioError
from eiload.base.files import write_bytes
from eiload.cli.sent import SYNTHETIC
from eiload.serving import images

__all__ = ["add_arguments", "image"]

SIZE = f"{SYNTHETIC['width']}x{SYNTHETIC['height']}"
KINDS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = """\
Write a made-up picture: noise with a photograph's spectrum, and things with edges in it,
so that its JPEG is as large as a photograph's. The same size and seed are the same pixels
on every machine. There is nothing in it for a detector to find.
"""
    parser.epilog = """\
examples:
  eiload image dogs.jpg
  eiload image large.png --size 1920x1080 --seed 2
"""
    parser.add_argument("file", type=Path, metavar="FILE", help="where to write it: .jpg or .png")
    parser.add_argument(
        "--size",
        type=console.argument(_size),
        default=SIZE,
        metavar="WIDTHxHEIGHT",
        help="in pixels (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=console.argument(_seed),
        default="1",
        metavar="N",
        help="what makes this picture and no other (default: %(default)s)",
    )


def image(arguments: argparse.Namespace) -> int:
    """Do it; return the exit status.

    Raises:
        ScenarioError: it is to be of another kind, or too large.
        OutputError: it cannot be written.
    """
    path: Path = arguments.file
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise ScenarioError(
            f"{path}: no kind of picture; expected a name that ends in .jpg or .png"
        )
    width, height = arguments.size
    made = images.synthetic(width, height, arguments.seed)
    file = io.BytesIO()
    PillowImage.fromarray(made).save(file, "PNG")
    data = images.encode(made) if kind == "JPEG" else file.getvalue()
    write_bytes(path, data)
    console.say(f"{path}: {width} x {height}, {len(data):,} bytes")
    return 0


def _size(text: object) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})", str(text).lower())
    if found is None:
        raise ValueError(f"no size, got {text!r}; expected such as {SIZE}")
    return int(found[1]), int(found[2])


def _seed(text: object) -> int:
    if not str(text).isdecimal():
        raise ValueError(f"no seed, got {text!r}; expected a whole number from 0 on")
    return int(str(text))
