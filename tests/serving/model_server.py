"""A model server's answers as bytes, and preflight's questions to it over a real socket."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from eiload.base.clock import NS_PER_S, ManualClock
from eiload.base.errors import TargetError
from eiload.scenario import Target
from eiload.serving.expectations import Expectations
from eiload.serving.preflight import Preflight, SelfDescription
from eiload.serving.tfserving import (
    GET_MODEL_METADATA,
    GET_MODEL_STATUS,
    PREDICT,
    ModelState,
    inputs_of,
    predict_request,
    protos_only,
    to_proto,
)
from eiload.serving.trial import FirstInference, first_inference
from tests.grpc_servers import Caller, Handler, Pair, grpc_server

with protos_only():
    from tensorflow.core.framework import types_pb2
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        get_model_status_pb2,
        predict_pb2,
    )

IMAGE = np.zeros((1, 4, 6, 3), np.uint8)
REQUEST = predict_request("ssd", {"inputs": IMAGE})


class ModelServer:
    """TensorFlow Serving's answers for some models, as bytes."""

    def __init__(self, **models: list[ModelState]) -> None:
        self.lenient = False
        """Whether Predict takes what the metadata does not speak of."""
        self.models = models or {"ssd": [ModelState(1, "AVAILABLE", "")]}

    def handlers(self, *methods: str) -> dict[str, Handler]:
        """Return the handlers of these methods, all if none is named."""
        known = {
            GET_MODEL_STATUS: self.status,
            GET_MODEL_METADATA: self.metadata,
            PREDICT: self.predict,
        }
        return {method: known[method] for method in methods or known}

    def status(self, data: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer GetModelStatus."""
        spec = get_model_status_pb2.GetModelStatusRequest.FromString(data).model_spec
        states = [
            state
            for state in self.models.get(spec.name, [])
            if not spec.HasField("version") or state.version == spec.version.value
        ]
        if not states:
            context.abort(
                grpc.StatusCode.NOT_FOUND, f"Could not find any versions of model {spec.name}"
            )
        answer = get_model_status_pb2.GetModelStatusResponse()
        for state in states:
            answer.model_version_status.add(
                version=state.version,
                state=state.state,
                status={"error_code": 2 if state.error else 0, "error_message": state.error},
            )
        return bytes(answer.SerializeToString())

    def metadata(self, data: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer GetModelMetadata with the signature of SSD."""
        signatures = get_model_metadata_pb2.SignatureDefMap()
        entry = signatures.signature_def["serving_default"]
        entry.inputs["inputs"].dtype = types_pb2.DT_UINT8
        for size in (-1, -1, -1, 3):
            entry.inputs["inputs"].tensor_shape.dim.add(size=size)
        entry.outputs["num_detections"].dtype = types_pb2.DT_FLOAT
        answer = get_model_metadata_pb2.GetModelMetadataResponse()
        answer.metadata["signature_def"].Pack(signatures)
        return bytes(answer.SerializeToString())

    def predict(self, data: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer Predict with a dog, in TensorFlow Serving's order of checks."""
        request = predict_pb2.PredictRequest.FromString(data)
        spec = request.model_spec
        up = [
            state.version
            for state in self.models.get(spec.name, [])
            if state.state == "AVAILABLE"
            and (not spec.HasField("version") or state.version == spec.version.value)
        ]
        if not up:
            asked = f"Specific({spec.name}, {spec.version.value})"
            asked = asked if spec.HasField("version") else f"Latest({spec.name})"
            context.abort(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {asked}")
        if spec.signature_name not in {"", "serving_default"}:
            context.abort(
                grpc.StatusCode.FAILED_PRECONDITION,
                f'Serving signature key "{spec.signature_name}" not found.',
            )
        sent = {alias: each.dtype for alias, each in inputs_of(data).items()}
        if not self.lenient and sent != {"inputs": "uint8"}:
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT, "input size does not match signature: 1!=1"
            )
        answer = predict_pb2.PredictResponse()
        outputs = {
            "detection_boxes": np.zeros((1, 1, 4), np.float32),
            "detection_scores": np.ones((1, 1), np.float32),
            "detection_classes": np.full((1, 1), 18, np.float32),
            "num_detections": np.ones(1, np.float32),
        }
        for alias, array in outputs.items():
            answer.outputs[alias].CopyFrom(to_proto(array, typed=True))
        answer.model_spec.name, answer.model_spec.version.value = "ssd", 7
        return bytes(answer.SerializeToString())


def failing(code: grpc.StatusCode, detail: str) -> Handler:
    """Return a handler that always fails."""

    def handler(data: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(code, detail)

    return handler


def target(address: str, **settings: Any) -> Target:
    """Return the target of model ssd at an address, changed as told."""
    return Target.model_validate({"server": address, "model": "ssd"} | settings)


@contextlib.contextmanager
def preflight(
    address: str,
    *,
    credentials: grpc.ChannelCredentials | None = None,
    patience_ns: int = 20 * NS_PER_S,
    **settings: Any,
) -> Iterator[Preflight]:
    """Yield the questions to the server at an address."""
    caller = Caller(address, credentials)
    try:
        yield Preflight(
            caller=caller,
            clock=ManualClock(),
            index=0,
            name="gpu",
            target=target(address, **settings),
            address=address,
            patience_ns=patience_ns,
        )
    finally:
        caller.close()


def checked(handlers: Mapping[str, Handler], **settings: Any) -> tuple[SelfDescription, list[str]]:
    """Return what a gRPC server with these handlers says, and the methods that were called."""
    with grpc_server(handlers) as port, preflight(f"127.0.0.1:{port}", **settings) as asking:
        facts = asking.check(lambda line: None)
        assert isinstance(asking.caller, Caller)
        return facts, asking.caller.methods


def tried(asking: Preflight) -> FirstInference:
    """Ask and try a target as a load does: its first Predict is what the target is asked for."""
    said = asking.check(lambda line: None)
    request = predict_request(
        asking.target.model,
        {asking.target.input: IMAGE},
        signature=asking.target.signature,
        version=asking.target.version,
        outputs=asking.target.outputs,
    )
    return first_inference(asking, request, Expectations(None), said)


def refused(handlers: Mapping[str, Handler], **settings: Any) -> str:
    """Return why a gRPC server with these handlers cannot be used, without name and address."""
    with grpc_server(handlers) as port:
        return unusable(f"127.0.0.1:{port}", **settings)


def unusable(address: str, **settings: Any) -> str:
    """Return why the server at an address cannot be used, without name and address."""
    with preflight(address, **settings) as asking, pytest.raises(TargetError) as caught:
        tried(asking)
    text = str(caught.value)
    prefix = f"target 'gpu' at {address}: "
    assert text.startswith(prefix)
    assert "\n" not in text
    assert len(text) < 500
    return text.removeprefix(prefix)


def trusting(pair: Pair) -> grpc.ChannelCredentials:
    """Return the credentials of a client that trusts this certificate."""
    return grpc.ssl_channel_credentials(Path(pair.cert).read_bytes())
