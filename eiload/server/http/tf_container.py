"""SageMaker's TensorFlow container: nginx and its script in front of TensorFlow Serving's REST.

What it takes and answers is aws/sagemaker-tensorflow-serving-container's (docker/build_artifacts/
sagemaker: nginx.conf, tensorflowServing.js, python_service.py). Without an inference.py a content
type has to be, letter by letter, one of four, or it is 415: ``application/json; charset=utf-8`` is
none. With one (`handler`), what it does not take is whatever its Python raises: 500. The stand-in's
takes pictures and .npy beside what the container takes by itself, as the usual examples do.
"""

import io
import json
import re
from collections.abc import Mapping

import numpy as np

from eiload.base.quantity import is_number
from eiload.base.status import Status
from eiload.server.http.exchange import JSON, Answer, Asked, Ended, stated
from eiload.server.http.predict import JsonPredict, Named, Read, Told, of_json
from eiload.server.model import Rejection
from eiload.server.rest import HTTP, INDENT
from eiload.server.service import Service
from eiload.serving.tfserving import DEFAULT_SIGNATURE, Signature, predict_request

__all__ = ["ATTRIBUTES", "PICTURES", "TensorFlowContainer"]

ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"

CSV = "text/csv"
LINES = ("application/jsonlines", "application/jsons")
NPY = "application/x-npy"
PICTURES = ("application/x-image", "image/jpeg", "image/png")

_IS_PREDICT = re.compile(rb'"(?:instances|inputs|examples)"\s*:')
_MANY = re.compile(rb"\}\s*\{")
_ROWS = re.compile(rb"\s*\[\s*\[")
_SUMMARY = 4096
"""How far into a body its keys are looked for first: pixels are long."""


class TensorFlowContainer:
    """What is answered on port 8080."""

    def __init__(self, service: Service, predict: JsonPredict, *, handler: bool) -> None:
        """Make one.

        Args:
            service: TensorFlow Serving in the container.
            predict: its Predict in JSON.
            handler: whether the model came with an inference.py.
        """
        self._service = service
        self._predict = predict
        self._readers = {JSON: _json, CSV: _csv, **dict.fromkeys(LINES, _lines)}
        self._handler = handler
        if handler:
            self._readers |= {NPY: _npy, **dict.fromkeys(PICTURES, _picture)}

    def __call__(self, asked: Asked, ended: Ended) -> None:
        """Answer a request."""
        if asked.path == "/ping":
            ended(Answer(200 if self._service.latest is not None else 502))
        elif asked.path == "/invocations":
            self._invoke(asked, ended)
        else:
            ended(stated(404, "Not Found"))

    def _invoke(self, asked: Asked, ended: Ended) -> None:
        content_type = asked.headers.get("content-type", "")
        reader = self._readers.get(content_type)
        if reader is None:
            text = f"Unsupported Media Type: {content_type or 'Unknown'}"
            # What Python raises is a 500, whatever was meant.
            ended(stated(500 if self._handler else 415, text))
            return
        attributes = _attributes(asked.headers.get(ATTRIBUTES, ""))
        method = attributes.get("tfs-method", "predict")
        if method != "predict":
            ended(stated(501, f"the stand-in does not serve {method}", indent=INDENT))
            return
        version = attributes.get("tfs-model-version", "")
        named = Named(
            attributes.get("tfs-model-name", self._service.name),
            int(version) if version.isdecimal() and len(version) < 19 else None,
        )
        accept = asked.headers.get("accept", "")

        def told(outcome: Told) -> None:
            ended(_answered(outcome, accept))

        self._predict(named, asked.body, asked.arrival_ns, told, reader)


def _answered(told: Told, accept: str) -> Answer:
    """Return the answer; who asks for JSON by name gets it on one line, called as they call it."""
    wanted = accept.replace(" ", "").split(",")
    by_name = JSON in wanted or LINES[0] in wanted
    if told.status is not Status.OK:
        error = stated(HTTP[told.status], told.text, indent=INDENT)
        status, text = error.status, error.body.decode()
    else:
        status, text = 200, told.text
    if by_name:
        text = text.replace("\n", "")
    kind = wanted[0] if by_name else JSON
    return Answer(status, text.encode(), kind, server_ns=told.server_ns)


def _attributes(text: str) -> dict[str, str]:
    """Return custom attributes: ``tfs-model-name=a,tfs-method=predict``."""
    pairs = (each.partition("=") for each in text.split(","))
    return {name.strip(): value.strip() for name, _, value in pairs if value}


def _json(named: Named, body: bytes, signatures: Mapping[str, Signature]) -> Read:
    """Read JSON: TensorFlow Serving's own, or rows without a frame."""
    if _IS_PREDICT.search(body, 0, _SUMMARY) or _IS_PREDICT.search(body):
        return of_json(named, body, signatures)
    if _MANY.search(body):
        return _lines(named, body, signatures)
    rows = body if _ROWS.match(body) else b"[" + body + b"]"
    return of_json(named, b'{"instances":' + rows + b"}", signatures)


def _lines(named: Named, body: bytes, signatures: Mapping[str, Signature]) -> Read:
    """Read an example a line."""
    rows = [line.strip() for line in body.splitlines() if line.strip()]
    if len(rows) == 1 and _IS_PREDICT.search(rows[0]):
        return of_json(named, rows[0], signatures)
    return of_json(named, b'{"instances":[' + b",".join(rows) + b"]}", signatures)


def _csv(named: Named, body: bytes, signatures: Mapping[str, Signature]) -> Read:
    """Read an example a line: numbers, or texts if the first of all is none."""
    lines = [line.strip() for line in body.decode("utf-8", "replace").splitlines()]
    rows = [[cell.strip() for cell in line.split(",")] for line in lines if line]
    if rows and is_number(rows[0][0]):
        text = ",".join(f"[{','.join(row)}]" for row in rows)
    else:
        text = ",".join(json.dumps([cell.strip('"') for cell in row]) for row in rows)
    return of_json(named, f'{{"instances":[{text}]}}'.encode(), signatures)


def _npy(named: Named, body: bytes, signatures: Mapping[str, Signature]) -> Read:
    """Read .npy, as the stand-in's inference.py does."""
    try:
        array = np.load(io.BytesIO(body), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise Rejection(Status.INTERNAL, str(error)) from None
    return _of_array(named, array, signatures)


def _picture(named: Named, body: bytes, signatures: Mapping[str, Signature]) -> Read:
    """Read a picture's file, as the stand-in's inference.py does: on to a model that decodes."""
    array = np.empty(1, dtype=object)
    array[0] = body
    return _of_array(named, array, signatures)


def _of_array(named: Named, array: "np.ndarray", signatures: Mapping[str, Signature]) -> Read:
    aliases = list(signatures[DEFAULT_SIGNATURE].inputs) if DEFAULT_SIGNATURE in signatures else []
    if len(aliases) != 1:
        raise Rejection(
            Status.INVALID_ARGUMENT,
            f"instances is a plain list, but expecting list of objects as there are {len(aliases)} "
            "inputs",
        )
    request = predict_request(
        named.model, {aliases[0]: array}, version=named.version, version_label=named.label
    )
    return Read(request, "row")
