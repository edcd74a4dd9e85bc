"""`eiload predict`: one picture to one server, a few times, one request after the other.

What AWS's walk-through clients (ssd_client.py, ssd_resnet_client.py) do, said better: the first
inference apart, because it loads the model into the accelerator and takes seconds; then each
inference's time; what the times support as quantiles, and no more; the detections by name.

It is a closed loop of one user: each request waits for the answer to the one before. Such times say
how long an inference takes on an idle server and nothing of its latency under traffic, so there
are no verdicts here. Times are service times (done - sent), stamped in the sender process as in any
load test; answers are decoded and checked between the requests, outside of every time.

This file holds the command: its arguments, the loop and the exit status. What is printed is in
`report.prediction`.
"""

import argparse
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from eiload.base import console
from eiload.base.clock import SystemClock
from eiload.base.errors import ScenarioError
from eiload.base.status import Status
from eiload.base.units import parse_duration
from eiload.cli.sent import add_arguments as add_inputs
from eiload.cli.sent import input_name, sent
from eiload.report import prediction as report
from eiload.report.prediction import Inference, Prediction
from eiload.scenario import Target
from eiload.scenario.http import BY_ADDRESS, default_server
from eiload.scenario.problem import Problem
from eiload.scenario.words import F, filled
from eiload.sending.engine import Engine
from eiload.serving import payload
from eiload.serving.apis.api import Question
from eiload.serving.detections import detections, is_detector
from eiload.serving.endpoint import endpoint_of
from eiload.serving.expectations import Expectations
from eiload.serving.payload import Made
from eiload.serving.preflight import Preflight, ReplyLike, SelfDescription
from eiload.serving.tensors import Tensor, info
from eiload.serving.trial import FirstInference, first_inference, outputs_of

__all__ = ["add_arguments", "predict"]

DESCRIPTION = """\
Send one request to a model server, a few times, one after the other, and show the first
inference apart (it loads the model into the accelerator), the time of each of the others,
and what the model answers. A picture is sent, or any model's inputs. It says how long an
inference takes on an idle server; for latency under traffic run a load test (locust -f
locustfiles/ssd.py).
"""

EPILOG = """\
examples:
  eiload predict --model ssd --image dogs.jpg
  eiload predict --server localhost:9000 --model ssdresnet --count 100
  eiload predict --model half_plus_two --input x=[1.0,2.0]
  eiload predict --model bert --generate --batch 4 --range input_ids=0,30521
  eiload predict --api tf-rest --model ssd
  eiload predict --api container --model resnet --content-type application/x-npy --generate
  eiload predict --server grpcs://models.example:443 --model ssd --ca ca.pem --json

exit status:
  0  every inference was answered well      2  an argument or the image is wrong
  1  an inference failed                    4  the server could not be used
"""

