"""What `eiload predict` sends, by its arguments."""

import argparse
from pathlib import Path

import numpy as np
import pytest

from eiload.base.errors import ScenarioError
from eiload.cli import sent
from eiload.scenario import Payload


def parsed(*argv: str) -> argparse.Namespace:
    """Return the arguments as they are parsed, with those of pictures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--image")
    parser.add_argument("--encoding", default="uint8")
    parser.add_argument("--batch", type=int, default=1)
    sent.add_arguments(parser)
    return parser.parse_args(argv)


def payload(*argv: str) -> Payload:
    """Return what is sent."""
    return sent.sent(parsed(*argv))


def test_pictures() -> None:
    """Without anything else a made-up one; its input has a name."""
    assert payload().pictures == 1
    assert sent.input_name(parsed()) == "inputs"
    assert sent.input_name(parsed("--input", "image")) == "image"


def test_inputs(tmp_path: Path) -> None:
    """Files and values, each by name."""
    np.save(tmp_path / "x.npy", np.ones(1))
    found = payload("--input", f"x={tmp_path / 'x.npy'}", "--input", "y=[1.0, 2]").inputs
    assert found["x"].file == (str(tmp_path / "x.npy"),)
    assert found["y"].values == [1.0, 2]


def test_generate() -> None:
    """One request, with what is said of it."""
    argv = ("--generate", "--batch", "4", "--shape", "x=1,384", "--range", "y=0,9", "--seed", "3")
    generate = payload(*argv).generate
    assert generate is not None
    assert (generate.count, generate.batch, generate.seed) == (1, 4, 3)
    assert (generate.shapes, generate.ranges) == ({"x": (1, 384)}, {"y": (0, 9)})


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--input", "x=gone.npy"], "--input: neither a file nor values, got 'gone.npy'"),
        (["--input", "x=[1,[2]]"], "--input: x: "),
        (["--input", "x=[1]", "--generate"], "--generate: beside --input NAME=VALUE"),
        (["--generate", "--image", "a.jpg"], "--image: beside --generate"),
        (["--shape", "x=1"], "--shape: is for --generate"),
        (["--generate", "--shape", "x=a"], "--shape: not numbers, got 'x=a'"),
        (["--generate", "--range", "x=3,1"], "--range: x: not a range"),
        (["--image", "gone.jpg"], "--image: no such file, got 'gone.jpg'"),
    ],
)
def test_what_makes_no_sense(argv: list[str], said: str) -> None:
    """It is said with its option."""
    with pytest.raises(ScenarioError) as refused:
        payload(*argv)
    assert str(refused.value).startswith(said)
