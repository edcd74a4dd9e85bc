"""`eiload inspect`: what a server says of a model, and a payload that is ready for it."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from eiload.base import console
from eiload.base.clock import SystemClock
from eiload.base.errors import ScenarioError, TargetError
from eiload.report import words
from eiload.scenario import Target
from eiload.scenario.http import default_server
from eiload.scenario.inputs import DTYPES
from eiload.scenario.words import filled
from eiload.sending.engine import Engine
from eiload.serving.endpoint import endpoint_of
from eiload.serving.explain import said
from eiload.serving.preflight import Preflight
from eiload.serving.tensors import TensorInfo
from eiload.serving.tfserving import Signature

__all__ = ["add_arguments", "inspect", "payload_block"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = """\
Ask a model server for the versions and signatures of a model, and print each signature with
a payload for scenarios that is ready for it. Nothing is inferred.
"""
    parser.epilog = """\
example:
  eiload inspect --server localhost:8500 --model half_plus_two
  eiload inspect --api tf-rest --model half_plus_two

exit status: 0 the server has told, 2 an argument is wrong, 4 the server could not be used
"""
    parser.add_argument(
        "--server",
        metavar="HOST[:PORT]",
        help="where it is (default: localhost, the port by --api); grpcs:// or https:// asks "
        "for TLS",
    )
    parser.add_argument(
        "--api",
        choices=("grpc", "tf-rest"),
        default="grpc",
        help="how it is asked: TensorFlow Serving's gRPC (8500) or REST (8501)",
    )
    parser.add_argument("--model", required=True, help="name of the model on the server")
    parser.add_argument("--model-version", type=int, metavar="N", help="default: the newest")


def inspect(arguments: argparse.Namespace) -> int:
    """Do it; return the exit status.

    Raises:
        ScenarioError: an argument makes no sense.
        TargetError: the server cannot be used, or does not tell.
    """
    given = {
        "api": arguments.api,
        "server": arguments.server or default_server(arguments.api),
        "model": arguments.model,
        "version": arguments.model_version,
    }
    target, problems = filled(Target, given, {"base": Path.cwd()})
    if target is None:
        raise ScenarioError("\n".join(f"--{each}" for each in problems))
    where = target.server or ""
    with Engine([endpoint_of(target)]) as engine:
        asking = Preflight(
            caller=engine, clock=SystemClock(), index=0, name=target.model, target=target,
            address=where,
        )  # fmt: skip
        found = asking.check(console.say)
        if found.untold is not None:
            asking.signed(found)
            told = said(found.untold.status, found.untold.detail)
            raise TargetError(f"{where} does not tell the model's signatures: {told}")
        if not found.signatures:
            asking.signed(found)
            raise TargetError(f"{where} tells no signature of the model {target.model!r}")
    for state in found.versions:
        console.emit(f"version {state.version}: {state.state}")
    for signature in found.signatures.values():
        if not signature.name.startswith("__"):
            console.emit("\n".join(_described(signature)))
    return 0


def _described(signature: Signature) -> Iterator[str]:
    yield f"\nsignature {words.safe(signature.name)}"
    for what, entries in (("input", signature.inputs), ("output", signature.outputs)):
        for name, entry in entries.items():
            yield f"  {what:<6}  {words.safe(name)}  {entry}"
    yield ""
    yield from payload_block(signature)


def payload_block(signature: Signature) -> Iterator[str]:
    """Yield the lines of a scenario's payload for a signature; what is to be decided is marked."""
    (name, entry), *others = [*signature.inputs.items()] or [("", TensorInfo("string", None))]
    if not others and entry.dtype == "uint8" and entry.shape is not None and len(entry.shape) == 4:
        yield f"# pictures; in the target: input: {_key(name)}"
        yield "payload:"
        yield "  synthetic: 640x427"
        return
    yield "payload:"
    if unmade := [alias for alias, each in signature.inputs.items() if each.dtype not in DTYPES]:
        yield f"  # {', '.join(map(_key, unmade))}: of a type that cannot be sent"
    yield "  generate:"
    yield "    batch: 1"
    if shapes := [
        line for alias, each in signature.inputs.items() if (line := _shape(alias, each))
    ]:
        yield "    shapes:  # a number for each N"
        yield from shapes
    ids = [alias for alias, each in signature.inputs.items() if each.dtype in {"int32", "int64"}]
    if ids:
        yield "    ranges:"
        yield from (f"      {_key(alias)}: [0, 1]" for alias in ids)
    texts = [alias for alias, each in signature.inputs.items() if each.dtype == "string"]
    if texts:
        yield "    text:  # how many words; or a list of texts"
        yield from (f"      {_key(alias)}: 8" for alias in texts)


def _shape(alias: str, entry: TensorInfo) -> str:
    """Return the line that decides a shape; empty where nothing is open but the batch."""
    if entry.shape is None:
        return f"      {_key(alias)}: [N]"
    if None not in entry.shape[1:]:
        return ""
    first, *rest = entry.shape
    lengths = ["batch" if first is None else str(first)]
    lengths += ["N" if length is None else str(length) for length in rest]
    return f"      {_key(alias)}: [{', '.join(lengths)}]"


def _key(name: str) -> str:
    """Return a name as YAML takes it for a key."""
    plain = name.replace("_", "a").isalnum() and name.isascii() and not name[0].isdigit()
    return name if plain else "'" + words.safe(name).replace("'", "''") + "'"
