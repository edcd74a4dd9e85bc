"""Can this target be used? Asked before any load is sent, answered in one line.

Steps: is the model AVAILABLE (GetModelStatus), what does its signature take (GetModelMetadata), and
does it answer one Predict (`trial`). The last alone decides; what the first two make doubtful is
handed on to it. This file knows the order of the questions and how long to wait; what answers mean
is `explain`'s, why there is none is `diagnose`'s. Calls go through the engine (a `Caller`), so that
they take the very channels that the load will take.

What is waited for, up to `ready_within`: a model that says it is loading, and a server that
answers HTTP/2 but not yet the call. What is not: a refused connection, an unknown host, a wrong
port, TLS trouble. They stop within seconds, because they are mistakes nearly always. One exception
has to be asked for (`wait_refused`): TensorFlow Serving opens its port only when its first models
are loaded, so a server that is just starting refuses, too.

Instants and durations are ns; nothing here reads a clock but the one it is given.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from eiload.base.clock import NS_PER_MS, NS_PER_S, Clock
from eiload.base.errors import TargetError
from eiload.base.status import Status
from eiload.scenario import Target
from eiload.serving import explain
from eiload.serving.apis.api import Api, Question
from eiload.serving.apis.choice import api_of
from eiload.serving.explain import Unready, quoted
from eiload.serving.tfserving import DEFAULT_SIGNATURE, ModelState, Signature

__all__ = ["NOTHING_SAID", "Caller", "Preflight", "ReplyLike", "SelfDescription", "proxy_note"]

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


class ReplyLike(Protocol):
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

    def call(
        self,
        target: int,
        method: str,
        request: bytes,
        timeout_ns: int,
        /,
        *,
        headers: bytes = b"",
    ) -> ReplyLike:
        """Send one request now, and wait for its outcome; a failure is a status, not an error."""
        ...


@dataclass(frozen=True, slots=True)
class SelfDescription:
    """What a target said of itself."""

    versions: tuple[ModelState, ...] = ()
    """The model's versions, the newest first; empty where the server does not tell."""
    signature: Signature | None = None
    """The one that is called; None where the server does not tell."""
    signatures: Mapping[str, Signature] = field(default_factory=dict)
    """All that the model has, by name; empty where the server does not tell."""
    notes: tuple[str, ...] = ()
    """What a reader of the report should know."""
    state_doubt: str = ""
    """Why the model may not be usable, by GetModelStatus."""
    signature_doubt: str = ""
    """What the model does not have of what is asked for, by GetModelMetadata."""
    untold: ReplyLike | None = None
    """What came instead of the model's metadata."""


