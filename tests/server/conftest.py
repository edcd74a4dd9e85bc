"""Servers and models that several of these tests ask."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.models import Made, models
from tests.server.stand_ins import Client, running

LABELS = ("--label", "stable=1", "--label", "canary=7")


@pytest.fixture(scope="session")
def tfs() -> Iterator[Client]:
    """Run a stand-in for current TensorFlow Serving."""
    with running(*LABELS, compute="1 ms") as client:
        yield client


@pytest.fixture(scope="session")
def ei() -> Iterator[Client]:
    """Run a stand-in for an EI build."""
    with running(*LABELS, compute="1 ms", api="ei") as client:
        yield client


@pytest.fixture(scope="session")
def made(pytestconfig: pytest.Config) -> Made:
    """Return a model of pixels, one of encoded images, and one that is no SSD."""
    return models(pytestconfig.cache)


@pytest.fixture(scope="session")
def pixels_folder(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of versions of the model that `pixels` serves, to which a test may add."""
    folder = tmp_path_factory.mktemp("served") / "pixels"
    shutil.copytree(made.folder / "pixels", folder)
    return folder


@pytest.fixture(scope="session")
def pixels(pixels_folder: Path) -> Iterator[Client]:
    """Serve the model of pixels."""
    with running("--rest-port", "0", saved_model=str(pixels_folder), concurrency=2) as client:
        yield client
