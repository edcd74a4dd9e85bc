"""Clients that know nothing of eiload read the answers (more of them: ``bench/interop.py``)."""

import json
import os
import subprocess
import sys
from pathlib import Path

from PIL import Image

from eiload.scenario.labels import LABELS
from tests.server.stand_ins import picture, running


def test_awss_client_reads_both_forms_of_answers(tmp_path: Path) -> None:
    """Typed fields and tensor_content, by `tf.make_ndarray` and by us: the same numbers."""
    Image.fromarray(picture(427, 640)[0]).save(tmp_path / "image.png")
    name = ("--model", "ssdresnet")
    with (
        running(*name, compute="1 ms", api="ei") as typed,
        running(*name, compute="1 ms", tensor_content=True) as content,
    ):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tests.server.aws_client", str(tmp_path / "image.png")),
                *(client.process.address for client in (typed, content)),
            ],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""},
            check=False,
            capture_output=True,
            text=True,
            timeout=280,
        )
    assert done.returncode == 0, done.stderr
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert first == second
    assert first["num_detections"] == 100
    assert first["same"]
    assert set(first["classes"]) <= LABELS.keys()
