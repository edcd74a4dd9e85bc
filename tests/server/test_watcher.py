"""New versions of a real model, found on disk while it serves."""

import shutil
import time
from pathlib import Path

from eiload.base.status import Status
from eiload.server.watcher import found_versions
from eiload.serving.protos import predict_pb2
from eiload.serving.tfserving import GET_MODEL_STATUS, PREDICT, decode_status, status_request
from tests.server.models import IMAGE
from tests.server.stand_ins import Client, request


def states(client: Client) -> dict[int, tuple[str, str]]:
    """Return the state and error of each version."""
    told = decode_status(client.call(GET_MODEL_STATUS, status_request("ssd")))
    return {each.version: (each.state, each.error) for each in told}


def wait_for(client: Client, version: int, state: str) -> None:
    """Wait until a version is in a state."""
    until = time.monotonic() + 60
    while states(client).get(version, ("", ""))[0] != state:
        assert time.monotonic() < until, states(client)
        time.sleep(0.05)


def test_a_new_version_is_picked_up_while_serving(pixels_folder: Path, pixels: Client) -> None:
    """It takes over without a failed request; one that cannot be loaded changes nothing."""
    base = pixels_folder
    shutil.copytree(base / "1", base / "copying")
    (base / "copying").rename(base / "2")
    answered = set()
    until = time.monotonic() + 60
    while 2 not in answered:
        assert time.monotonic() < until
        data = pixels.call(PREDICT, request(IMAGE, outputs=["num_detections"]))
        answered.add(predict_pb2.PredictResponse.FromString(data).model_spec.version.value)
    assert answered <= {1, 2}
    wait_for(pixels, 1, "END")
    assert states(pixels) == {1: ("END", ""), 2: ("AVAILABLE", "")}
    status, text = pixels.told(PREDICT, request(IMAGE, version=1))
    assert (status, text) == (
        Status.NOT_FOUND,
        "Servable not found for request: Specific(ssd, 1)",
    )
    (base / "broken").mkdir()
    (base / "broken" / "saved_model.pb").write_bytes(b"not a model")
    (base / "broken").rename(base / "3")
    wait_for(pixels, 3, "END")
    assert "cannot be loaded" in states(pixels)[3][1]
    assert pixels.told(PREDICT, request(IMAGE))[0] is Status.OK


def test_versions_are_numbered_directories(tmp_path: Path) -> None:
    """Others are passed over; a model by itself has the number that is its name, or 1."""
    assert found_versions(tmp_path / "absent") == {}
    for name in ("1", "12", "3.making", "copy", "7"):
        (tmp_path / name).mkdir()
        if name != "7":
            (tmp_path / name / "saved_model.pb").touch()
    assert found_versions(tmp_path) == {1: tmp_path / "1", 12: tmp_path / "12"}
    assert found_versions(tmp_path / "12") == {12: tmp_path / "12"}
    assert found_versions(tmp_path / "copy") == {1: tmp_path / "copy"}
