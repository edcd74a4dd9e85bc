"""Can this target be used? Asked before any load is sent, answered in one line.

Steps: is the model AVAILABLE (GetModelStatus), does its signature take the payload
(GetModelMetadata), and for a server that does not know these calls: does it answer one Predict. It
knows the order of the questions and how long to wait; what answers mean is `explain`'s, why there
is none is `diagnose`'s. Calls go through the engine (a `Caller`), so that they take the very
channels that the load will take.

What is waited for, up to `ready_within`: a model that says it is loading, and a server that
answers HTTP/2 but not yet the call. What is not: a refused connection, an unknown host, a wrong
port, TLS trouble. They stop within seconds, because they are mistakes nearly always. One exception
has to be asked for (`wait_refused`): TensorFlow Serving opens its port only when its first models
are loaded, so a server that is just starting refuses, too.

Instants and durations are ns; nothing here reads a clock but the one it is given.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from eiload.base.clock import NS_PER_MS, NS_PER_S, Clock
from eiload.base.errors import ScenarioError, TargetError
from eiload.base.status import Status
from eiload.scenario import Expect, Target
from eiload.serving import explain
from eiload.serving.detections import check as check_answer
from eiload.serving.diagnose import diagnose
from eiload.serving.explain import Unready, quoted, refusal, unready
from eiload.serving.tfserving import (
    DEFAULT_SIGNATURE,
    GET_MODEL_METADATA,
    GET_MODEL_STATUS,
    PREDICT,
    ModelState,
    Signature,
    Tensor,
    TensorInfo,
    decode_metadata,
    decode_response,
    decode_status,
    metadata_request,
    status_request,
)

__all__ = ["Caller", "FirstInference", "Preflight", "Reply", "SelfDescription", "proxy_note"]

Decoded = TypeVar("Decoded")

PATIENCE_NS = 5 * NS_PER_S
"""How long one question may take; a distant server needs a few round trips, a tenth of this."""

POLL_NS = 250 * NS_PER_MS
"""Between two questions while waiting."""

PROGRESS_NS = 2 * NS_PER_S
"""Between two lines of progress."""

USUAL_MODELS = ("ssd", "ssdresnet", "ssd_resnet50_v1_coco", "model", "default")
"""Names to try when a model is not found, because a server cannot list its own: those of AWS's
examples, of the Docker image and of the server's flags."""

_PROXY_VARIABLES = ("grpc_proxy", "https_proxy", "http_proxy")
"""What gRPC would take a proxy from (grpc/grpc, doc/environment_variables.md)."""

_NO_ANSWER = (
    Status.UNAVAILABLE,
    Status.DEADLINE_EXCEEDED,
    Status.INTERNAL,
    Status.UNKNOWN,
    Status.CANCELLED,
)
"""How a call can end without a word from the server; the port is looked at to know more."""


class Reply(Protocol):
    """What became of one call."""

    @property
    def status(self) -> Status:
        """Return how it ended."""
        ...

    @property
    def detail(self) -> str:
        """Return the text that came with a failure."""
        ...

    @property
    def response(self) -> bytes:
        """Return the serialised answer; empty if there is none."""
        ...

    @property
    def sent_ns(self) -> int:
        """Return when the call was made."""
        ...

    @property
    def done_ns(self) -> int:
        """Return when its outcome was known."""
        ...


class Caller(Protocol):
    """Who can call a target: the engine."""

    def call(self, target: int, method: str, request: bytes, timeout_ns: int, /) -> Reply:
        """Send one request now, and wait for its outcome; a failure is a status, not an error."""
        ...


@dataclass(frozen=True, slots=True)
class SelfDescription:
    """What a target said of itself."""

    versions: tuple[ModelState, ...]
    """The model's versions, the newest first; empty where the server does not tell."""
    signature: Signature | None
    """The one that is called; None where the server does not tell."""
    notes: tuple[str, ...]
    """What a reader of the report should know."""
    first: Reply | None = None
    """The answer to the very first Predict, where one had to be sent to find out."""


