"""Writes an untrained network as TorchScript, both ways: for `eiload serve --torchscript`.

``traced/model.pt`` as the containers of PyTorch 1.3.1 wanted it (`torch.jit.trace` with a picture
of the final size), ``scripted/model.pt`` as those of 1.5.1 did (`torch.jit.script`); one network,
one set of weights by the seed, so that they answer the same. The SSD comes with a
``code/inference.py`` in each folder, as a detector's answer has four tensors and the inference
toolkit writes one.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from eiload.base.errors import OutputError, ScenarioError
from eiload.server.make_model import make_room
from eiload.server.torch_runtime import pytorch

__all__ = ["TorchDesign", "write_torch"]

INFERENCE = '''\
"""What the PyTorch container calls for this SSD: pictures in, the model zoo's four outputs out.

Takes application/x-npy and application/json (pixels uint8 [N, height, width, 3], bare or as
``{"instances": ..}``), and a picture's file (application/x-image, image/jpeg, image/png).
Written by `eiload make-model --torch ssd`; change it as you like.
"""

import io
import json

import numpy as np
import torch

NAMES = ("detection_boxes", "detection_classes", "detection_scores", "num_detections")


def input_fn(data, content_type):
    if content_type == "application/x-npy":
        pixels = np.load(io.BytesIO(data), allow_pickle=False)
    elif content_type == "application/json":
        pixels = json.loads(data)
        if isinstance(pixels, dict):
            pixels = pixels["instances"]
        pixels = np.array(pixels, dtype=np.uint8)
    elif content_type in ("application/x-image", "image/jpeg", "image/png"):
        from PIL import Image

        pixels = np.array(Image.open(io.BytesIO(data)).convert("RGB"))[np.newaxis]
    else:
        raise ValueError(f"Unsupported content type: {content_type}")
    if pixels.ndim != 4 or pixels.shape[3] != 3:
        raise ValueError(f"expected pixels [N, height, width, 3], got {list(pixels.shape)}")
    return torch.from_numpy(np.ascontiguousarray(pixels))


def predict_fn(data, model):
    with torch.no_grad():
        return model(data)


def output_fn(prediction, accept):
    columns = [each.tolist() for each in prediction]
    rows = [dict(zip(NAMES, row)) for row in zip(*columns)]
    return json.dumps({"predictions": rows}), "application/json"
'''


@dataclass(frozen=True, slots=True)
class TorchDesign:
    """What is written."""

    network: Literal["resnet", "ssd"]
    size: int
    """Pictures of the trace are so high and so wide; the SSD resizes to it."""
    width: float
    """Factor on all channels."""
    seed: int

    def check(self) -> None:
        """See that it can be built.

        Raises:
            ScenarioError: it cannot.
        """
        if not 64 <= self.size <= 2048:
            raise ScenarioError(f"make-model: --size: expected 64 to 2048, got {self.size!r}")
        if not 0.01 <= self.width <= 4.0:
            raise ScenarioError(f"make-model: --width: expected 0.01 to 4.0, got {self.width!r}")
        if not 0 <= self.seed < 2**31:
            raise ScenarioError(f"make-model: --seed: expected 0 to {2**31 - 1}, got {self.seed!r}")


def write_torch(directory: Path, design: TorchDesign) -> tuple[Path, Path]:
    """Write a network both ways; return the two files.

    Args:
        directory: gets ``traced/model.pt`` and ``scripted/model.pt``.
        design: what is written.

    Raises:
        ScenarioError: it cannot be built so, is there already, or there is no PyTorch.
        OutputError: it cannot be written.
    """
    design.check()
    targets = tuple(directory / way for way in ("traced", "scripted"))
    make_room(directory, *targets, other="another DIR")
    torch = pytorch()
    network, example = _built(torch, design)
    # The tests compare both; PyTorch's own check would run the network three times more.
    made = (torch.jit.trace(network, example, check_trace=False), torch.jit.script(network))
    try:
        for target, module in zip(targets, made, strict=True):
            with tempfile.TemporaryDirectory(prefix=".making-", dir=directory) as scratch:
                folder = Path(scratch) / "model"
                folder.mkdir()
                module.save(str(folder / "model.pt"))
                if design.network == "ssd":
                    (folder / "code").mkdir()
                    (folder / "code" / "inference.py").write_text(INFERENCE)
                folder.rename(target)
    except (OSError, RuntimeError) as error:
        raise OutputError(f"{directory}: cannot be written: {error}") from error
    return targets[0] / "model.pt", targets[1] / "model.pt"


def _built(torch: Any, design: TorchDesign) -> tuple[Any, Any]:
    """Return the network, and a picture to trace it with."""
    # PyTorch is loaded by now, which that file needs to be read at all.
    from eiload.server import torch_nets  # noqa: PLC0415

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(design.seed)
        if design.network == "resnet":
            network = torch_nets.Classifier(design.width)
            example = torch.zeros(1, 3, design.size, design.size)
        else:
            network = torch_nets.Detector(design.size, design.width)
            example = torch.zeros(1, design.size, design.size, 3, dtype=torch.uint8)
    network = network.eval()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network, example
