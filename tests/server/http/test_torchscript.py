"""A real TorchScript model behind the container, and the user's code around it."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from eiload.base.clock import SystemClock
from eiload.base.errors import ScenarioError
from eiload.scenario.standin import StandIn
from eiload.server.backend import Shared
from eiload.server.http import faces
from eiload.server.http.exchange import Handler
from eiload.server.http.torchscript import TorchScript, located
from tests.server.http.served import Make, posted, serving
from tests.server.stand_ins import picture
from tests.server.torch_made import ssd, torch_or_skip

NAMES = {"detection_boxes", "detection_classes", "detection_scores", "num_detections"}


def settings(path: Path, **others: object) -> StandIn:
    """Return a stand-in of a model."""
    return StandIn.of(api="container", torchscript=str(path), **others)


def container(whole: StandIn) -> Make:
    """Return what makes its container."""

    async def make(shared: Shared) -> Handler:
        return (await faces.container(whole, "ssd", shared)).handler

    return make


def npy(array: np.ndarray) -> bytes:
    """Return numpy's file of an array."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def test_a_detector_with_the_code_that_came_with_it() -> None:
    """Traced or scripted, from pixels or from a file: the zoo's outputs, the same boxes."""
    torch_or_skip()
    pixels = picture(40, 60)
    file = io.BytesIO()
    Image.fromarray(pixels[0]).save(file, "PNG")
    traced, scripted = ssd()
    rows = []
    for path, body, kind in (
        (traced, npy(pixels), "application/x-npy"),
        (traced, file.getvalue(), "image/png"),
        (scripted, json.dumps(pixels.tolist()).encode(), "application/json"),
    ):
        # The folder, as SageMaker has it: its code/inference.py is found.
        with serving(container(settings(path.parent))) as address:
            answer, text = posted(address, "/invocations", body, kind)
            assert answer.status == 200, text
            assert int(answer.headers["X-Eiload-Server-Time-Ns"]) > 0
            rows += json.loads(text)["predictions"]
            answer, text = posted(address, "/invocations", b"x", "text/plain")
            assert (answer.status, text[:37]) == (500, b"Unsupported content type: text/plain\n")
    assert [row.keys() for row in rows] == [NAMES] * 3
    for row in rows:
        for name in ("detection_boxes", "detection_scores"):
            np.testing.assert_allclose(row[name], rows[0][name], atol=1e-3)


def test_each_worker_calls_model_fn_at_its_own_first_request(tmp_path: Path) -> None:
    """With the model's folder; two workers, two loads, however many requests."""
    torch_or_skip()
    (tmp_path / "model.pt").write_bytes(b"only model_fn knows")
    code = tmp_path / "mine.py"
    code.write_text(
        "loads = []\n"
        "def model_fn(model_dir):\n"
        "    loads.append(model_dir)\n"
        "    return len(loads)\n"
        "def transform_fn(model, data, content_type, accept):\n"
        "    return [model, loads]\n"
    )
    whole = settings(tmp_path, inference=str(code), concurrency=2)
    with serving(container(whole)) as address:
        answers = [json.loads(posted(address, "/invocations", b"x")[1]) for _ in range(4)]
    assert [model for model, _ in answers] == [1, 2, 1, 2]
    assert answers[-1][1] == [str(tmp_path)] * 2


def test_files_are_found_or_it_is_said(tmp_path: Path) -> None:
    """A file, or a folder with model.pt and perhaps code/inference.py."""
    with pytest.raises(ScenarioError, match=re.escape(f"{tmp_path}/model.pt: no such file; 'eil")):
        located(tmp_path, None)
    file = tmp_path / "model.pt"
    file.write_bytes(b"")
    assert located(tmp_path, None) == located(file, None) == (file, None)
    (tmp_path / "code").mkdir()
    code = tmp_path / "code" / "inference.py"
    code.write_text("")
    assert located(file, None) == (file, code)
    with pytest.raises(ScenarioError, match=r"inference: /absent\.py: no such file"):
        located(file, Path("/absent.py"))


def test_what_is_no_torchscript_is_said_before_anybody_asks(tmp_path: Path) -> None:
    """With the file and what writes one."""
    torch_or_skip()
    (tmp_path / "model.pt").write_bytes(b"PK no")
    with pytest.raises(ScenarioError, match=r"model.pt: not a TorchScript file that can be load"):
        TorchScript(settings(tmp_path), "ssd", SystemClock())