@dataclass(frozen=True, slots=True)
class FirstInference:
    """The first answer of a target; with a cold accelerator it takes seconds."""

    service_ns: int
    outputs: dict[str, Tensor]
    """Empty when the answer cannot be decoded."""
    problem: str | None
    """Why the answer is bad; None when it is good."""
    stand_in: str = ""
    """What the server says it is, if it is a stand-in, such as ``emulated p2.xlarge``."""


def proxy_note(environ: Mapping[str, str]) -> str | None:
    """Return that the environment names a proxy, which the load does not take; None if not."""
    for variable in _PROXY_VARIABLES:
        for spelling in (variable, variable.upper()):
            if environ.get(spelling):
                return f"{spelling} is set and not used: requests go straight to their targets"
    return None


def _version_notes(target: Target, versions: tuple[ModelState, ...]) -> list[str]:
    available = [state.version for state in versions if state.state == "AVAILABLE"]
    if target.version is None and target.version_label is None and len(available) > 1:
        listed = ", ".join(map(str, available))
        return [f"versions {listed} are available; without `version:` the newest answers"]
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """The questions to one target.

    Every method raises `TargetError`: one line with the target's name and address, the likely
    cause and a remedy; or `ScenarioError` where a user class makes what the model does not take.
    """

    caller: Caller
    clock: Clock
    index: int
    """The target's number with the caller."""
    name: str
    """Its name in the scenario."""
    target: Target
    """What the scenario says of it."""
    address: str
    """Where it is, as `server:` says it; a stand-in's address is known late."""
    tensor: TensorInfo
    """What the payload's requests hold."""
    maker: str = ""
    """Name of the user class whose code makes the requests, and mends them; empty if none does."""
    sent: Mapping[str, TensorInfo] = field(default_factory=dict)
    """What such a class's requests hold, by input."""
    patience_ns: int = PATIENCE_NS
    """How long one question may take."""

    def check(
        self,
        sample_request: bytes | None,
        progress: Callable[[str], None],
        *,
        wait_refused: bool = False,
    ) -> SelfDescription:
        """Return what the target says of itself, once it can take the load.

        Args:
            sample_request: a PredictRequest, sent only where nothing else can decide; None leaves
                that to whoever makes the first inference.
            progress: told what is waited for, at most every 2 s.
            wait_refused: wait for a port that is closed, too.

        Raises:
            TargetError: the target cannot be used.
        """
        versions = self._await_model(progress, wait_refused=wait_refused)
        signature = self._signature()
        notes = list(_version_notes(self.target, versions))
        first = None
        if signature is None and sample_request is not None:
            first = self._predict(sample_request)
            notes.append("the server tells no signatures; it answered a Predict")
        return SelfDescription(versions, signature, tuple(notes), first)

    def first_inference(
        self, request: bytes, expect: Expect | None, reply: Reply | None = None
    ) -> FirstInference:
        """Return the target's first answer and the time it took, by the target's own deadline.

        A bad answer is no error: it is for the caller to warn of it, or to stop.

        Args:
            request: the PredictRequest.
            expect: what the answer must show, if anything.
            reply: the first answer, if `check` has it already: the second would tell another time.

        Raises:
            TargetError: there is no answer.
        """
        reply = self._predict(request) if reply is None else reply
        service_ns = reply.done_ns - reply.sent_ns
        try:
            outputs = decode_response(reply.response)
        except ValueError as error:
            return FirstInference(service_ns, {}, str(error), reply.detail)
        problem = check_answer(outputs, expect, wanted=self.target.outputs)
        return FirstInference(service_ns, outputs, problem, reply.detail)

    def _await_model(
        self, progress: Callable[[str], None], *, wait_refused: bool
    ) -> tuple[ModelState, ...]:
        """Return the model's versions, one that fits AVAILABLE; empty if the server cannot tell."""
        started_ns = self.clock.now_ns()
        told_ns: int | None = None
        request = status_request(self.target.model, version=self.target.version)
        while True:
            reply = self._ask(GET_MODEL_STATUS, request)
            if reply.status is Status.UNIMPLEMENTED:
                return ()
            states: tuple[ModelState, ...] = ()
            if reply.status is Status.OK:
                states = self._decoded(decode_status, reply)
                reason = unready(self.target.model, states, self.target.version)
            else:
                reason = self._silence(reply, wait_refused=wait_refused)
            if reason is None:
                return states
            if not reason.hopeful:
                raise self._error(reason.text)
            now_ns = self.clock.now_ns()
            waited_s = (now_ns - started_ns) // NS_PER_S
            limit_s = self.target.patience_ns / NS_PER_S
            if now_ns - started_ns >= self.target.patience_ns:
                raise self._error(
                    f"not ready after {limit_s:g} s, {reason.text};"
                    " see the server's log, or raise `ready_within:`"
                )
            if told_ns is None or now_ns - told_ns >= PROGRESS_NS:
                told_ns = now_ns
                progress(f"{self.name}: {reason.text} (waited {waited_s} s of {limit_s:g} s)")
            self.clock.sleep_until(now_ns + POLL_NS)

    def _signature(self) -> Signature | None:
        """Return the signature that is called, if the server tells and it takes the payload."""
        target = self.target
        request = metadata_request(
            target.model, version=target.version, version_label=target.version_label
        )
        reply = self._ask(GET_MODEL_METADATA, request)
        if reply.status is Status.UNIMPLEMENTED:
            return None
        if reply.status is not Status.OK:
            raise self._error(self._silence(reply).text)
        signatures = self._decoded(decode_metadata, reply)
        wrong = explain.unserved(signatures, target) or (
            None if self.maker else explain.misfit(signatures, target, self.tensor)
        )
        if wrong:
            raise self._error(wrong)
        signature = signatures[target.signature or DEFAULT_SIGNATURE]
        if self.maker and (reason := explain.mismatch(signature, self.sent)):
            raise ScenarioError(f"{self.maker}: {reason}")
        return signature

    def _predict(self, request: bytes) -> Reply:
        """Return the answer to one Predict."""
        reply = self.caller.call(self.index, PREDICT, request, self.target.deadline_ns)
        if reply.status is Status.UNAVAILABLE:
            raise self._error(self._silence(reply).text)
        if reply.status is not Status.OK:
            raise self._error(self._refused(reply))
        return reply

    def _ask(self, method: str, request: bytes) -> Reply:
        """Return what becomes of one question."""
        return self.caller.call(self.index, method, request, self.patience_ns)

    def _silence(self, reply: Reply, *, wait_refused: bool = False) -> Unready:
        """Return what a failed call means, after a look at the port where the call cannot tell."""
        if reply.status not in _NO_ANSWER:
            return Unready(self._refused(reply), hopeful=False)
        finding = diagnose(self.address, self.target.tls, self.patience_ns)
        if finding.kind != "http2":
            hopeful = wait_refused and finding.kind == "refused"
            return Unready(f"{finding.cause}; {finding.remedy}", hopeful)
        said = f"it answers {reply.status.name}"
        if reply.detail.strip():
            said += f" ({quoted(reply.detail)})"
        hopeful = reply.status in (Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED)
        return Unready(said if hopeful else f"{said}; {finding.remedy}", hopeful)

    def _refused(self, reply: Reply) -> str:
        """Return what the server's refusal means."""
        text = refusal(reply.status, reply.detail, self.target, self.tensor)
        if reply.status is not Status.NOT_FOUND:
            return text
        model, version = self.target.model, self.target.version
        states = self._states(model)
        if states and (reason := unready(model, states, version)):
            return f"{reason.text}; correct `version:`"
        there = [repr(other) for other in USUAL_MODELS if other != model and self._states(other)]
        hint = f" (there is {', '.join(there)})" if there else ""
        return f"no model {model!r}{hint}, {text}"

    def _states(self, model: str) -> tuple[ModelState, ...]:
        """Return the versions of a model; empty if the server does not know it."""
        reply = self._ask(GET_MODEL_STATUS, status_request(model))
        return self._decoded(decode_status, reply) if reply.status is Status.OK else ()

    def _decoded(self, decode: Callable[[bytes], Decoded], reply: Reply) -> Decoded:
        """Return a decoded answer, or say that it is none."""
        try:
            return decode(reply.response)
        except ValueError as error:
            raise self._error(f"it answers with {error}; is it TensorFlow Serving?") from None

    def _error(self, reason: str) -> TargetError:
        """Return the error that names this target."""
        return TargetError(f"target {self.name!r} at {self.address}: {reason}")