MOST_LINES = 100
"""Of more inferences than this, only the failed ones get a line each."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments to its parser."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    # fmt: off
    add = parser.add_argument
    add("--server", metavar="HOST[:PORT]",
        help="where it is (default: localhost, the port by --api); grpcs:// or https:// in "
        "front asks for TLS")
    add("--api", choices=BY_ADDRESS, default="grpc",
        help="how it is asked (default: %(default)s): gRPC (8500), TensorFlow Serving's REST "
        "(8501), or /invocations of a SageMaker container (8080)")
    add("--model", required=True, help="name of the model on the server")
    add("--image", metavar="FILE", help="what to send; without it, a made-up picture")
    add("--count", type=_whole, default=20, metavar="N",
        help="inferences after the first (default: %(default)s)")
    add("--min-score", type=_score, default=0.5, metavar="SCORE",
        help="show detections from this score on (default: %(default)s)")
    add("--json", action="store_true", help="print one JSON document, for scripts")
    model = parser.add_argument_group("how the model is asked")
    add = model.add_argument
    add("--signature", default="serving_default", help="default: %(default)s")
    add("--encoding", choices=("uint8", "jpeg"), default="uint8",
        help="pixels, or the file's own bytes for a model that decodes (default: %(default)s)")
    add("--batch", type=_whole, default=1, metavar="N", help="the picture N times in a request")
    add("--model-version", type=int, metavar="N", help="default: the newest")
    add("--version-label", metavar="LABEL", help="a version by its label")
    add_inputs(parser)
    over_http = parser.add_argument_group("how a request over HTTP is written")
    add = over_http.add_argument
    add("--body", choices=("instances", "inputs", "list"), help="form of JSON (default: instances)")
    add("--content-type", metavar="TYPE", help="of a container's request (default: JSON)")
    add("--accept", metavar="TYPE", help="content type that a container's answer is asked for")
    connection = parser.add_argument_group("how the server is reached")
    add = connection.add_argument
    add("--deadline", type=console.argument(_time), default="60 s", metavar="TIME",
        help="how long an answer may take (default: %(default)s)")
    add("--ready-within", type=console.argument(_time), default="60 s", metavar="TIME",
        help="how long to wait for a model that is loading (default: %(default)s)")
    add("--metadata", action="append", default=[], type=_pair, metavar="KEY=VALUE",
        help="sent with each request; may be repeated")
    add("--tls", action="store_true", help="TLS by the system's certificate authorities")
    add("--ca", metavar="FILE", help="TLS, trusting the authorities in this PEM file")
    add("--cert", metavar="FILE", help="our own certificate, PEM")
    add("--key", metavar="FILE", help="its private key, PEM")
    add("--server-name", metavar="NAME", help="name that the server's certificate is for")
    add("--authority", metavar="NAME", help="host name to ask for, by which an ingress goes")
    # fmt: on


def predict(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status.

    Raises:
        ScenarioError: an argument or the image is wrong.
        TargetError: the server cannot be used.
        EngineError: the sender process failed.
    """
    tell: Callable[[str], None] = _ignore if arguments.json else console.emit
    target = _target(arguments)
    what = sent(arguments)
    _, sample = next(payload.samples(what))
    request = sample.to(target, None) if what.pictures else None
    where = arguments.server if arguments.api == "grpc" else target.server
    where = where or target.server or ""
    with Engine([endpoint_of(target)]) as engine:
        preflight = Preflight(
            caller=engine,
            clock=SystemClock(),
            index=0,
            name=target.model,
            target=target,
            address=where,
            pictures=bool(what.pictures),
        )
        said = preflight.check(console.say)
        if request is None:
            request = sample.to(target, preflight.signed(said))
        found = _begun(arguments, where, sample.name, request, pictures=bool(what.pictures))
        found = replace(found, notes=said.notes)
        tell("\n".join(report.opening(found)))
        first = first_inference(preflight, request.request, Expectations(None), said)
        found = replace(_with_first(found, first), notes=(*said.notes, *first.notes))
        if first.stand_in:
            tell(report.stand_in_line(found))
        tell(report.inference_line(0, found.first) if found.first else "")
        interrupted = False
        try:
            for number in range(1, arguments.count + 1):
                reply = preflight.ask(
                    Question(preflight.api.predict, request.request), target.deadline_ns
                )
                found = _with_next(found, reply, preflight, said)
                inference = found.rest[-1]
                if arguments.count <= MOST_LINES or not inference.ok:
                    tell(report.inference_line(number, inference))
        except KeyboardInterrupt:  # what is known is still worth showing
            interrupted = True
    tell("\n".join(report.closing(found)))
    if arguments.json:
        console.emit(json.dumps(report.document(found), indent=2, allow_nan=False))
    return console.SIGINT_STATUS if interrupted else 1 if found.failures else 0


def _begun(
    arguments: argparse.Namespace, server: str, name: str, request: Made, *, pictures: bool
) -> Prediction:
    """Return what is known before the first request is sent."""
    tensors = request.tensors
    width, height = _size(next(iter(tensors.values()))) if pictures else (0, 0)
    return Prediction(
        server=server,
        model=arguments.model,
        picture=name,
        width=width,
        height=height,
        request=", ".join(f"{info(each)} in {alias!r}" for alias, each in tensors.items()),
        request_bytes=len(request.request),
        min_score=arguments.min_score,
    )


def _range(array: Tensor) -> tuple[float, float] | None:
    """Return the least and the largest of an output's values; None of texts and of none."""
    if array.dtype.kind not in "fiubV" or array.size == 0:
        return None
    return float(array.min()), float(array.max())


