"""Where OTLP's messages go, and when: one an interval, over HTTP, and the last one at the end.

What it knows: OpenTelemetry's environment variables (specification, protocol/exporter), HTTP by
`requests`. What it must not know: Locust, what the numbers are of.

A collector that is away costs one line. Nothing is lost by it: cumulative points count from the
beginning anyway, and points of differences count from the last that was taken.
"""

import importlib.util
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.errors import ScenarioError
from eiload.base.quantity import shown
from eiload.export.metrics import Moment, since

if TYPE_CHECKING:
    from eiload.export.otlp import Temporality

__all__ = ["Collector", "Settings", "settings"]

PATH = "/v1/metrics"
GRPC_PORT, HTTP_PORT = 4317, 4318

INTERVAL_NS = 10 * NS_PER_S
TIMEOUT_S = 5.0
"""How long a collector may take: a run's end waits for it twice at most."""

SAID_AT_MOST = 200

_HEADERS = ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_METRICS_HEADERS")
_CERTIFICATE = ("OTEL_EXPORTER_OTLP_CERTIFICATE", "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE")
_INTERVAL = "OTEL_METRIC_EXPORT_INTERVAL"
_RESOURCE, _SERVICE = "OTEL_RESOURCE_ATTRIBUTES", "OTEL_SERVICE_NAME"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the points go, and how."""

    url: str
    temporality: "Temporality"
    interval_ns: int = INTERVAL_NS
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    resource: Mapping[str, str] = field(default_factory=dict)
    certificate: str = ""
    """A file of roots that the collector's certificate is held against; empty for the usual."""


def settings(endpoint: str, temporality: str, environ: Mapping[str, str]) -> Settings:
    """Return what ``--otlp`` and the environment say.

    Raises:
        ScenarioError: the endpoint is none, a variable cannot be read, or the extra is missing.
    """
    found = Settings(
        _url(endpoint),
        "delta" if temporality == "delta" else "cumulative",
        _interval_ns(environ),
        {name.lower(): value for each in _HEADERS for name, value in _pairs(each, environ)},
        {
            "service.name": environ.get(_SERVICE) or "eiload",
            **dict(_pairs(_RESOURCE, environ)),
            **({"service.name": name} if (name := environ.get(_SERVICE)) else {}),
        },
        next((path for each in reversed(_CERTIFICATE) if (path := environ.get(each))), ""),
    )
    if not _has("opentelemetry.proto") or not _has("requests"):
        raise ScenarioError(
            "--otlp needs an extra that is not installed: pip install 'eiload[otel]'"
        )
    return found


def _has(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package that it would be in
        return False


def _url(endpoint: str) -> str:
    expected = (
        f"expected a collector's address for OTLP over HTTP, such as http://localhost:{HTTP_PORT}"
    )
    wrong = f"--otlp: {expected}, got {shown(endpoint)}"
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError as error:
        raise ScenarioError(wrong) from error
    if parts.username or parts.password:
        raise ScenarioError(
            f"--otlp: no password in an address, which is seen by many; {_HEADERS[0]} in the "
            "environment takes an authorization header"
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ScenarioError(wrong)
    if port == GRPC_PORT:
        raise ScenarioError(
            f"--otlp: port {GRPC_PORT} is a collector's for gRPC, and eiload speaks OTLP over "
            f"HTTP, for which it is {HTTP_PORT}"
        )
    path = parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path if path.endswith(PATH) else path + PATH}"


def _interval_ns(environ: Mapping[str, str]) -> int:
    text = environ.get(_INTERVAL, "")
    if not text:
        return INTERVAL_NS
    if not (text.isdigit() and text.isascii() and 100 <= int(text) <= 3_600_000):
        raise ScenarioError(f"{_INTERVAL}: expected ms from 100 to 3600000, got {shown(text)}")
    return int(text) * NS_PER_MS


def _pairs(variable: str, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what a variable says in the form ``name=value,name=value``, %-escaped.

    Raises:
        ScenarioError: it has another form; its text, which may be a secret, is not shown.
    """
    found = []
    for part in filter(str.strip, environ.get(variable, "").split(",")):
        name, equals, value = part.partition("=")
        if not name.strip() or not equals:
            raise ScenarioError(f"{variable}: expected name=value,name=value")
        found.append((name.strip(), unquote(value.strip())))
    return found


class Collector:
    """A collector, and what of one run it has taken.

    Args:
        given: where and how.
        version: eiload's.
        say: tells the user.
    """

    def __init__(
        self,
        given: Settings,
        version: str,
        say: Callable[[str], None],
    ) -> None:
        self._given = given
        self._version = version
        self._say = say
        self._taken: Moment | None = None
        self._due_ns = 0
        self._lock = threading.Lock()
        self._is_away = False
        self._has_refused = False

    def begin(self, now_ns: int) -> None:
        """Begin anew: a run begins."""
        self._taken = None
        self._due_ns = now_ns + self._given.interval_ns

    def is_due(self, now_ns: int) -> bool:
        """Tell whether an interval is over; then the next one begins."""
        if now_ns < self._due_ns or self._lock.locked():
            return False
        self._due_ns = now_ns + self._given.interval_ns
        return True

    def bring(self, moment: Moment, *, last: bool = False) -> None:
        """Bring it a moment's points; returns when it has taken them or has not.

        Args:
            moment: all metrics.
            last: the run is over.
        """
        from eiload.export.otlp import message, refused  # noqa: PLC0415  # the extra is needed

        with self._lock:
            delta = self._given.temporality == "delta"
            told = since(self._taken, moment) if delta else moment
            body = message(told, self._given.temporality, self._resource(), self._version)
            headers = {**self._given.headers, "content-type": "application/x-protobuf"}
            try:
                status, answer = _post(self._given.url, body, headers, self._given.certificate)
            except (OSError, ValueError) as error:  # what `requests` raises is one of them
                self._failed(_why(error), last=last)
                return
            if status >= 300:
                said = " ".join(answer[:SAID_AT_MOST].decode("utf-8", "replace").split())
                self._failed(f"status {status} {_printable(said)}".rstrip(), last=last)
                return
            self._taken = moment
            if self._is_away:
                self._is_away = False
                self._say("--otlp: the collector takes points again; none are missing")
            if (why := refused(answer)) and not self._has_refused:
                self._has_refused = True
                self._say(f"--otlp: {_printable(why)[:SAID_AT_MOST]}")

    def _resource(self) -> dict[str, str]:
        return {"service.version": self._version, **self._given.resource}

    def _failed(self, why: str, *, last: bool) -> None:
        if self._is_away:
            return
        self._is_away = True
        every_s = self._given.interval_ns / NS_PER_S
        then = (
            "the last points of this run are missing there"
            if last
            else f"the run goes on, and they are tried again every {every_s:g} s"
        )
        self._say(f"--otlp {self._given.url}: points were not taken ({why}); {then}")


def _post(url: str, body: bytes, headers: Mapping[str, str], certificate: str) -> tuple[int, bytes]:
    import requests  # noqa: PLC0415  # with the extra only

    answer = requests.post(
        url, body, headers=dict(headers), timeout=TIMEOUT_S, verify=certificate or True,
        allow_redirects=False,
    )  # fmt: skip
    return answer.status_code, answer.content


def _why(error: Exception) -> str:
    """Return the innermost reason, in a line."""
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
    text = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    return _printable(" ".join(text.split()))[:SAID_AT_MOST] or type(error).__name__


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
