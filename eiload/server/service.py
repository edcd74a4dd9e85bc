"""TensorFlow Serving's answers: what is refused, in which order and words, and what is served.

Bytes in, bytes or a `Rejection` out; no sockets, no asyncio, no clock. The order of the checks and
every text follow TensorFlow Serving (tensorflow/serving, servables/tensorflow/predict_util.cc and
predict_impl.cc, model_servers/server_core.cc, core/basic_manager.cc,
servables/tensorflow/get_model_metadata_impl.cc, model_servers/get_model_status_impl.cc); where
Amazon EI's builds (1.11 to 2.3) say it otherwise, ``api="ei"`` does as they do.

A Predict is two halves. The first, here, happens on arrival: the request is read, checked, and
handed to a servable. The second happens when the servable's work has ended: it is counted and given
to whoever waits, who may have gone. Load tests send the same requests over and over: of small ones,
for which reading and checking would be most of the work, it is remembered what came of that.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from google.protobuf.message import DecodeError

from eiload.base.status import Status
from eiload.server.checks import checked
from eiload.server.metrics import Metrics
from eiload.server.model import Ending, Job, Rejection, Repository, Servable
from eiload.serving.protos import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
)

__all__ = ["Served", "Service"]

LONGEST_TEXT = 1024
"""Error details are cut here (model_servers/grpc_status_util.cc)."""


SMALL_BYTES = 16_384
"""Requests up to here are remembered; to look up a large one takes longer than to read it."""
REMEMBERED = 1024
"""How many, so that they take 50 MB at the most."""


class _Understood(NamedTuple):
    """What came of reading and checking a request."""

    job: Job
    spec: bytes
    """Serialised PredictResponse that has its model_spec and no more."""


class Served(NamedTuple):
    """The end of a Predict."""

    status: Status
    text: str
    """Error details; empty if `status` is OK."""
    response: bytes
    """Serialised PredictResponse; empty if `status` is not OK."""
    server_ns: int
    """How long it was in the server, by the server's own account."""


