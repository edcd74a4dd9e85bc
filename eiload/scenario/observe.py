"""What is observed beside the load: pages of metrics, a GPU, the host; where they are.

``metrics`` names pages in Prometheus' text format. What a page is of (TensorFlow Serving, OpenVINO
Model Server, DCGM's exporter, node_exporter) is seen by its names and need not be said. A short
form has the path that the port is known for, and ``:8501`` the host of the target's server.

Nothing here knows how anything is read (`eiload.observe`).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from eiload.base.near import nearest
from eiload.base.quantity import shown
from eiload.base.units import parse_duration
from eiload.scenario.fields import Text, YesNo, duration
from eiload.scenario.form import Form
from eiload.scenario.problem import Problem

__all__ = ["STAND_IN", "Observe", "without_a_stand_in"]

STAND_IN = "stand-in"
"""Instead of an address: the target's stand-in's own page, or its emulated GPU."""

PATHS = {9400: "/metrics", 9100: "/metrics"}
"""Where exporters have their page: DCGM's (pkg/cmd/app.go), node_exporter (README)."""

SERVING_PATH = "/monitoring/prometheus/metrics"
"""TensorFlow Serving's, if its monitoring configuration names none (serving_config.md)."""

PAGES_AT_MOST = 16

EXAMPLE = "http://HOST:8501" + SERVING_PATH

_SHORT = re.compile(r"(?P<host>[A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")
_REMOTE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@:%\[\]-]*")
"""What ssh is given as its destination; what begins with a dash would be an option."""

_GPUS = ("nvml", "command", "ssh user@host", STAND_IN)


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _page(text: str) -> str:
    """Return a page's address in full; of a short one without a host what was written.

    Raises:
        ValueError: it is none.
    """
    if text == STAND_IN:
        return text
    short = _SHORT.fullmatch(text)
    if short is not None:
        port = int(short["port"])
        if not 1 <= port <= 65535:
            raise ValueError(f"not a port, got {shown(text)}; expected one from 1 to 65535")
        return f"http://{text}{_path(port)}" if short["host"] else text
    if text.startswith(("http://", "https://")):
        return _url(text)
    hint = nearest(text, (STAND_IN,))
    raise ValueError(
        f"not a page of metrics, got {shown(text)}; expected such as {EXAMPLE!r}, ':8501' or, of a "
        f"stand-in, {STAND_IN!r}{hint}"
    )


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(
            f"not an address, got {shown(text)}; expected such as {EXAMPLE!r}"
        ) from None
    if not parts.hostname or port == 0:
        raise ValueError(f"not an address, got {shown(text)}; expected such as {EXAMPLE!r}")
    if parts.username is not None:
        raise ValueError(
            f"a user in the address, got one for {shown(parts.hostname)}; expected none"
        )
    if parts.path in {"", "/"} and not parts.query:
        return f"{parts.scheme}://{parts.netloc}{_path(port)}"
    return text


def _path(port: int | None) -> str:
    return PATHS.get(port or 0, SERVING_PATH)


def _gpu(text: str) -> str:
    """Return where a GPU's numbers are from.

    Raises:
        ValueError: nowhere that is known.
    """
    word, _, rest = text.strip().partition(" ")
    rest = rest.strip()
    if word == "ssh":
        if not _REMOTE.fullmatch(rest):
            raise ValueError(f"whom to ask, got {shown(text)}; expected such as 'ssh user@host'")
        return f"ssh {rest}"
    if word == "command" or (word in {"nvml", STAND_IN} and not rest):
        return f"{word} {rest}".strip()
    raise ValueError(
        f"not a source of a GPU's numbers, got {shown(text)}; expected 'nvml' (the library, on "
        f"this machine), 'ssh user@host' or 'command' (nvidia-smi there, or here) or, of a "
        f"stand-in, {STAND_IN!r}{nearest(word, _GPUS)}"
    )


