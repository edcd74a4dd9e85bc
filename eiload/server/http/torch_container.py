"""SageMaker's PyTorch container: multi-model-server in front of the inference toolkit.

Two faces of one port: what the server says by itself (health, limits, unknown paths: awslabs/
multi-model-server, its error documents), and what comes out of the toolkit's Python, where
everything that is raised is HTTP 500 with a text and a traceback (aws/sagemaker-inference-toolkit,
transformer.py). Who computes is a `Worker`'s affair: emulated, or TorchScript.
"""

import json
from typing import Protocol

from eiload.server.http.codecs import JSON
from eiload.server.http.exchange import TEXT, Answer, Asked, Ended

__all__ = [
    "LARGEST_BYTES",
    "NO_WORKER",
    "QUEUE",
    "Model",
    "TorchContainer",
    "raised",
    "server_error",
]

QUEUE = 100
"""Jobs that may wait for a worker (multi-model-server's job_queue_size)."""

LARGEST_BYTES = 6_553_500
"""Of a request's body (max_request_size)."""

NO_WORKER = "No worker is available to serve request for model: {}"


class Model(Protocol):
    """What computes behind the container."""

    def __call__(
        self, body: bytes, content_type: str, accept: str, arrival_ns: int, ended: Ended
    ) -> None:
        """Answer an invocation, now or later, on the event loop, or never if it hangs."""
        ...


class TorchContainer:
    """What is answered on port 8080."""

    def __init__(self, model: Model, *, accept: str = JSON) -> None:
        """Make one.

        Args:
            model: what computes.
            accept: what is answered if nobody says (SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT).
        """
        self._model = model
        self._accept = accept

    def __call__(self, asked: Asked, ended: Ended) -> None:
        """Answer a request."""
        if asked.path == "/ping":
            ended(Answer(200, json.dumps({"status": "Healthy"}, indent=2).encode()))
        elif asked.path != "/invocations":
            ended(
                server_error(
                    404,
                    "ResourceNotFoundException",
                    "Requested resource is not found, please refer to API document.",
                )
            )
        elif asked.method != "POST":
            ended(
                server_error(
                    405,
                    "MethodNotAllowedException",
                    "Requested method is not allowed, please refer to API document.",
                )
            )
        elif len(asked.body) > LARGEST_BYTES:
            ended(
                server_error(
                    413,
                    "RequestEntityTooLargeException",
                    f"Request entity larger than {LARGEST_BYTES} bytes.",
                )
            )
        else:
            accept = asked.headers.get("accept", "")
            self._model(
                asked.body,
                asked.headers.get("content-type", JSON),
                self._accept if accept in {"", "*/*"} else accept,
                asked.arrival_ns,
                ended,
            )


def server_error(status: int, kind: str, text: str) -> Answer:
    """Return an error of the server's own."""
    document = {"code": status, "type": kind, "message": text}
    return Answer(status, json.dumps(document, indent=2).encode())


def raised(text: str, trace: str, status: int = 500) -> Answer:
    """Return what comes of an exception: its text and where it was raised."""
    return Answer(status, f"{text}\n{trace}".encode(), TEXT)
