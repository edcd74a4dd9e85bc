"""From a scenario's payload to request bytes; test_tensorflow.py compares them with TensorFlow."""

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from eiload.base.errors import ScenarioError
from eiload.scenario import Generate, Input, Payload, Synthetic, Target
from eiload.serving import images, payload
from eiload.serving.payload import Digest
from eiload.serving.tfserving import Signature, TensorInfo, from_proto, inputs_of, protos_only

with protos_only():
    from tensorflow_serving.apis import predict_pb2

TARGET = Target(server="localhost:8500", model="ssd")


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, ...]:
    """Return the paths of three small images: a JPEG, a PNG and a grey PNG."""
    for index, name in enumerate(("a.jpg", "b.png", "c.png")):
        image = PillowImage.fromarray(images.synthetic(48 + index, 32, index))
        (image.convert("L") if name == "c.png" else image).save(tmp_path / name)
    return tuple(str(tmp_path / name) for name in ("a.jpg", "b.png", "c.png"))


def requests(content: Payload, target: Target) -> list[tuple[str, bytes]]:
    """Return each image's name and its request to a target."""
    return [
        (name, payload.made_of(target, {target.input: tensor}).request)
        for name, tensor in payload.tensors(content)
    ]


def fingerprint(content: Payload) -> str:
    """Return the digest of a payload's tensors."""
    digest = payload.Digest()
    for _, tensor in payload.tensors(content):
        digest.add(tensor)
    return str(digest)


def sent(data: bytes) -> Any:
    """Return the PredictRequest in the bytes."""
    return predict_pb2.PredictRequest.FromString(data)


def test_pixels(files: tuple[str, ...]) -> None:
    """Each file becomes a request with its pixels: uint8 [batch, height, width, 3]."""
    made = requests(Payload(images=files, batch=2), TARGET)
    assert [name for name, _ in made] == ["a.jpg", "b.png", "c.png"]
    for path, (_, data) in zip(files, made, strict=True):
        tensor = from_proto(sent(data).inputs["inputs"])
        assert tensor.dtype == np.uint8
        np.testing.assert_array_equal(tensor[0], images.load(path))
        np.testing.assert_array_equal(tensor[1], tensor[0])


def test_encoded(files: tuple[str, ...]) -> None:
    """With `encoding: jpeg` a request holds the files' own bytes: strings [batch]."""
    made = requests(Payload(images=files, encoding="jpeg", batch=3), TARGET)
    for path, (_, data) in zip(files, made, strict=True):
        assert from_proto(sent(data).inputs["inputs"]).tolist() == [Path(path).read_bytes()] * 3


def test_synthetic() -> None:
    """Made-up images have a name, the size, and a content that only the seed decides."""
    made = Payload(synthetic=Synthetic(width=64, height=48, count=3, seed=7))
    tensors = dict(payload.tensors(made))
    assert list(tensors) == ["synthetic-64x48-0", "synthetic-64x48-1", "synthetic-64x48-2"]
    assert {tensor.shape for tensor in tensors.values()} == {(1, 48, 64, 3)}
    assert len({tensor.tobytes() for tensor in tensors.values()}) == 3
    # Image 1 of seed 7 is not image 0 of seed 8.
    other = Payload(synthetic=Synthetic(width=64, height=48, count=3, seed=8))
    contents = {tensor.tobytes() for _, tensor in payload.tensors(other)}
    assert not contents & {tensor.tobytes() for tensor in tensors.values()}


def test_synthetic_encoded() -> None:
    """Made-up images can be sent encoded, and are JPEGs then."""
    made = Payload(synthetic=Synthetic(width=64, height=48, count=1), encoding="jpeg")
    ((_, tensor),) = payload.tensors(made)
    assert tensor[0].startswith(b"\xff\xd8")


def test_request_is_the_targets(files: tuple[str, ...]) -> None:
    """A request names the model, signature, version, input and outputs of its target."""
    target = Target(
        server="localhost:8500",
        model="ssdresnet",
        signature="detect",
        version=3,
        input="image",
        outputs=("num_detections",),
    )
    request = sent(requests(Payload(images=files), target)[0][1])
    assert request.model_spec.name == "ssdresnet"
    assert request.model_spec.signature_name == "detect"
    assert request.model_spec.version.value == 3
    assert list(request.inputs) == ["image"]
    assert list(request.output_filter) == ["num_detections"]


def test_one_decoding_serves_all_targets(files: tuple[str, ...]) -> None:
    """Requests to two targets from one tensor are those that each would get by itself."""
    both = [TARGET, Target(server="localhost:8501", model="ssdresnet")]
    content = Payload(images=files)
    together = [
        [payload.made_of(target, {target.input: tensor}).request for target in both]
        for _, tensor in payload.tensors(content)
    ]
    apart = [[data for _, data in requests(content, target)] for target in both]
    assert together == [list(pair) for pair in zip(*apart, strict=True)]


