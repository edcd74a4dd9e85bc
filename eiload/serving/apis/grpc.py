"""TensorFlow Serving's API over gRPC, which is Amazon EI's, too."""

from collections.abc import Mapping, Sequence

from eiload.base.status import Status
from eiload.scenario import Target
from eiload.serving import explain, recorded
from eiload.serving.answered import version_of
from eiload.serving.apis.api import Carried, Question
from eiload.serving.diagnose import Diagnosis, diagnose
from eiload.serving.explain import Unready
from eiload.serving.tensors import Tensor, TensorInfo
from eiload.serving.tfserving import (
    GET_MODEL_METADATA,
    GET_MODEL_STATUS,
    PREDICT,
    ModelState,
    Response,
    Signature,
    decode_metadata,
    decode_status,
    inputs_of,
    metadata_request,
    predict_request,
    read_response,
    status_request,
)

__all__ = ["Grpc"]


class Grpc:
    """TensorFlow Serving's gRPC.

    Args:
        target: what the scenario says of it.
    """

    predict = PREDICT

    def __init__(self, target: Target) -> None:
        self._target = target

    @property
    def carried(self) -> Carried:
        """Return how requests are carried."""
        return Carried(self._target.client, self._target.connections)

    def request(self, inputs: Mapping[str, Tensor]) -> bytes:
        """Return a serialised PredictRequest."""
        target = self._target
        return predict_request(
            target.model,
            inputs,
            signature=target.signature,
            version=target.version,
            version_label=target.version_label,
            outputs=target.outputs,
        )

    def readdressed(self, data: bytes) -> tuple[bytes, str]:
        """Return a request with this target's address."""
        return recorded.addressed(data, self._target)

    def read(self, response: bytes, declared: Mapping[str, TensorInfo]) -> Response:
        """Return what is in a serialised PredictResponse."""
        del declared  # it says so itself
        return read_response(response)

    def version_of(self, response: bytes) -> int | None:
        """Return the version that gave an answer."""
        return version_of(response)

    def inputs_of(self, request: bytes) -> dict[str, TensorInfo]:
        """Return what the inputs of a request are."""
        return inputs_of(request)

    def own_fields(self, question: Question) -> bytes:
        """Return nothing: all is the endpoint's."""
        del question
        return b""

    def state(self, model: str = "") -> Question:
        """Ask by GetModelStatus."""
        version = None if model else self._target.version
        return Question(
            GET_MODEL_STATUS, status_request(model or self._target.model, version=version)
        )

    def states(self, response: bytes) -> tuple[ModelState, ...]:
        """Return the versions in a GetModelStatusResponse."""
        return decode_status(response)

    def unready(self, states: Sequence[ModelState]) -> Unready | None:
        """Return why a model of these versions cannot be used; None if it can."""
        return explain.unready(self._target.model, states, self._target.version)

    def metadata(self) -> Question:
        """Ask by GetModelMetadata."""
        target = self._target
        request = metadata_request(
            target.model, version=target.version, version_label=target.version_label
        )
        return Question(GET_MODEL_METADATA, request)

    def signatures(self, response: bytes) -> dict[str, Signature]:
        """Return the signatures in a GetModelMetadataResponse."""
        return decode_metadata(response)

    def diagnose(self, address: str, patience_ns: int) -> Diagnosis:
        """Look at a server that does not answer, and say what is there."""
        return diagnose(address, self._target.tls, patience_ns)

    def refusal(
        self, status: Status, detail: str, sent: Mapping[str, TensorInfo], *, pictures: bool
    ) -> str:
        """Return what a failed call says of the target, and what to change."""
        return explain.refusal(status, detail, self._target, sent, pictures=pictures)