def _ignore(_text: str) -> None:
    """Say nothing."""


# -- arguments ---------------------------------------------------------------------------------


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return int(text)


def _score(text: str) -> float:
    try:
        score = float(text)
    except ValueError:
        score = -1.0
    if not 0 <= score <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, got {text!r}")
    return score


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        # What was given may hold a secret: it is not repeated.
        raise argparse.ArgumentTypeError("expected KEY=VALUE")
    return key, value


def _time(text: object) -> object:
    """Return a time as it was given, once it is known to be one."""
    parse_duration(text)
    return text


def _target(arguments: argparse.Namespace) -> Target:
    files = {"ca": arguments.ca, "cert": arguments.cert, "key": arguments.key}
    named = {**files, "server_name": arguments.server_name}
    tls = {key: value for key, value in named.items() if value is not None}
    return _valid(
        Target,
        {
            "api": arguments.api,
            "body": arguments.body,
            "content_type": arguments.content_type,
            "accept": arguments.accept,
            "server": arguments.server or default_server(arguments.api),
            "authority": arguments.authority,
            "model": arguments.model,
            "signature": arguments.signature,
            "version": arguments.model_version,
            "version_label": arguments.version_label,
            "input": input_name(arguments),
            "deadline": arguments.deadline,
            "ready_within": arguments.ready_within,
            "metadata": dict(arguments.metadata),
            "tls": tls if tls or arguments.tls else None,
        },
    )


_OPTIONS = {"version": "--model-version", "images": "--image"}
"""By the key of a scenario: options that are not called like it."""


def _valid(form: type[F], values: dict[str, Any]) -> F:
    """Return the form filled with `values`, or say which arguments are wrong."""
    found, problems = filled(form, values, {"base": Path.cwd()})
    if found is None:
        raise ScenarioError("\n".join(f"{_option(each)}: {each.text}" for each in problems))
    return found


def _option(problem: Problem) -> str:
    """Return the option that a problem is with: that of the key, or of the key below `tls`."""
    keys = [key for key in problem.path if isinstance(key, str)] or ["?"]
    key = keys[1] if keys[0] == "tls" and len(keys) > 1 else keys[0]
    return _OPTIONS.get(key, f"--{key.replace('_', '-')}")


# -- answers -----------------------------------------------------------------------------------


def _with_first(found: Prediction, first: FirstInference) -> Prediction:
    status = Status.BAD_ANSWER if first.problem else Status.OK
    inference = Inference(status, first.problem or "", first.service_ns)
    found = replace(found, first=inference, stand_in=first.stand_in, version=first.version)
    return _with_answer(found, inference, first.outputs)


def _with_next(
    found: Prediction, reply: ReplyLike, preflight: Preflight, said: SelfDescription
) -> Prediction:
    service_ns = reply.done_ns - reply.sent_ns
    outputs: dict[str, Tensor] = {}
    status, detail = reply.status, reply.detail
    if status is Status.OK:
        try:
            answer = preflight.api.read(reply.response, outputs_of(said))
            outputs = answer.outputs
            problem = Expectations(None).check(outputs, unread=answer.unread)
        except ValueError as error:
            problem = str(error)
        if problem:
            status, detail = Status.BAD_ANSWER, problem
    inference = Inference(status, detail, service_ns)
    return _with_answer(replace(found, rest=(*found.rest, inference)), inference, outputs)


def _with_answer(found: Prediction, inference: Inference, outputs: dict[str, Tensor]) -> Prediction:
    """Note what an answer shows, if it is a good one."""
    if not inference.ok:
        return found
    detector = is_detector(outputs)
    return replace(
        found,
        detections=tuple(detections(outputs, found.min_score)) if detector else None,
        outputs={alias: str(info(array)) for alias, array in outputs.items()},
        ranges={alias: span for alias, array in outputs.items() if (span := _range(array))},
    )


def _size(tensor: Tensor) -> tuple[int, int]:
    """Return the picture's width and height."""
    if tensor.dtype == object:
        with Image.open(io.BytesIO(tensor[0])) as picture:
            return picture.size
    _, height, width, _ = tensor.shape
    return width, height
