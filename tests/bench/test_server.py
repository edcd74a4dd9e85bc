"""The C++ server that all contenders load: it answers, and counts what reaches it."""

from pathlib import Path

import grpc
import numpy as np
import pytest

from bench.server import MODEL, SMALL, Counted, Server, build, files, serving
from eiload.base.status import Status
from eiload.serving import tfserving
from eiload.serving.protos import get_model_metadata_pb2, types_pb2
from tests.sending.http2.calls import endpoint, grpcios, ours


def test_counts_together() -> None:
    """The count of two servers: one that nothing has reached does not make zero the smallest."""
    nothing, some = Counted(0, 0, 0, 0), Counted(2, 30, 10, 20)
    assert Counted.together([nothing, some]) == some
    assert Counted.together([some, Counted(1, 5, 5, 5)]) == Counted(3, 35, 5, 20)
    assert Counted.together([nothing, nothing]) == nothing


def test_float_tensor_of_as_many_bytes() -> None:
    """An FP32 tensor of the small payload's size has as many bytes as its pixels."""
    assert np.zeros(SMALL.float_shape, np.float32).nbytes == SMALL.tensor_bytes


def _both_wires_agree(server: Server, size: int) -> None:
    """Hold our wire to gRPC's own against a server in C++: words, bytes and instants."""
    for payload in (b"", b"x" * size, bytes(820_000), bytes(5_000_000)):
        where = endpoint(server.address, method=tfserving.PREDICT)
        mine, theirs = ours(where, payload), grpcios(where, payload)
        assert (mine.status, mine.detail) == (theirs.status, theirs.detail)
        assert (mine.response, mine.trailers) == (theirs.response, theirs.trailers)
        counted = server.counted()
        assert counted == Counted(2, 2 * len(payload), len(payload), len(payload))
        assert mine.sent_ns <= mine.written_ns <= mine.first_byte_ns <= mine.done_ns
        assert mine.status is Status.OK
    where = endpoint(server.address, method="/a.Service/Nobody")
    mine, theirs = ours(where, b"x"), grpcios(where, b"x")
    assert (mine.status, mine.detail) == (theirs.status, theirs.detail)


def test_native_server_counts(tmp_path: Path) -> None:
    """Predict requests and their bytes are told once, other methods' are not; FP32 is its model's.

    It is real gRPC in C++, compiled here: the figures of the benchmarks rest on this count.
    """
    if build(tmp_path) is None:
        pytest.skip("no g++ with libgrpc++-dev here")
    request = files(tmp_path / "files", SMALL).request.read_bytes()
    with serving(tmp_path, floats=True) as server, grpc.insecure_channel(server.address) as channel:
        predict = channel.unary_unary(tfserving.PREDICT, None, None)
        metadata = channel.unary_unary(tfserving.GET_MODEL_METADATA, None, None)
        assert server.counted() == Counted(0, 0, 0, 0)
        predict(request, timeout=60)
        predict(request + request, timeout=60)
        told = get_model_metadata_pb2.GetModelMetadataResponse.FromString(metadata(b"", timeout=60))
        size = len(request)
        assert server.counted() == Counted(2, 3 * size, size, 2 * size)
        assert server.counted() == Counted(0, 0, 0, 0)
        _both_wires_agree(server, size)
    assert told.model_spec.name == MODEL
    signatures = get_model_metadata_pb2.SignatureDefMap()
    told.metadata["signature_def"].Unpack(signatures)
    (signature,) = signatures.signature_def.values()
    assert signature.inputs["inputs"].dtype == types_pb2.DT_FLOAT