class Service:
    """One model behind TensorFlow Serving's interface."""

    def __init__(
        self,
        repository: Repository,
        metrics: Metrics,
        *,
        api: Literal["tfs", "ei"] = "tfs",
    ) -> None:
        self._repository = repository
        self._metrics = metrics
        self._api = api
        self._busy = 0
        self._specs: dict[tuple[str, int], bytes] = {}
        self._remembered: dict[bytes, _Understood] = {}
        self._remembered_of: int | None = None

    def __repr__(self) -> str:
        """Return what is going on, for the log and for tests."""
        return f"<Service {self._repository.name!r}, {self._busy} under way>"

    @property
    def name(self) -> str:
        """Return the model's name."""
        return self._repository.name

    @property
    def latest(self) -> int | None:
        """Return the newest version that is available, or None."""
        return self._repository.latest()

    def predict(
        self,
        data: bytes,
        arrival_ns: int,
        deadline_ns: int | None,
        ended: Callable[[Served], None],
        *,
        entrypoint: Literal["GRPC", "REST"] = "GRPC",
    ) -> None:
        """Serve a Predict; `ended` is called once, now or later, or never if the model hangs.

        Args:
            data: serialised PredictRequest.
            arrival_ns: the instant of its arrival.
            deadline_ns: the instant after which its client has gone, None for no such.
            ended: is given the reply.
            entrypoint: the label of its metrics.
        """
        model = ""
        try:
            understood = self._recall(data)
            if understood is None:
                request = _parsed(predict_pb2.PredictRequest(), data)
                model = request.model_spec.name
                understood = self._understand(request)
                self._remember(data, understood)
            model = self._repository.name
            spec = understood.spec

            def done(outcome: Ending) -> None:
                # It must not hold the request: that is a megabyte for each that waits.
                self._busy -= 1
                end_ns = arrival_ns + outcome.server_ns
                late = deadline_ns is not None and end_ns > deadline_ns
                ended(self._reply(outcome, spec, entrypoint, late=late))

            self._busy += 1
            try:
                understood.job(arrival_ns, deadline_ns, done)
            except Rejection:
                self._busy -= 1
                raise
        except Rejection as rejection:
            self._metrics.request(model, rejection.status, None, entrypoint)
            ended(Served(rejection.status, _cut(rejection.text), b"", 0))

    def metadata(self, data: bytes) -> bytes:
        """Return a serialised GetModelMetadataResponse.

        Raises:
            Rejection: the request is refused.
        """
        request = _parsed(get_model_metadata_pb2.GetModelMetadataRequest(), data)
        if not request.HasField("model_spec"):
            raise Rejection(Status.INVALID_ARGUMENT, "Missing ModelSpec")
        if not request.metadata_field:
            raise Rejection(
                Status.INVALID_ARGUMENT,
                "GetModelMetadataRequest must specify at least one metadata_field",
            )
        for field in request.metadata_field:
            if field != "signature_def":
                raise Rejection(Status.INVALID_ARGUMENT, f"Metadata field {field} is not supported")
        servable, version = self._resolve(request)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = version
        signatures = get_model_metadata_pb2.SignatureDefMap()
        for name, signature in servable.signatures.items():
            signatures.signature_def[name].CopyFrom(signature.definition)
        response.metadata["signature_def"].Pack(signatures)
        return _serialised(response)

    def status(self, data: bytes) -> bytes:
        """Return a serialised GetModelStatusResponse; labels are ignored, as there.

        Raises:
            Rejection: the request is refused.
        """
        request = _parsed(get_model_status_pb2.GetModelStatusRequest(), data)
        if not request.HasField("model_spec"):
            raise Rejection(Status.INVALID_ARGUMENT, "Missing ModelSpec")
        spec = request.model_spec
        known = self._repository.states() if spec.name == self._repository.name else {}
        if spec.WhichOneof("version_choice") == "version":
            number = spec.version.value
            if number not in known:
                raise Rejection(
                    Status.NOT_FOUND, f"Could not find version {number} of model {spec.name}"
                )
            known = {number: known[number]}
        if not known:
            raise Rejection(Status.NOT_FOUND, f"Could not find any versions of model {spec.name}")
        response = get_model_status_pb2.GetModelStatusResponse()
        for number, (state, error) in sorted(known.items(), reverse=True):
            entry = response.model_version_status.add(version=number, state=state)
            entry.status.error_code = Status.UNKNOWN if error else Status.OK
            entry.status.error_message = error
        return _serialised(response)

    def _recall(self, data: bytes) -> _Understood | None:
        """Return what came of the same request before, if that is still so."""
        latest = self._repository.latest()
        if latest != self._remembered_of:
            # Another version serves now, and the old ones are not to be held.
            self._remembered.clear()
            self._remembered_of = latest
        return self._remembered.get(data) if len(data) <= SMALL_BYTES else None

    def _remember(self, data: bytes, understood: _Understood) -> None:
        if len(data) <= SMALL_BYTES:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            self._remembered[data] = understood

    def _understand(self, request: Any) -> _Understood:
        """Return what a PredictRequest asks for.

        Raises:
            Rejection: the request is refused.
        """
        servable, version = self._resolve(request)
        inference = checked(request, servable.signatures, self._api)
        return _Understood(servable.job(inference), self._spec(inference.signature, version))

    def _resolve(self, request: Any) -> tuple[Servable, int]:
        """Return the servable that a request means, and its version."""
        if not request.HasField("model_spec"):
            raise Rejection(Status.INVALID_ARGUMENT, "Missing ModelSpec")
        spec = request.model_spec
        if not spec.name:
            raise Rejection(Status.INVALID_ARGUMENT, "ModelSpec has no name specified.")
        repository = self._repository
        choice = spec.WhichOneof("version_choice")
        version: int | None
        if choice == "version":
            version = spec.version.value
        elif choice == "version_label":
            version = repository.labels.get(spec.version_label)
            if version is None or spec.name != repository.name:
                raise Rejection(
                    Status.INVALID_ARGUMENT,
                    f"Unrecognized servable version label: {spec.version_label}",
                )
        else:
            version = repository.latest()
        known = spec.name == repository.name and version is not None
        servable = repository.servable(version) if known and version is not None else None
        if servable is None or version is None:
            wanted = f"Specific({spec.name}, {version})" if choice else f"Latest({spec.name})"
            raise Rejection(Status.NOT_FOUND, f"Servable not found for request: {wanted}")
        return servable, version

    def _reply(
        self,
        outcome: Ending,
        spec: bytes,
        entrypoint: Literal["GRPC", "REST"],
        *,
        late: bool,
    ) -> Served:
        """Return the reply to work that has ended, and count it; `late` is after the deadline."""
        status, text = outcome.status, outcome.text
        if status is Status.OK and late:
            # The work was done in vain: Session::Run gives up at the client's deadline, which
            # does not undo what it had begun.
            status, text = Status.DEADLINE_EXCEEDED, "Timed out waiting for notification"
        name = self._repository.name
        if status is Status.OK:
            self._metrics.runtime(name, outcome.runtime_ns)
            self._metrics.request(name, status, outcome.server_ns, entrypoint)
            return Served(status, "", outcome.outputs + spec, outcome.server_ns)
        self._metrics.request(name, status, None, entrypoint)
        return Served(status, _cut(text), b"", outcome.server_ns)

    def _spec(self, signature: str, version: int) -> bytes:
        """Return a serialised PredictResponse that has its model_spec and no more."""
        spec = self._specs.get((signature, version))
        if spec is None:
            response = predict_pb2.PredictResponse()
            response.model_spec.name = self._repository.name
            response.model_spec.version.value = version
            response.model_spec.signature_name = signature
            spec = self._specs[signature, version] = _serialised(response)
        return spec


def _parsed(message: Any, data: bytes) -> Any:
    try:
        message.ParseFromString(data)
    except DecodeError:
        # gRPC C++ has no words for it (include/grpcpp/impl/proto_utils.h).
        raise Rejection(Status.INTERNAL, "") from None
    return message


def _serialised(message: Any) -> bytes:
    data: bytes = message.SerializeToString(deterministic=True)
    return data


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "...TRUNCATED"
