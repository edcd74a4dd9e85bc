"""Reports that leave the machine: by HTTP, or printed into its log.

What it knows: where to, HTTP's PUT, what it takes to try again. What it must not know: what is in a
report, what becomes of it there. A pod's disk goes with the pod; what is delivered stays.

A URL that ends with a slash is a folder, to which each report goes under its own name; any other is
a file's, to which the run file goes alone (object stores sign one key): `eiload report` makes all
others of it. What is secret in a URL (user, password, query) is never shown.
"""

import base64
import http
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, quote, unquote, urlsplit

from eiload.base.console import emit, say
from eiload.base.errors import OutputError, ScenarioError
from eiload.record.block import block

__all__ = ["HEADERS", "STDOUT", "TYPES", "Delivery", "Way", "delivery_of", "put"]

STDOUT = "stdout"
"""What stands for the process's own standard output, where a URL could be."""

HEADERS = "EILOAD_REPORT_HEADERS"
"""Environment variable with more headers, one a line, ``Authorization: Bearer ...``."""

NAMES = {"json": "run.json", "html": "run.html", "markdown": "run.md", "junit": "junit.xml"}
"""What is delivered where no file was named, and what it is called."""

TYPES = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "markdown": "text/markdown; charset=utf-8",
    "junit": "application/xml",
    "csv": "text/csv; charset=utf-8",
    "hlog": "text/plain; charset=utf-8",
}

TIMEOUT_S = 10.0
PAUSES_S = (1.0, 4.0)
"""Before the second and the third attempt: a pod that is told to end has 30 s by default."""

AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that another attempt may better (RFC 9110, RFC 6585, RFC 8470)."""


class Way(NamedTuple):
    """What takes a report somewhere."""

    what: str
    """What it is called."""
    form: str
    """The form that it takes."""
    take: Callable[[str, str], object]
    """Takes a text there; of a form of several files (CSV) with each one's name before it."""


@dataclass
class Delivery:
    """Where the reports of one process's runs go to, beside files."""

    url: SplitResult | None = None
    stdout: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    _runs: int = 0

    def ways(self, reports: Mapping[str, Path]) -> Iterator[Way]:
        """Yield where to take which form of the next run's report; JUnit last.

        Args:
            reports: the files of this run, by form; without any, all forms are delivered.
        """
        self._runs += 1
        if self.stdout:
            yield Way(f"--report-to {STDOUT}", "json", lambda _, text: emit(block(text)))
        if self.url is None:
            return
        if not self.url.path.endswith("/"):
            yield self._to(self.url, "json")
            return
        for form in sorted(reports or NAMES, key=lambda form: form == "junit"):
            path = reports.get(form)
            name = path.name if path is not None else self._numbered(NAMES[form])
            name += "/" if form == "csv" else ""
            yield self._to(self.url._replace(path=self.url.path + quote(name)), form)

    def _numbered(self, name: str) -> str:
        path = Path(name)
        return name if self._runs == 1 else f"{path.stem}-{self._runs}{path.suffix}"

    def _to(self, url: SplitResult, form: str) -> Way:
        def send(name: str, text: str) -> None:
            there = url._replace(path=url.path + quote(name))
            put(there, text.encode("utf-8"), {"Content-Type": TYPES[form], **self.headers})
            say(f"the report is at {public(there)}")

        return Way(f"--report-to {public(url)}", form, send)


def delivery_of(text: str, environ: Mapping[str, str], *, stdout_taken: str = "") -> Delivery:
    """Return what ``--report-to`` asks for.

    Args:
        text: the option's; empty for nothing.
        environ: the environment.
        stdout_taken: an option that has standard output carry something else.

    Raises:
        ScenarioError: it is neither a URL of HTTP nor "stdout", or the headers are none.
    """
    if not text:
        return Delivery()
    if text == STDOUT:
        if stdout_taken:
            raise ScenarioError(
                f"--report-to {STDOUT} and {stdout_taken} both write standard output; "
                "give one of them another place"
            )
        return Delivery(stdout=True)
    try:
        url = urlsplit(text)
        good = url.scheme in {"http", "https"} and bool(url.hostname) and (url.port or 1) > 0
    except ValueError:  # a port that is none, half an IPv6 address
        good = False
    if not good or not text.isascii() or any(c.isspace() for c in text):
        # Nothing of it is shown: it may hold a password.
        raise ScenarioError(
            f"--report-to: no URL of HTTP; expected http://HOST/FOLDER/, https://... or {STDOUT}"
        )
    return Delivery(
        url=url._replace(path=url.path or "/"), headers=_headers(environ.get(HEADERS, ""))
    )


def _headers(text: str) -> dict[str, str]:
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        name, colon, value = line.partition(":")
        if not line.strip():
            continue
        if not colon or not name.strip() or not line.isascii() or not line.isprintable():
            raise ScenarioError(f"{HEADERS}: line {number} is no header; expected 'Name: value'")
        found[name.strip()] = value.strip()
    return found


def public(url: SplitResult) -> str:
    """Return a URL without what may be secret in it."""
    host = url.netloc.rpartition("@")[2]
    return f"{url.scheme}://{host}{url.path}{'?...' if url.query else ''}"


def put(
    url: SplitResult,
    data: bytes,
    headers: Mapping[str, str],
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Send data to a URL by PUT; again, if another attempt may help.

    Raises:
        OutputError: it was not taken.
    """
    user, at, host = url.netloc.rpartition("@")
    bare = url._replace(netloc=host, fragment="").geturl()
    sent = {"User-Agent": "eiload", **headers}
    if at:
        given = base64.b64encode(unquote(user).encode("utf-8")).decode("ascii")
        sent = {"Authorization": f"Basic {given}", **sent}
    for pause_s in (*PAUSES_S, None):
        request = urllib.request.Request(bare, data, sent, method="PUT")  # noqa: S310  # checked
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
                return
        except urllib.error.HTTPError as error:
            error.close()
            why, again = f"the server answers {_status(error.code)}", error.code in AGAIN
        except urllib.error.URLError as error:
            why, again = str(getattr(error.reason, "strerror", None) or error.reason), True
        except (OSError, http.client.HTTPException) as error:
            why, again = str(error) or type(error).__name__, True
        if not again or pause_s is None:
            raise OutputError(f"--report-to {public(url)}: not delivered: {why}")
        sleep(pause_s)


def _status(code: int) -> str:
    """Return an HTTP status in words that are not the server's."""
    try:
        return f"{code} {http.HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)
