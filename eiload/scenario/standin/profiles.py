"""The stand-in's named profiles: instances and accelerators as data, every number with its source.

A profile is a set of `StandIn` settings under a name that AWS users know. The
published figures are means, of one model (Faster R-CNN ResNet50, batch 1, 1080 x 1920), without
percentiles; so the spread, the network's share and the cold start are assumptions and say so. They
are a plausible shape to try scenarios against, not a claim about the hardware: a verdict about
hardware comes from hardware.

The mean of a profile's whole service time for that picture (6,220,800 bytes of tensor) is the
published mean. Where the attachment is a network, the compute's mean is what is left of it after
the transfer and the round trip; `tests/test_profiles.py` does the sum. No profile limits the queue
or the threads: the servers that were measured (TensorFlow Serving 1.12) did not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["PICTURE_BYTES", "PROFILES", "StandInProfile", "listing"]

PICTURE_BYTES = 1080 * 1920 * 3
"""The uint8 tensor of the published figures' picture."""

AWS_BLOG = (
    'published mean, AWS blog "Optimizing costs in Amazon Elastic Inference with TensorFlow": '
    "Faster R-CNN ResNet50, batch 1, 1080x1920, 40 frames"
)
ZOO = "tensorflow/models tf1_detection_zoo.md: ssd_resnet_50_fpn_coco, 600x600, one Titan X"


@dataclass(frozen=True, slots=True)
class StandInProfile:
    """One named profile."""

    about: str
    """What it stands for, in a few words."""
    settings: Mapping[str, object]
    """Settings of `StandIn`, written as in a scenario."""
    sources: Mapping[str, str]
    """For each setting, where its number comes from; it begins with "assumption" if nowhere."""


def _local(
    about: str, mean_ms: float, *, cv: float, source: str, cold_start: str
) -> StandInProfile:
    """Return a profile whose accelerator sits in the host."""
    return StandInProfile(
        about,
        MappingProxyType(
            {
                "compute": {"mean": f"{mean_ms} ms", "cv": cv},
                "concurrency": 1,
                "attach": "pcie",
                "cold_start": cold_start,
                "api": "tfs",
            }
        ),
        MappingProxyType(
            {
                "compute": f"mean: {source}; cv: assumption, one device and little jitter",
                "concurrency": "assumption: one device runs one inference at a time",
                "attach": "the device is in the host",
                "cold_start": "assumption: initialisation of the device's libraries",
                "api": "TensorFlow Serving",
            }
        ),
    )


def _elastic(about: str, mean_ms: float, *, source: str) -> StandInProfile:
    """Return a profile whose accelerator is reached over the network.

    Args:
        about: what it stands for.
        mean_ms: compute alone: the published mean less 4.98 ms of transfer (6,220,800 bytes at
            10 Gbit/s) and less 0.67 ms, the mean of the round trip below.
        source: where the published mean comes from.
    """
    return StandInProfile(
        about,
        MappingProxyType(
            {
                "compute": {"mean": f"{mean_ms} ms", "cv": 0.05},
                "concurrency": 1,
                "attach": "network",
                "round_trip": {"median": "0.5 ms", "p99": "3 ms"},
                "bandwidth": "10 Gbit/s",
                "cold_start": "5 s",
                "api": "ei",
            }
        ),
        MappingProxyType(
            {
                "compute": f"mean: {source}, less transfer and round trip; cv: assumption",
                "concurrency": "assumption: one accelerator runs one inference at a time",
                "attach": "the accelerator is behind a PrivateLink endpoint in the same zone",
                "round_trip": "assumption: within an availability zone, with a tail",
                "bandwidth": "assumption: m5.large is sold as up to 10 Gbit/s, and a bigger host "
                "changed the published means by at most 3 % (6.6 % with xlarge)",
                "cold_start": 'assumption: AWS\'s sample says "several seconds"; '
                "21.4 s were published for loading Faster R-CNN on eia.large",
                "api": "Amazon EI's model servers are TensorFlow Serving 1.11 to 2.3",
            }
        ),
    )


SAME_TFLOPS = "assumption: as its eia1 counterpart, which has the same FP32 TFLOPS, from the "

PROFILES: Mapping[str, StandInProfile] = MappingProxyType(
    {
        "p2.xlarge": _local(
            "EC2 with a K80 GPU", 197.7, cv=0.03, source=AWS_BLOG, cold_start="2 s"
        ),
        "p3.2xlarge": _local(
            "EC2 with a V100 GPU", 61.0, cv=0.03, source=AWS_BLOG, cold_start="2 s"
        ),
        "titan-x": _local("SSD on one Titan X", 76.0, cv=0.03, source=ZOO, cold_start="2 s"),
        "m5.large": _local(
            "EC2 without an accelerator", 2862.7, cv=0.05, source=AWS_BLOG, cold_start="0 s"
        ),
        "m5.4xlarge": _local(
            "EC2 without an accelerator", 415.9, cv=0.05, source=AWS_BLOG, cold_start="0 s"
        ),
        "c5.4xlarge": _local(
            "EC2 without an accelerator", 363.5, cv=0.05, source=AWS_BLOG, cold_start="0 s"
        ),
        "eia1.medium": _elastic("m5.large with EI eia1.medium", 347.85, source=AWS_BLOG),
        "eia1.large": _elastic("m5.large with EI eia1.large", 217.15, source=AWS_BLOG),
        "eia1.xlarge": _elastic("m5.large with EI eia1.xlarge", 135.35, source=AWS_BLOG),
        "eia2.medium": _elastic(
            "m5.large with EI eia2.medium", 347.85, source=SAME_TFLOPS + AWS_BLOG
        ),
        "eia2.large": _elastic(
            "m5.large with EI eia2.large", 217.15, source=SAME_TFLOPS + AWS_BLOG
        ),
        "eia2.xlarge": _elastic(
            "m5.large with EI eia2.xlarge", 135.35, source=SAME_TFLOPS + AWS_BLOG
        ),
    }
)
"""By name, in the order in which they are listed."""


def listing() -> str:
    """Return all profiles with their numbers and where each is from, as text."""
    lines: list[str] = []
    for name, profile in PROFILES.items():
        lines.append(f"{name}: {profile.about}")
        for setting, value in profile.settings.items():
            shown = (
                ", ".join(f"{key}: {each}" for key, each in value.items())
                if isinstance(value, Mapping)
                else value
            )
            lines.append(f"  {setting}: {shown}")
            lines.append(f"      {profile.sources[setting]}")
    return "\n".join(lines)
