"""What is looked at in a PredictRequest before a model sees it, in TensorFlow Serving's order.

A parsed request and a model's signatures in, a `CheckedRequest` or a `Rejection` out. The texts are
those of servables/tensorflow/predict_util.cc and, for inputs by name, TensorFlow's
cc/saved_model/util.cc; with ``api="ei"`` those of tag 1.12.0, which EI's builds have kept. Contents
that an operation would stumble over are not looked at here: that is the model's.
"""

from collections.abc import Iterable
from math import prod
from typing import Any, Literal

from eiload.base.status import Status
from eiload.server.model import (
    CheckedRequest,
    Input,
    Rejection,
    ServedSignature,
    Signatures,
)
from eiload.serving.protos import tensor_pb2, types_pb2
from eiload.serving.tfserving import DEFAULT_SIGNATURE

__all__ = ["checked"]

Api = Literal["tfs", "ei"]

METHOD_NAMES = (
    "tensorflow/serving/predict",
    "tensorflow/serving/classify",
    "tensorflow/serving/regress",
)
"""What Predict may be called on, while that was checked."""


ITEM_BYTES = {
    types_pb2.DT_BOOL: 1,
    types_pb2.DT_INT8: 1,
    types_pb2.DT_UINT8: 1,
    types_pb2.DT_BFLOAT16: 2,
    types_pb2.DT_HALF: 2,
    types_pb2.DT_INT16: 2,
    types_pb2.DT_UINT16: 2,
    types_pb2.DT_FLOAT: 4,
    types_pb2.DT_INT32: 4,
    types_pb2.DT_UINT32: 4,
    types_pb2.DT_DOUBLE: 8,
    types_pb2.DT_INT64: 8,
    types_pb2.DT_UINT64: 8,
}
"""Size of an element in `tensor_content`; other types (strings) have their own encoding there."""


def checked(request: Any, signatures: Signatures, api: Api) -> CheckedRequest:
    """Return the inference that a PredictRequest asks for.

    Args:
        request: a PredictRequest whose model is known.
        signatures: of that model.
        api: whose words a refusal has.

    Raises:
        Rejection: it may not be served.
    """
    name = request.model_spec.signature_name or DEFAULT_SIGNATURE
    signature = signatures.get(name)
    if signature is None:
        raise Rejection(Status.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.')
    method = signature.definition.method_name
    if api == "ei" and method not in METHOD_NAMES:
        raise Rejection(
            Status.INTERNAL,
            "Expected prediction signature method_name to be one of "
            "{" + ", ".join(METHOD_NAMES) + "}. Was: " + method,
        )
    _check_aliases(request.inputs, signature, api)
    inputs = {alias: _received(alias, proto) for alias, proto in request.inputs.items()}
    outputs = tuple(request.output_filter)
    for index, alias in enumerate(outputs):
        if alias not in signature.outputs:
            raise Rejection(
                Status.INVALID_ARGUMENT,
                f"output tensor alias not found in signature: {alias} Outputs expected to be "
                f"in the set {_set(signature.outputs)}.",
            )
        if alias in outputs[:index]:
            raise Rejection(Status.INVALID_ARGUMENT, f"duplicate output tensor alias: {alias}")
    return CheckedRequest(
        signature=name,
        inputs=inputs,
        outputs=outputs or signature.outputs,
    )


def _check_aliases(sent: Iterable[str], signature: ServedSignature, api: Api) -> None:
    """Compare the aliases that were sent with the signature's."""
    given, expected = tuple(sorted(sent)), signature.inputs
    if given == expected:
        return
    extra = [alias for alias in given if alias not in expected]
    missing = [alias for alias in expected if alias not in given]
    sizes = f"input size does not match signature: {len(given)}!={len(expected)} "
    if api == "ei":
        if len(given) != len(expected):
            text = f"{sizes}len([{','.join(given)}]) != len([{','.join(expected)}])"
        else:
            text = (
                f"input tensor alias not found in signature: {extra[0]}. "
                f"Inputs expected to be in the set {_set(expected)}."
            )
    elif len(given) != len(expected):
        text = (
            f"{sizes}len({_set(given)}) != len({_set(expected)}). "
            f"Sent extra: {_set(extra)}. Missing but required: {_set(missing)}."
        )
    else:
        feed = signature.definition.inputs[missing[0]].name
        text = (
            f"Signature input alias: {missing[0]}(feed name: {feed}) not found in request and "
            f"no default value provided. Inputs expected to be in the request {_set(given)}, "
            "or default input alias set: "
        )
    raise Rejection(Status.INVALID_ARGUMENT, text)


def _received(alias: str, proto: tensor_pb2.TensorProto) -> Input:
    """Return a tensor whose bytes and shape agree.

    Fewer typed values than elements are no error: TensorFlow repeats the last one.
    """
    shape = tuple([dim.size for dim in proto.tensor_shape.dim])
    content: bytes = proto.tensor_content
    itemsize = ITEM_BYTES.get(proto.dtype)
    broken = proto.tensor_shape.unknown_rank or (shape and min(shape) < 0)
    if content and itemsize is not None:
        broken = broken or len(content) != prod(shape) * itemsize
    if broken or proto.dtype == types_pb2.DT_INVALID:
        raise Rejection(Status.INVALID_ARGUMENT, f"tensor parsing error: {alias}")
    return Input(proto, shape, content)


def _set(names: Iterable[str]) -> str:
    return "{" + ",".join(names) + "}"
