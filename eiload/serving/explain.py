"""What a model server's answers mean for a target, in words that end in a remedy.

Pure: states, signatures and refusals in, text out. It knows TensorFlow Serving's states and error
texts, which Amazon EI's server shares, and the scenario's keys that cure them; it calls nobody.
Every text continues a sentence that names the target, is one line, and is safe to print: what a
server says is quoted, made printable and cut. Codes and texts: tensorflow/serving,
tensorflow_serving/servables/tensorflow/predict_util.cc, core/basic_manager.cc,
model_servers/get_model_status_impl.cc; grpc/grpc, src/core (message limits).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from eiload.base.near import nearest
from eiload.base.status import Status
from eiload.base.units import format_duration
from eiload.scenario import Target
from eiload.serving.tfserving import DEFAULT_SIGNATURE, ModelState, Signature, TensorInfo

__all__ = [
    "Unready",
    "misfit",
    "mismatch",
    "quoted",
    "refusal",
    "said",
    "unready",
    "unserved",
]

QUOTED_CHARS = 300
"""How much of a server's text is shown; TensorFlow's often drag a graph node behind them."""

SHOWN_NAMES = 10
"""How many of a model's names are listed."""

_RISING = {"UNKNOWN", "START", "LOADING"}
"""States from which a version may become AVAILABLE."""

_ENCODINGS = {"uint8": "uint8", "string": "jpeg"}
"""The input types that eiload can feed, and the scenario's `encoding` that does."""


class Unready(NamedTuple):
    """Why a model cannot be used now."""

    text: str
    hopeful: bool
    """Whether waiting may help."""


def quoted(text: str) -> str:
    """Return a server's text on one line, printable, not too long."""
    line = " ".join(text.split())
    printable = "".join(each if each.isprintable() else "?" for each in line)
    return printable if len(printable) <= QUOTED_CHARS else f"{printable[:QUOTED_CHARS]}..."


def unready(model: str, states: Sequence[ModelState], version: int | None) -> Unready | None:
    """Return why a model cannot be used, or None when a version that fits is AVAILABLE.

    Args:
        model: its name.
        states: its versions on the server, the newest first.
        version: the one that is asked for; None means any.
    """
    relevant = [state for state in states if version is None or state.version == version]
    if any(state.state == "AVAILABLE" for state in relevant):
        return None
    if not relevant:
        others = ", ".join(str(state.version) for state in states)
        wanted = f"version {version}" if version is not None else "version"
        return Unready(
            f"model {model!r} has no {wanted} there" + (f"; it has {others}" if others else ""),
            hopeful=False,
        )
    newest = relevant[0]
    text = f"model {model!r} version {newest.version} is {newest.state}"
    if newest.error:
        text += f": {quoted(newest.error)}"
    rising = any(state.state in _RISING for state in relevant)
    return Unready(text, hopeful=rising)


def misfit(signatures: Mapping[str, Signature], target: Target, tensor: TensorInfo) -> str | None:
    """Return why a target's model cannot take this tensor, and what to change; None if it can.

    Args:
        signatures: what the model has, by name.
        target: what the scenario says of it.
        tensor: what is to be sent.
    """
    wanted = target.signature or DEFAULT_SIGNATURE
    if wanted not in signatures:
        return unserved(signatures, target)
    signature = signatures[wanted]
    entry = signature.inputs.get(target.input)
    if entry is None:
        only = next(iter(signature.inputs)) if len(signature.inputs) == 1 else None
        remedy = f"set `input: {only}`" if only else "set `input:`"
        return (
            f"signature {wanted!r} has no input {target.input!r}, it takes"
            f" {_tensors(signature.inputs)}; {remedy}{nearest(target.input, signature.inputs)}"
        )
    others = {alias: each for alias, each in signature.inputs.items() if alias != target.input}
    if others:
        return (
            f"signature {wanted!r} also takes {_tensors(others)}, and pictures are one input; give"
            " all by `payload: {inputs: ..}` or `payload: {generate: {}}`"
        )
    return unserved(signatures, target) or _unfed(entry, target, tensor)


