"""The server that all contenders load, and the bytes that they send it.

What it knows: how to build and start the C++ server, what requests and answers are. What it must
not know: contenders, figures.

With a compiler and Debian's libgrpc++-dev the server is `native/server.cpp`: it answers at once,
for little, the same to everybody, and counts the bytes that reach it. Without them it is the
stand-in with a computing time of nothing, which costs several times as much, shares the machine
with whoever is measured and counts nothing; the tables say which it was.
"""

import hashlib
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from bench.h2load import framed
from bench.released import dated
from eiload.scenario.standin import StandIn
from eiload.server.answers import detections
from eiload.server.launch import StandInProcess
from eiload.server.model import Signatures
from eiload.server.signatures import INPUT, ssd
from eiload.serving import images
from eiload.serving.protos import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
    types_pb2,
)
from eiload.serving.tfserving import PREDICT, predict_request, to_proto

__all__ = [
    "LARGE", "MODEL", "PREDICT_PATH", "SMALL", "Counted", "Files", "Payload", "Server", "answers",
    "serving",
]  # fmt: skip

SOURCE = Path(__file__).parent / "native" / "server.cpp"
MODEL = "ssd"
PREDICT_PATH = PREDICT
AVAILABLE = 30
"""State of a model that serves (tensorflow_serving/apis/get_model_status.proto)."""


@dataclass(frozen=True, slots=True)
class Payload:
    """One image size, and so one size of request."""

    name: str
    width: int
    height: int

    @property
    def tensor_bytes(self) -> int:
        """Return the size of the image as pixels."""
        return self.width * self.height * 3

    @property
    def float_shape(self) -> tuple[int, int, int]:
        """Return the shape of an FP32 tensor of as many bytes."""
        assert self.tensor_bytes % 12 == 0
        return self.tensor_bytes // 12, 1, 3


LARGE = Payload("819,840 bytes", 640, 427)
"""The size of AWS's example picture, 3dogs.jpg."""
SMALL = Payload("1 KB", 20, 17)


@dataclass(frozen=True, slots=True)
class Files:
    """One payload in every form that a contender may want: one request, the same bytes.

    perf_analyzer takes no bytes and makes requests of its own; how large they are is counted.
    """

    image: Path
    """PNG, for eiload."""
    request: Path
    """Serialised PredictRequest."""
    framed: Path
    """The same as a gRPC message: a flag, the length, the request; for HTTP/2 tools."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What Predict requests have reached a server: how many, and bytes of gRPC messages."""

    requests: int
    total_bytes: int
    smallest_bytes: int
    largest_bytes: int

    @classmethod
    def together(cls, parts: Sequence["Counted"]) -> "Counted":
        """Return the count of several servers."""
        some = [each for each in parts if each.requests]
        return cls(
            sum(each.requests for each in some),
            sum(each.total_bytes for each in some),
            min((each.smallest_bytes for each in some), default=0),
            max((each.largest_bytes for each in some), default=0),
        )


def _nobody() -> Counted | None:
    """Count nothing."""
    return None


@dataclass(frozen=True, slots=True)
class Server:
    """A server that serves."""

    address: str
    """``127.0.0.1:PORT``."""
    kind: str
    """What it is, for the tables."""
    counted: Callable[[], Counted | None] = _nobody
    """Returns what has come since it was last asked; None of a server that does not count."""


def files(folder: Path, payload: Payload) -> Files:
    """Write a payload's files and return where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    base = folder / f"{payload.width}x{payload.height}"
    made = Files(base.with_suffix(".png"), base.with_suffix(".request"), base.with_suffix(".grpc"))
    pixels = images.synthetic(payload.width, payload.height, 1)
    Image.fromarray(pixels).save(made.image)
    request = predict_request(MODEL, {"inputs": pixels[np.newaxis]}, signature="serving_default")
    made.request.write_bytes(request)
    made.framed.write_bytes(framed(request))
    return made


@contextmanager
def serving(work_dir: Path, *, floats: bool = False) -> Iterator[Server]:
    """Run the server for the length of a block.

    Args:
        work_dir: where it is built.
        floats: whether its model says that it takes FP32, not UINT8.
    """
    program = build(work_dir)
    if program is None:
        settings = StandIn.model_validate({"compute": "0 ms", "concurrency": 64})
        with StandInProcess(settings, MODEL) as stand_in:
            yield Server(stand_in.address, "the stand-in (no g++ with libgrpc++-dev here)")
        return
    kind = types_pb2.DT_FLOAT if floats else types_pb2.DT_UINT8
    folder = work_dir / ("answers-floats" if floats else "answers")
    paths = [str(path) for path in answers(folder, _taking(kind))]
    process = subprocess.Popen(
        [str(program), *paths], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    asked, said = process.stdin, process.stdout
    assert asked is not None
    assert said is not None

    def counted() -> Counted:
        asked.write("\n")
        asked.flush()
        return Counted(*map(int, said.readline().split()))

    try:
        port = int(said.readline())
        grpc = dated("gRPC C++", _grpc_version())
        yield Server(f"127.0.0.1:{port}", f"native/server.cpp, {grpc}", counted)
    finally:
        asked.close()  # it ends with its standard input
        said.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def build(work_dir: Path) -> Path | None:
    """Compile the server, unless that was done before; return None when it cannot be."""
    if shutil.which("g++") is None or shutil.which("pkg-config") is None:
        return None
    flags = _pkg_config("--cflags", "--libs", "grpc++")
    if flags is None:
        return None
    digest = hashlib.sha256(SOURCE.read_bytes() + " ".join(flags).encode()).hexdigest()[:12]
    program = work_dir / f"server-{digest}"
    if not program.exists():
        work_dir.mkdir(parents=True, exist_ok=True)
        making = program.with_suffix(".new")
        command = ["g++", "-std=c++17", "-O2", "-o", str(making), str(SOURCE), "-pthread", *flags]
        subprocess.run(command, check=True, timeout=300)
        making.rename(program)
    return program


def _pkg_config(*arguments: str) -> list[str] | None:
    asked = subprocess.run(
        ["pkg-config", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    return None if asked.returncode else asked.stdout.split()


def _grpc_version() -> str:
    return " ".join(_pkg_config("--modversion", "grpc++") or ["?"])


def _taking(kind: int) -> Signatures:
    """Return the signatures of a model whose input is of this DataType."""
    signatures = ssd()
    for served in signatures.values():
        served.definition.inputs[INPUT].dtype = kind
    return signatures


def answers(folder: Path, served: Signatures | None = None) -> list[Path]:
    """Write the answers to Predict, GetModelMetadata and GetModelStatus; return their paths."""
    predict = predict_pb2.PredictResponse()
    metadata = get_model_metadata_pb2.GetModelMetadataResponse()
    for answer in (predict, metadata):
        answer.model_spec.name = MODEL
        answer.model_spec.version.value = 1
    predict.model_spec.signature_name = "serving_default"
    for alias, array in detections([bytes(16)], 1).items():
        predict.outputs[alias].CopyFrom(to_proto(array))
    signatures = get_model_metadata_pb2.SignatureDefMap()
    for name, definition in (served or ssd()).items():
        signatures.signature_def[name].CopyFrom(definition.definition)
    metadata.metadata["signature_def"].Pack(signatures)
    status = get_model_status_pb2.GetModelStatusResponse()
    status.model_version_status.add(version=1, state=AVAILABLE)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, answer in (("predict", predict), ("metadata", metadata), ("status", status)):
        paths.append(folder / name)
        paths[-1].write_bytes(answer.SerializeToString())
    return paths