NOTHING_SAID = SelfDescription()


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
    maker: str = ""
    """Name of the user class whose code makes the requests, and mends them; empty if none does."""
    pictures: bool = True
    """Whether pictures are sent, which the scenario's words `input` and `encoding` are about."""
    patience_ns: int = PATIENCE_NS
    """How long one question may take."""

    def check(
        self, progress: Callable[[str], None], *, wait_refused: bool = False
    ) -> SelfDescription:
        """Return what the target says of itself, once it is there; nothing is inferred.

        Args:
            progress: told what is waited for, at most every 2 s.
            wait_refused: wait for a port that is closed, too.

        Raises:
            TargetError: nothing answers there.
        """
        versions, state_doubt, notes = self._await_model(progress, wait_refused=wait_refused)
        signatures, signature_doubt, untold = self._signatures()
        more = () if untold is None else self._untold("signatures", untold)
        return SelfDescription(
            versions,
            signatures.get(self.target.signature or DEFAULT_SIGNATURE),
            signatures,
            (*notes, *_version_notes(self.target, versions), *more),
            state_doubt,
            signature_doubt,
            untold,
        )

    def signed(self, said: SelfDescription) -> Signature | None:
        """Return the signature that requests are to be made by; None where the server keeps it.

        Raises:
            TargetError: the model has none such, or is not there.
        """
        if said.signature is None and (doubt := said.signature_doubt or said.state_doubt):
            raise self.error(doubt)
        if said.untold is not None and said.untold.status is Status.NOT_FOUND:
            raise self.error(self.refused(said.untold, b""))
        if said.untold is not None and said.untold.status in _NO_ANSWER:
            raise self.error(self.silence(said.untold).text)
        return said.signature

    def _await_model(
        self, progress: Callable[[str], None], *, wait_refused: bool
    ) -> tuple[tuple[ModelState, ...], str, tuple[str, ...]]:
        """Return the model's versions, why none may be usable, and notes."""
        started_ns = self.clock.now_ns()
        told_ns: int | None = None
        api = self.api
        question = api.state()
        if question is None:
            return (), "", ()
        while True:
            reply = self.ask(question)
            states: tuple[ModelState, ...] = ()
            if reply.status is Status.OK:
                try:
                    states = api.states(reply.response)
                except ValueError as error:
                    return (), f"it answers with {error}; is it TensorFlow Serving?", ()
                reason = api.unready(states)
            elif reply.status in _NO_ANSWER:
                reason = self.silence(reply, wait_refused=wait_refused)
            else:
                return (), "", self._untold("state", reply)
            if reason is None:
                return states, "", ()
            if not reason.hopeful:
                return states, reason.text, ()
            now_ns = self.clock.now_ns()
            waited_s = (now_ns - started_ns) // NS_PER_S
            limit_s = self.target.patience_ns / NS_PER_S
            if now_ns - started_ns >= self.target.patience_ns:
                text = (
                    f"not ready after {limit_s:g} s, {reason.text};"
                    " see the server's log, or raise `ready_within:`"
                )
                if not states:
                    raise self.error(text)
                return states, text, ()
            if told_ns is None or now_ns - told_ns >= PROGRESS_NS:
                told_ns = now_ns
                progress(f"{self.name}: {reason.text} (waited {waited_s} s of {limit_s:g} s)")
            self.clock.sleep_until(now_ns + POLL_NS)

    def _signatures(self) -> tuple[dict[str, Signature], str, ReplyLike | None]:
        """Return the model's signatures, what it does not have of them, or what came instead."""
        question = self.api.metadata()
        if question is None:
            return {}, "", None
        reply = self.ask(question)
        if reply.status is not Status.OK:
            return {}, "", reply
        try:
            signatures = self.api.signatures(reply.response)
        except ValueError as error:
            return {}, f"it answers with {error}; is it TensorFlow Serving?", None
        return signatures, explain.unserved(signatures, self.target) or "", None

    def _untold(self, what: str, reply: ReplyLike) -> tuple[str, ...]:
        """Return the note that the server keeps something for itself; a Predict decides."""
        if what == "state" and reply.status is Status.UNIMPLEMENTED:
            return ()  # its metadata is asked for next
        return (f"the server does not tell the model's {what} ({reply.status.name})",)

    @property
    def api(self) -> Api:
        """Return how the target is asked."""
        return api_of(self.target)

    def ask(self, question: Question, patience_ns: int = 0) -> ReplyLike:
        """Return what becomes of one question; it may take `patience_ns`, or as long as each."""
        method, request = question
        patience_ns = patience_ns or self.patience_ns
        fields = self.api.own_fields(question)
        return self.caller.call(self.index, method, request, patience_ns, headers=fields)

    def silence(self, reply: ReplyLike, *, wait_refused: bool = False) -> Unready:
        """Return what a failed call means, after a look at the port where the call cannot tell."""
        if reply.status not in _NO_ANSWER:
            return Unready(self.refused(reply, b""), hopeful=False)
        finding = self.api.diagnose(self.address, self.patience_ns)
        if finding.kind not in {"http1", "http2"}:
            text = f"{finding.cause}; {finding.remedy}"
            if wait_refused and finding.kind == "refused":
                return Unready(text, hopeful=True)
            raise self.error(text)
        said = f"it answers {reply.status.name}"
        if reply.detail.strip():
            said += f" ({quoted(reply.detail)})"
        hopeful = reply.status in (Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED)
        return Unready(said if hopeful else f"{said}; {finding.remedy}", hopeful)

    def refused(self, reply: ReplyLike, request: bytes) -> str:
        """Return what the server's refusal of a request means."""
        api, plain = self.api, self.pictures and not self.maker
        text = api.refusal(reply.status, reply.detail, api.inputs_of(request), pictures=plain)
        if reply.status is not Status.NOT_FOUND or api.state() is None:
            return text
        model = self.target.model
        states = self._states(model)
        if states and (reason := api.unready(states)):
            return f"{reason.text}; correct `version:`"
        there = [repr(other) for other in USUAL_MODELS if other != model and self._states(other)]
        hint = f" (there is {', '.join(there)})" if there else ""
        return f"no model {model!r}{hint}, {text}"

    def _states(self, model: str) -> tuple[ModelState, ...]:
        """Return the versions of a model; empty if the server does not know it."""
        question = self.api.state(model)
        if question is None:
            return ()
        reply = self.ask(question)
        try:
            return self.api.states(reply.response) if reply.status is Status.OK else ()
        except ValueError:
            return ()

    def error(self, reason: str) -> TargetError:
        """Return the error that names this target."""
        return TargetError(f"target {self.name!r} at {self.address}: {reason}")