def test_one_image_at_a_time() -> None:
    """A thousand images need the memory of a few."""
    made = Payload(synthetic=Synthetic(width=256, height=256, count=30))
    tracemalloc.start()
    try:
        total_bytes = sum(
            len(payload.made_of(TARGET, {TARGET.input: tensor}).request)
            for _, tensor in payload.tensors(made)
        )
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total_bytes > 30 * 256 * 256 * 3
    assert peak_bytes < total_bytes / 3


def test_problems(files: tuple[str, ...], tmp_path: Path) -> None:
    """All files that cannot be used are listed, one line each."""
    (tmp_path / "text.jpg").write_text("text")
    bad = (str(tmp_path / "none.jpg"), str(tmp_path / "text.jpg"))
    problems = payload.problems(Payload(images=(files[0], *bad)))
    assert len(problems) == 2
    assert all(problem.startswith(path) for problem, path in zip(problems, bad, strict=True))
    assert payload.problems(Payload(images=files)) == []
    with pytest.raises(ScenarioError, match="none"):
        list(payload.tensors(Payload(images=bad)))


def test_too_large_a_batch() -> None:
    """A request that protobuf cannot hold is refused, before its memory is taken."""
    made = Payload(synthetic=Synthetic(width=2000, height=1000, count=1), batch=1000)
    with pytest.raises(
        ScenarioError,
        match=r"^synthetic-2000x1000-0: a request of 6,000,000,000 bytes is over the limit of",
    ):
        next(payload.tensors(made))


def test_sizes(files: tuple[str, ...]) -> None:
    """Those of each target's requests, of as many pictures as are asked for."""
    targets = {"gpu": TARGET, "ei": TARGET.model_copy(update={"model": "ssdresnet"})}
    sizes = payload.sizes(Payload(images=files), targets, 2)
    made = [len(data) for _, data in requests(Payload(images=files), TARGET)]
    assert sizes["gpu"] == (tuple(made[:2]),)
    assert sizes["ei"] == (tuple(size + len("resnet") for size in made[:2]),)


def test_digest(files: tuple[str, ...]) -> None:
    """The fingerprint depends on the tensors and their order, not on targets or names."""
    digest = fingerprint(Payload(images=files))
    assert len(digest) == 64
    assert digest == fingerprint(Payload(images=files))
    assert digest != fingerprint(Payload(images=files[::-1]))
    assert digest != fingerprint(Payload(images=files, batch=2))
    assert digest != fingerprint(Payload(images=files, encoding="jpeg"))
    Path(files[1]).rename(renamed := str(Path(files[1]).with_name("other.png")))
    assert digest == fingerprint(Payload(images=(files[0], renamed, files[2])))


def test_digest_knows_boundaries() -> None:
    """Tensors do not run together: the same bytes in other shapes have another fingerprint."""

    def digest(*tensors: Any) -> str:
        fingerprint = Digest()
        for tensor in tensors:
            fingerprint.add(tensor)
        return str(fingerprint)

    numbers = [
        digest(np.zeros((2, 2), np.uint8)),
        digest(np.zeros(4, np.uint8)),
        digest(np.zeros(2, np.uint8), np.zeros(2, np.uint8)),
        digest(np.array([b"ab", b"c"], dtype=object)),
        digest(np.array([b"a", b"bc"], dtype=object)),
        digest(),
    ]
    assert len(set(numbers)) == len(numbers)


def test_other_kinds(tmp_path: Path) -> None:
    """Inputs, generated ones, requests and examples: named, made, and fingerprinted."""
    signature = Signature("serving_default", {"x": TensorInfo("float32", (None,))}, {})
    one = payload.made_of(TARGET, {"x": np.array([1, 2], np.float32)})
    (tmp_path / "r.pb").write_bytes(one.request)
    kinds = {
        "values": Payload(inputs={"x": Input(values=[1, 2])}),
        "generated-0": Payload(generate=Generate(count=1)),
        "r.pb#1": Payload(requests=(str(tmp_path / "r.pb"),)),
    }
    for name, content in kinds.items():
        ((_, sample),) = payload.samples(content)
        assert sample.name == name
        assert payload.labels(content) == [(name, 1)]
        assert payload.problems(content) == []
        made = sample.to(TARGET, signature)
        assert list(inputs_of(made.request)) == ["x"]
        digest = payload.Digest()
        digest.add_made(made)
        assert len(str(digest)) == 64
        assert payload.needs_signature(content) == (name != "r.pb#1")
    assert payload.problems(Payload(requests=(str(tmp_path / "gone"),)))[0].endswith("permissions")
