"""The first Predict, which decides whether a target can be used.

What a server says of its models may be wrong, or kept for itself: proxies let nothing but Predict
through, metadata says float where JPEGs are taken, `batch_size: auto`. So what preflight has found
doubtful is no refusal: it is the reason that is given if the server refuses the Predict, and a note
in the report if it answers all the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from eiload.base.errors import ScenarioError
from eiload.base.status import Status
from eiload.serving import explain
from eiload.serving.apis.api import Question
from eiload.serving.detections import remarks
from eiload.serving.expectations import Expectations
from eiload.serving.preflight import NOTHING_SAID, Preflight, ReplyLike, SelfDescription
from eiload.serving.tensors import Tensor, TensorInfo

__all__ = ["FirstInference", "first_inference", "misfit", "outputs_of"]

ANSWERED = "HTTP "
"""How the text begins of what a server of HTTP/1.1 has said itself: it is there."""

_BY_STATE = (
    Status.NOT_FOUND,
    Status.UNAVAILABLE,
    Status.FAILED_PRECONDITION,
    Status.UNIMPLEMENTED,
    Status.INTERNAL,
    Status.UNKNOWN,
)
"""How a Predict may end because of what GetModelStatus has said."""

_BY_INPUTS = (
    Status.INVALID_ARGUMENT,
    Status.FAILED_PRECONDITION,
    Status.OUT_OF_RANGE,
    Status.UNIMPLEMENTED,
    Status.INTERNAL,
    Status.UNKNOWN,
)
"""How it may end because of what the metadata has said."""


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
    notes: tuple[str, ...] = ()
    """What the server answered in spite of, and what is odd about the answer."""
    version: int | None = None
    """Version of the model that answered; None where the server does not tell."""


def first_inference(
    asking: Preflight,
    request: bytes,
    expectations: Expectations,
    said: SelfDescription = NOTHING_SAID,
) -> FirstInference:
    """Return the target's first answer and the time it took, by the target's own deadline.

    A bad answer is no error: it is for the caller to warn of it, or to stop.

    Args:
        asking: the questions to the target.
        request: the bytes of a request.
        expectations: what the answer has to be.
        said: what the target said of itself.

    Raises:
        TargetError: there is no answer, or it refuses the request.
        ScenarioError: it refuses what a user class makes, which is not what the model takes.
    """
    unfit = misfit(asking, request, said)
    reply = _predict(asking, request, said, unfit)
    service_ns = reply.done_ns - reply.sent_ns
    doubts = [each for each in (said.state_doubt, said.signature_doubt, unfit) if each]
    notes = tuple(f"the server answers, although {_fact(each)}" for each in doubts)
    try:
        answer = asking.api.read(reply.response, outputs_of(said))
    except ValueError as error:
        if said.state_doubt:  # neither answer is one: a web server answers all by a page
            raise asking.error(f"{said.state_doubt} (Predict: {error})") from None
        return FirstInference(service_ns, {}, str(error), reply.detail, notes)
    problem = expectations.check(answer.outputs, wanted=asking.target.outputs, unread=answer.unread)
    unread = [
        f"{alias} is of a type that cannot be read ({entry.dtype}): it is not checked"
        for alias, entry in answer.unread.items()
    ]
    notes = (*notes, *unread, *(remarks(answer.outputs) if problem is None else ()))
    return FirstInference(
        service_ns,
        answer.outputs,
        problem,
        reply.detail,
        notes,
        asking.api.version_of(reply.response),
    )


def outputs_of(said: SelfDescription) -> Mapping[str, TensorInfo]:
    """Return what a model says of its outputs."""
    return said.signature.outputs if said.signature is not None else {}


def misfit(asking: Preflight, request: bytes, said: SelfDescription) -> str:
    """Return why a request is not what the model takes, by its metadata; empty if it is."""
    if said.signature is None:
        return ""
    sent = asking.api.inputs_of(request)
    if not sent:
        return ""  # it does not say
    if asking.pictures and not asking.maker and len(sent) == 1:
        signatures = {said.signature.name: said.signature}
        (tensor,) = sent.values()
        return explain.misfit(signatures, asking.target, tensor) or ""
    return explain.mismatch(said.signature, sent, by_code=bool(asking.maker)) or ""


def _predict(asking: Preflight, request: bytes, said: SelfDescription, unfit: str) -> ReplyLike:
    """Return the answer to one Predict."""
    reply = asking.ask(Question(asking.api.predict, request), asking.target.deadline_ns)
    if reply.status is Status.OK:
        return reply
    answered = f"(Predict: {explain.said(reply.status, reply.detail)})"
    if said.state_doubt and reply.status in _BY_STATE:
        raise asking.error(f"{said.state_doubt} {answered}")
    if reply.status is Status.UNAVAILABLE and not reply.detail.startswith(ANSWERED):
        raise asking.error(asking.silence(reply).text)
    if reply.status in _BY_INPUTS and said.signature_doubt:
        raise asking.error(f"{said.signature_doubt} {answered}")
    if reply.status in _BY_INPUTS and unfit:
        if asking.maker:
            raise ScenarioError(f"{asking.maker}: {unfit} {answered}")
        raise asking.error(f"{unfit} {answered}")
    raise asking.error(asking.refused(reply, request))


def _fact(doubt: str) -> str:
    """Return a doubt without its remedy."""
    return doubt.rsplit("; ", 1)[0]