class Observe(Form):
    """What is read once a second while the load is on, by the master; it sends no requests."""

    metrics: Annotated[
        tuple[Annotated[Text, AfterValidator(_page)], ...],
        BeforeValidator(_listed, json_schema_input_type=str | list[str]),
        Field(strict=False, max_length=PAGES_AT_MOST),
    ] = Field(
        default=(),
        description="pages in Prometheus' text format: TensorFlow Serving's, OpenVINO Model "
        "Server's, DCGM exporter's, node_exporter's; each replica's own, where there are several",
        examples=[EXAMPLE, ":8501", ["http://HOST:8501", "http://HOST:9400/metrics"]],
    )
    gpu: Annotated[Text, AfterValidator(_gpu)] | None = Field(
        default=None,
        description="where a GPU's use, power and clocks are from: 'nvml' on this machine (extra "
        "eiload[gpu]); nvidia-smi on another, 'ssh user@host', or below a command, 'command "
        "docker exec NAME'; or 'stand-in'",
        examples=["nvml", "ssh user@host"],
    )
    host: Literal["local"] | None = Field(
        default=None, description="'local': the server is on the master's machine; its CPU counts"
    )
    cloudwatch_ns: Annotated[int, duration("0 s", "30 min", example="3 min")] | None = Field(
        default=None,
        validation_alias="cloudwatch",
        serialization_alias="cloudwatch",
        description="of a SageMaker endpoint: ask CloudWatch for its ModelLatency and "
        "OverheadLatency after the load, and wait so long for its last minutes to come",
    )
    every_ns: Annotated[int, duration("200 ms", "1 min", example="1 s")] = Field(
        default=parse_duration("1 s"),
        validation_alias="every",
        serialization_alias="every",
        description="how often it is looked at",
    )
    required: YesNo = Field(
        default=False, description="without it there is no run; else it is said, and left out"
    )

    def pages(self, server: str, own: str | None = None) -> tuple[str, ...]:
        """Return the addresses of all pages.

        Args:
            server: the target's server, as gRPC takes it.
            own: ``host:port`` of the stand-in's page, where the target has one.
        """
        return tuple(self._whole(each, server, own) for each in self.metrics)

    @staticmethod
    def _whole(page: str, server: str, own: str | None) -> str:
        if page == STAND_IN:
            return f"http://{own}{SERVING_PATH}"
        if page.startswith(":"):
            return f"http://{_host_of(server)}{page}{_path(int(page[1:]))}"
        return page

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield that there is nothing to observe."""
        wanted = any(given.get(key) for key in ("metrics", "gpu", "host"))
        if not wanted and given.get("cloudwatch") is None:
            yield Problem((), "nothing to observe; expected 'metrics:', 'gpu:' or 'host: local'")


def _host_of(server: str) -> str:
    """Return the host of a server's address as gRPC takes it; of several the first."""
    kind, colon, rest = server.partition(":")
    if colon and kind in {"dns", "ipv4", "ipv6"}:
        server = rest.rpartition("/")[2].split(",")[0]
    return server.rpartition(":")[0]


def without_a_stand_in(given: object, server: object) -> Iterator[Problem]:
    """Yield what an `observe:` wants of a target that is not there.

    Args:
        given: what was given as `observe`, however wrong it may be.
        server: the target's server likewise; None of a stand-in.
    """
    if isinstance(given, Observe):
        given = given.model_dump(by_alias=True)
    if not isinstance(given, Mapping):
        return
    metrics, gpu = _listed(given.get("metrics")), given.get("gpu")
    pages = metrics if isinstance(metrics, list | tuple) else ()
    for index, page in enumerate(pages):
        where = ("metrics",) if len(pages) == 1 else ("metrics", index)
        if page == STAND_IN and server is not None:
            yield Problem(where, f"{STAND_IN!r} of what; expected the address of a page")
        if not isinstance(page, str) or not page.startswith(":"):
            continue
        if server is None:
            yield Problem(where, f"a stand-in chooses its port; expected {STAND_IN!r}")
        elif isinstance(server, str) and server.startswith("unix"):
            yield Problem(where, f"a socket has no host, got {shown(page)}; expected 'host:port'")
    if gpu == STAND_IN and server is not None:
        yield Problem(("gpu",), f"{STAND_IN!r} of what; expected 'nvml', 'ssh user@host' ...")
