"""The options of ``eiload make-model``: a command line to a design and a directory."""

import argparse
from pathlib import Path

from eiload.base import console
from eiload.base.errors import ScenarioError

__all__ = ["NEWEST_VERSION", "add_make_model_arguments", "run_make_model"]

NEWEST_VERSION = 2**63 - 1
"""A version is an int64 on the wire."""

SIZE = 300
TORCH_SIZES = {"resnet": 224, "ssd": 300}
"""ImageNet's classifiers take 224 x 224."""

MAKE_MODEL_DESCRIPTION = """\
Write an SSD with a ResNet-50 backbone and a feature pyramid as a SavedModel, with the
signature of the model zoo. It is untrained: its weights are random, its detections mean
nothing. It does the work of the real thing, to measure servers with.
"""

MAKE_MODEL_EPILOG = """\
examples:
  eiload make-model models/ssd                            300 x 300, full width
  eiload make-model models/small --size 64 --width 0.05   a few ms on any CPU
  eiload make-model models/two --two-inputs               for scenarios/any-model.yaml
  eiload serve --saved-model models/ssd
  eiload make-model models/resnet --torch resnet          TorchScript, traced and scripted
  docker run -p 8500:8500 -v $PWD/models/ssd:/models/ssd -e MODEL_NAME=ssd tensorflow/serving
"""


def add_make_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``eiload make-model``."""
    parser.description = MAKE_MODEL_DESCRIPTION
    parser.epilog = MAKE_MODEL_EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("directory", metavar="DIR", help="the model goes to DIR/VERSION")
    parser.add_argument(
        "--size",
        type=int,
        help="images are resized to SIZE x SIZE (default: 300; --torch resnet: they have to be of "
        "it, 224)",
    )
    parser.add_argument(
        "--torch",
        choices=("resnet", "ssd"),
        help="TorchScript instead, for `eiload serve --torchscript`: DIR/traced/model.pt as "
        "PyTorch 1.3.1's container wants it, and DIR/scripted/model.pt as 1.5.1's",
    )
    parser.add_argument(
        "--width", type=float, default=1.0, help="factor on all channels (default: 1.0)"
    )
    parser.add_argument(
        "--encoded", action="store_true", help="take JPEG or PNG files instead of pixels"
    )
    parser.add_argument(
        "--raw", action="store_true", help="answer the raw boxes and scores of all anchors, too"
    )
    parser.add_argument(
        "--two-inputs",
        action="store_true",
        help="no SSD: a small model of tokens int64 [?, ?] and numbers float32 [?, 4], to try any "
        "model's payloads on",
    )
    parser.add_argument("--seed", type=int, default=1, help="of the weights (default: 1)")
    parser.add_argument(
        "--version", type=int, metavar="N", help="number of the version (default: 1)"
    )


def run_make_model(arguments: argparse.Namespace) -> int:
    """Write a model; return the exit status.

    Raises:
        ScenarioError: something on the command line cannot be done.
        OutputError: the model cannot be written.
    """
    from eiload.server.make_model import Design, write_model  # noqa: PLC0415

    if not arguments.directory:
        raise ScenarioError("make-model: DIR: expected a directory ('.' for this one), got ''")
    if arguments.torch:
        return _run_torch(arguments)
    version = 1 if arguments.version is None else arguments.version
    if not 1 <= version <= NEWEST_VERSION:
        raise ScenarioError(
            f"make-model: --version: expected a number from 1 to {NEWEST_VERSION}, got {version!r}"
        )
    design = Design(
        size=SIZE if arguments.size is None else arguments.size,
        width=arguments.width,
        encoded=arguments.encoded,
        raw=arguments.raw,
        seed=arguments.seed,
        two_inputs=arguments.two_inputs,
    )
    path = write_model(Path(arguments.directory), version, design)
    kind, answers = (
        ("model of two inputs", "scores") if design.two_inputs else ("SSD", "detections")
    )
    console.emit(
        f"wrote {path}: an untrained {kind}, random weights (seed {design.seed}); "
        f"its {answers} mean nothing"
    )
    return 0


def _run_torch(arguments: argparse.Namespace) -> int:
    """Write TorchScript both ways; return the exit status."""
    from eiload.server.make_torch import TorchDesign, write_torch  # noqa: PLC0415

    for name in ("encoded", "raw", "two_inputs", "version"):
        if getattr(arguments, name):
            option = "--" + name.replace("_", "-")
            raise ScenarioError(f"make-model: {option}: expected only without --torch")
    kind = arguments.torch
    design = TorchDesign(
        network=kind,
        size=TORCH_SIZES[kind] if arguments.size is None else arguments.size,
        width=arguments.width,
        seed=arguments.seed,
    )
    traced, scripted = write_torch(Path(arguments.directory), design)
    name = "ResNet-50" if kind == "resnet" else "SSD"
    console.emit(
        f"wrote {traced} and {scripted}: an untrained {name}, random weights (seed {design.seed}); "
        "its answers mean nothing"
    )
    return 0
