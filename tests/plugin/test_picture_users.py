"""User classes of pictures: each sends its own, and which tasks they have."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from locust import task
from PIL import Image

from eiload.plugin.users import SSDUser
from eiload.serving.tensors import Tensor, from_proto
from tests.plugin.load import Half, half, load
from tests.plugin.test_users import user


@pytest.fixture
def server() -> Iterator[Half]:
    """Serve half_plus_two."""
    with half() as one:
        yield one


def picture(folder: Path, name: str, width: int) -> str:
    """Make a picture that is told by its width."""
    Image.new("RGB", (width, 8)).save(folder / name)
    return str(folder / name)


def test_each_class_sends_its_own_pictures(server: Half, tmp_path: Path) -> None:
    """Two classes with their own images send their own each."""

    class One(SSDUser):
        images = (picture(tmp_path, "one.png", 16),)

    class Other(SSDUser):
        model = "other"
        images = picture(tmp_path, "other.png", 24)

    class Third(SSDUser):
        model = "third"
        synthetic = "32x8"
        batch = 2

    with load(server, One, Other, Third) as one:
        for cls in (One, Other, Third):
            user(cls, one).client.predict()
    shapes = {
        request.model_spec.name: from_proto(request.inputs["inputs"]).shape
        for request in server.requests
    }
    assert shapes == {"ssd": (1, 8, 16, 3), "other": (1, 8, 24, 3), "third": (2, 8, 32, 3)}


def test_samples_instead_of_pictures(server: Half) -> None:
    """A class of pictures that gives samples sends these."""

    class Sampled(SSDUser):
        @classmethod
        def sample_inputs(cls) -> dict[str, Tensor]:
            return {"inputs": np.zeros((1, 4, 4, 3), np.uint8)}

    with load(server, Sampled) as one:
        user(Sampled, one).client.predict()
    assert from_proto(server.requests[-1].inputs["inputs"]).shape == (1, 4, 4, 3)


def test_tasks_of_picture_users() -> None:
    """A class with tasks of its own does these, and the inherited one otherwise."""

    class Plain(SSDUser):
        pass

    class Own(SSDUser):
        @task
        def look(self) -> None:
            pass

    assert Plain.tasks == [SSDUser.predict]
    assert Own.tasks == [Own.look]
