"""Two untrained networks in PyTorch that TorchScript takes both ways, traced and scripted.

A ResNet-50 (float32 [N, 3, H, W] to a thousand scores) and an SSD on one (uint8 [N, H, W, 3] to
the four tensors of the model zoo's detectors). Nothing in them depends on the data's values, so
that a trace is the whole of them: suppression is one comparison of each box with the better ones
(as fast NMS has it: Bolya et al., YOLACT, 2019) and no loop. Loaded only where there is PyTorch.
"""

from math import log

import torch
from torch import Tensor, nn
from torch.nn import functional

from eiload.server.make_model import (
    ANCHORS_A_CELL,
    BLOCKS,
    CHANNEL_MEANS,
    PRIOR,
    STAGE_CHANNELS,
    anchors,
)
from eiload.server.signatures import CLASSES, DETECTIONS

__all__ = ["Classifier", "Detector"]

CANDIDATES = 400
"""Boxes with the best scores, of which the hundred that overlap no better one are answered."""

IOU = 0.6


def _convolved(given: int, channels: int, kernel: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(given, channels, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(channels),
    )


class _Block(nn.Module):  # type: ignore[misc]
    """A bottleneck with its way around it."""

    def __init__(self, given: int, channels: int, stride: int) -> None:
        super().__init__()
        self.one = _convolved(given, channels, 1, stride)
        self.two = _convolved(channels, channels, 3, 1)
        self.three = _convolved(channels, 4 * channels, 1, 1)
        # Nothing was learnt that would keep sixteen additions within bounds: begin small.
        nn.init.constant_(self.three[1].weight, 0.2)
        around = given != 4 * channels or stride != 1
        self.around = _convolved(given, 4 * channels, 1, stride) if around else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.one(x))
        y = self.three(functional.relu(self.two(y)))
        return functional.relu(y + self.around(x))


class _Backbone(nn.Module):  # type: ignore[misc]
    """ResNet-50's stages 2 to 5."""

    def __init__(self, width: float) -> None:
        super().__init__()
        channels = max(4, round(64 * width))
        self.begin = _convolved(3, channels, 7, 2)
        stages = []
        self.channels = []
        for stage, (blocks, base) in enumerate(zip(BLOCKS, STAGE_CHANNELS, strict=True)):
            inner = max(4, round(base * width))
            made = []
            for block in range(blocks):
                stride = 2 if stage and not block else 1
                made.append(_Block(channels, inner, stride))
                channels = 4 * inner
            stages.append(nn.Sequential(*made))
            self.channels.append(channels)
        self.two, self.three, self.four, self.five = stages

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = functional.max_pool2d(functional.relu(self.begin(x)), 3, 2, 1)
        three = self.three(self.two(x))
        four = self.four(three)
        return three, four, self.five(four)


class Classifier(nn.Module):  # type: ignore[misc]
    """Pictures to scores."""

    def __init__(self, width: float) -> None:
        super().__init__()
        self.backbone = _Backbone(width)
        self.head = nn.Linear(self.backbone.channels[-1], 1000)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return scores [N, 1000]."""
        _, _, last = self.backbone(pictures)
        return torch.softmax(self.head(last.mean(dim=(2, 3))), dim=1)


class Detector(nn.Module):  # type: ignore[misc]
    """Pictures to boxes, classes, scores and how many there are, in the order of their names."""

    def __init__(self, size: int, width: float) -> None:
        super().__init__()
        self.size = size
        self.backbone = _Backbone(width)
        channels = max(4, round(256 * width))
        _, *given = self.backbone.channels
        self.sideways = nn.ModuleList([nn.Conv2d(each, channels, 1) for each in given])
        self.six = nn.Conv2d(channels, channels, 3, 2, 1)
        self.seven = nn.Conv2d(channels, channels, 3, 2, 1)
        self.boxes = nn.Conv2d(channels, ANCHORS_A_CELL * 4, 3, 1, 1)
        self.classes = nn.Conv2d(channels, ANCHORS_A_CELL * CLASSES, 3, 1, 1)
        for head in (self.boxes, self.classes):
            nn.init.normal_(head.weight, std=0.01)
        nn.init.constant_(self.classes.bias, -log(1 / PRIOR - 1))
        self.register_buffer("anchors", torch.tensor(anchors(size)))
        self.register_buffer("means", torch.tensor(CHANNEL_MEANS).reshape(1, 3, 1, 1))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return boxes [N, 100, 4], classes and scores [N, 100], numbers [N]."""
        x = functional.interpolate(
            pictures.permute(0, 3, 1, 2).float(),
            (self.size, self.size),
            mode="bilinear",
            align_corners=False,
        )
        three, four, five = self.backbone((x - self.means) / 64.0)
        five = self.sideways[2](five)
        four = self.sideways[1](four) + functional.interpolate(five, four.shape[2:4])
        three = self.sideways[0](three) + functional.interpolate(four, three.shape[2:4])
        six = self.six(five)
        levels = [three, four, five, six, self.seven(six)]
        codes = torch.cat([_flat(self.boxes(level), 4) for level in levels], 1)
        logits = torch.cat([_flat(self.classes(level), 91) for level in levels], 1)
        # Column 0 is the background, so ids begin with 1.
        scores, ids = torch.sigmoid(logits[:, :, 1:]).max(2)
        boxes = _corners(codes, self.anchors)
        return _best(boxes, scores, ids.float() + 1.0)


def _flat(x: Tensor, outputs: int) -> Tensor:
    return x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, outputs)


def _corners(codes: Tensor, at: Tensor) -> Tensor:
    """Return corners [N, A, 4] from box codes (faster_rcnn_box_coder's inverse)."""
    centre = at[:, :2] + codes[:, :, :2] / 10.0 * at[:, 2:]
    half = torch.exp((codes[:, :, 2:] / 5.0).clamp(max=4.0)) * at[:, 2:] / 2.0
    return torch.cat([centre - half, centre + half], 2).clamp(0.0, 1.0)


def _best(boxes: Tensor, scores: Tensor, ids: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return boxes, ids and scores of the best that overlap no better one, and their number."""
    scores, order = scores.topk(400, 1)
    ids = ids.gather(1, order)
    boxes = boxes.gather(1, order.unsqueeze(2).expand(-1, -1, 4))
    low = torch.maximum(boxes[:, :, None, :2], boxes[:, None, :, :2])
    high = torch.minimum(boxes[:, :, None, 2:], boxes[:, None, :, 2:])
    common = (high - low).clamp(min=0.0).prod(3)
    areas = (boxes[:, :, 2:] - boxes[:, :, :2]).prod(2)
    union = (areas[:, :, None] + areas[:, None, :] - common).clamp(min=1e-9)
    same = ids[:, :, None] == ids[:, None, :]
    overlap = (common / union * same).triu(diagonal=1).amax(1)
    scores, order = (scores * (overlap <= 0.6)).topk(100, 1)
    ids = ids.gather(1, order)
    boxes = boxes.gather(1, order.unsqueeze(2).expand(-1, -1, 4))
    found = (scores > 0.0).sum(1).float()
    return boxes, ids, scores, found


assert (CANDIDATES, DETECTIONS, IOU, CLASSES) == (400, 100, 0.6, 91), "TorchScript takes literals"