def unserved(signatures: Mapping[str, Signature], target: Target) -> str | None:
    """Return which signature or outputs of a target its model does not have; None if it has."""
    wanted = target.signature or DEFAULT_SIGNATURE
    signature = signatures.get(wanted)
    if signature is None:
        return (
            f"model {target.model!r} has no signature {wanted!r}, it has"
            f" {_names(name for name in signatures if not name.startswith('__'))};"
            f" set `signature:`{nearest(wanted, signatures)}"
        )
    if unknown := [alias for alias in target.outputs if alias not in signature.outputs]:
        return (
            f"signature {wanted!r} has no output {_names(unknown)}, it gives"
            f" {_names(signature.outputs)}; correct `outputs:`"
        )
    return None


def mismatch(
    signature: Signature, sent: Mapping[str, TensorInfo], *, by_code: bool = True
) -> str | None:
    """Return why a model does not take these inputs; None if it does.

    Args:
        signature: the one that is called.
        sent: what is sent, by alias.
        by_code: a user class makes them; else the scenario names them.
    """
    missing = [alias for alias in signature.inputs if alias not in sent]
    for alias in sent:
        if alias not in signature.inputs:
            hint = nearest(alias, missing)
            return f"the model has no input {alias!r}, it takes {_tensors(signature.inputs)}{hint}"
    if missing:
        entries = {alias: signature.inputs[alias] for alias in missing}
        remedy = "give an array for each" if by_code else "give each by `inputs:`"
        return f"the model also takes {_tensors(entries)}; {remedy}"
    for alias, given in sent.items():
        entry = signature.inputs[alias]
        differs = f"input {alias!r} is {given}, the model takes {entry}"
        if entry.dtype != given.dtype:
            if not by_code:
                return f"{differs}; {_written(entry.dtype, given.dtype)}"
            return f"{differs}; {_CASTS.get(entry.dtype, _cast(entry.dtype))}"
        if not _fits(entry, given):
            return f"{differs}; give arrays of that shape"
    return None


_CASTS = {
    "string": "give bytes, np.array([data], object), or pictures with `encoding = 'jpeg'`",
    "uint8": "give pixels, .astype(np.uint8), or pictures with `encoding = 'uint8'`",
}
"""What to do if an input takes this type, which pictures can have as well."""


def _cast(dtype: str) -> str:
    if dtype.startswith("DT_"):  # what numpy does not have
        return "no array can be of this type: choose another `signature`"
    return f"give .astype(np.{dtype})"


def _written(wanted: str, given: str) -> str:
    """Return what to write in a scenario to have an input of another type."""
    if wanted.startswith("DT_"):
        return "no array can be of this type: choose another `signature:`"
    if "string" in {wanted, given}:
        return f"give {'texts or bytes' if wanted == 'string' else 'numbers'}"
    return f"write `dtype: {wanted}` beside it"


def _fits(entry: TensorInfo, given: TensorInfo) -> bool:
    """Tell whether a shape is one that an input takes."""
    if entry.shape is None or given.shape is None:
        return True
    return len(entry.shape) == len(given.shape) and all(
        wanted in {None, length} for wanted, length in zip(entry.shape, given.shape, strict=True)
    )


def _unfed(entry: TensorInfo, target: Target, tensor: TensorInfo) -> str | None:
    """Return why an input does not take this tensor."""
    differs = f"input {target.input!r} takes {entry}, the payload is {tensor}"
    if entry.dtype != tensor.dtype:
        encoding = _ENCODINGS.get(entry.dtype)
        remedy = (
            f"set `encoding: {encoding}`"
            if encoding
            else "give arrays by `payload: {inputs: ..}`, `{generate: {}}` or `{users: CLASS}`, or"
            " export the model with an input of uint8 pixels or of encoded images"
        )
        return f"{differs}; {remedy}"
    if entry.shape is None or tensor.shape is None:
        return None
    if len(entry.shape) != len(tensor.shape):
        return f"{differs}: {len(entry.shape)} dimensions, not {len(tensor.shape)}; check `input:`"
    for place, (wanted, given) in enumerate(zip(entry.shape, tensor.shape, strict=True)):
        if wanted is not None and wanted != given:
            remedy = f"set `batch: {wanted}`" if place == 0 else "give images of that size"
            return f"{differs}; {remedy}"
    return None


