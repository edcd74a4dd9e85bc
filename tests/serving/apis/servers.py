"""Servers over HTTP for the tests of this folder: real ones, and those that say what they are told.

And the questions to them by a real sender.
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

from eiload.base.clock import NS_PER_S, ManualClock
from eiload.scenario import Target
from eiload.sending.engine import Engine
from eiload.serving.endpoint import endpoint_of
from eiload.serving.preflight import Preflight
from tests.http_servers import Handler, serving


class Said(NamedTuple):
    """An answer."""

    code: int
    content: bytes = b""
    content_type: str = "application/json"
    error: str = ""
    """As AWS's services name it; empty for none."""


class Asked(NamedTuple):
    """A request."""

    path: str
    fields: Mapping[str, str]
    content: bytes


Answers = Callable[[Asked], Said]


@contextlib.contextmanager
def saying(answers: Answers) -> Iterator[str]:
    """Serve; yield ``127.0.0.1:PORT``. Paths are ``GET /x`` and ``/x``."""

    class Answering(Handler):
        protocol_version = "HTTP/1.1"
        wbufsize: ClassVar = -1  # head and content in one write

        def do_GET(self) -> None:  # noqa: N802  # the library's name
            self._answer(f"GET {self.path}")

        def do_POST(self) -> None:  # noqa: N802  # the library's name
            self._answer(self.path)

        def _answer(self, path: str) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            said = answers(Asked(path, dict(self.headers), content))
            error = {"x_amzn_ErrorType": said.error} if said.error else {}
            self.say(said.code, said.content, Content_Type=said.content_type, **error)

    with serving(Answering) as port:
        yield f"127.0.0.1:{port}"


def half_plus_two(asked: Asked) -> Said:
    """Answer as TensorFlow Serving's REST does for half_plus_two, one number in a row."""
    root = "/v1/models/half_plus_two"
    x = {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": "-1"}], "unknown_rank": False}}
    signature = {"inputs": {"x": x}, "outputs": {"y": x}}
    match asked.path:
        case path if path == f"GET {root}":
            return _json({"model_version_status": [{"version": "7", "state": "AVAILABLE"}]})
        case path if path == f"GET {root}/metadata":
            known = {"signature_def": {"signature_def": {"serving_default": signature}}}
            return _json({"model_spec": {"name": "half_plus_two"}, "metadata": known})
        case path if path == f"{root}:predict":
            rows = json.loads(asked.content).get("instances")
            if not rows or not all(isinstance(row, float | int) for row in rows):
                return Said(400, b'{ "error": "JSON Value: not a number" }')
            return _json({"predictions": [row / 2 + 2 for row in rows]})
    return Said(404, b'{ "error": "Servable not found for request: Latest(other)" }')


def _json(document: object) -> Said:
    return Said(200, json.dumps(document, indent=1).encode())


@contextlib.contextmanager
def asking(address: str, **settings: Any) -> Iterator[Preflight]:
    """Yield the questions to a server, by a sender of its own."""
    target = Target.model_validate({"server": address, "model": "ssd"} | settings)
    with Engine([endpoint_of(target)]) as engine:
        yield Preflight(
            caller=engine,
            clock=ManualClock(),
            index=0,
            name="rest",
            target=target,
            address=target.server or "",
            patience_ns=60 * NS_PER_S,
        )