def refusal(
    status: Status,
    detail: str,
    target: Target,
    sent: Mapping[str, TensorInfo],
    *,
    pictures: bool = True,
) -> str:
    """Return what a failed call says of the target, and what to change.

    Args:
        status: how the call ended, not OK.
        detail: the text that came with it; the server's, or gRPC's own.
        target: what the scenario says of the target.
        sent: what was sent, by input; nothing of a call that sends no inputs.
        pictures: pictures are sent, which the scenario's `input:` and `encoding:` are about.
    """
    if "HTTP status" in detail or "http2 header with status" in detail:
        return f"{said(status, detail)}; it is not the server that says so, see the proxy's log"
    for code, pattern, remedy in _REMEDIES:
        if status is not code or not re.search(pattern, detail, re.IGNORECASE):
            continue
        if pictures or not re.search("`(input|encoding):", remedy):
            deadline = format_duration(target.deadline_ns)
            told = remedy.format(input=target.input, sent=_tensors(sent), deadline=deadline)
            return f"{said(status, detail)}; {told}"
    return f"{said(status, detail)}; see the server's log"


def said(status: Status, detail: str) -> str:
    """Return what a server says, without what it means."""
    return f"{status.name}: {quoted(detail)}" if detail.strip() else status.name


_REMEDIES: tuple[tuple[Status, str, str], ...] = (
    # Status, what its text has in it, what to do. The first that fits is taken.
    (Status.NOT_FOUND, r"Specific\(|version \d", "correct `version:` or `model:`"),
    (Status.NOT_FOUND, "", "correct `model:`"),
    (Status.FAILED_PRECONDITION, "signature key", "correct `signature:`"),
    (Status.INVALID_ARGUMENT, "version label", "correct `version_label:`"),
    (Status.INVALID_ARGUMENT, "output tensor alias", "correct `outputs:`"),
    (
        Status.INVALID_ARGUMENT,
        r"input size does not match|input tensor alias|input alias|invalid name",
        "correct `input:`, it is {input!r}",
    ),
    (Status.INVALID_ARGUMENT, r"to be uint8 but", "set `encoding: uint8`"),
    (Status.INVALID_ARGUMENT, r"to be string but", "set `encoding: jpeg`"),
    (
        Status.INVALID_ARGUMENT,
        "",
        "check what is sent: {sent}",
    ),
    (
        Status.RESOURCE_EXHAUSTED,
        r"CLIENT:.*larger than max",
        "the answer is over the message limit: set `outputs:` to what is needed",
    ),
    (
        Status.RESOURCE_EXHAUSTED,
        r"sent message larger than max",
        "the answer is over the server's own limit: raise it there, or ask for fewer `outputs:`",
    ),
    (
        Status.RESOURCE_EXHAUSTED,
        r"larger than max",
        "the request is over the server's message limit: raise it there, or send less at once",
    ),
    (
        Status.RESOURCE_EXHAUSTED,
        "",
        "the server is overloaded before any load: see what else uses it",
    ),
    (
        Status.DEADLINE_EXCEEDED,
        "",
        "a first inference may load the model into the accelerator: raise `deadline:` ({deadline})",
    ),
    (
        Status.UNIMPLEMENTED,
        "",
        "what answers is not TensorFlow Serving's gRPC port: check `server:`",
    ),
    (Status.UNAUTHENTICATED, "", "set `metadata:` to the credentials that it wants"),
    (Status.PERMISSION_DENIED, "", "set `metadata:` to the credentials that it wants"),
)


def _names(names: Iterable[str]) -> str:
    listed = [repr(name) for name in names]
    rest = [f"and {len(listed) - SHOWN_NAMES} more"] if len(listed) > SHOWN_NAMES else []
    return ", ".join(listed[:SHOWN_NAMES] + rest) or "none"


def _tensors(entries: Mapping[str, TensorInfo]) -> str:
    shown = [f"{alias!r} ({entry})" for alias, entry in list(entries.items())[:SHOWN_NAMES]]
    return ", ".join(shown) or "none"
