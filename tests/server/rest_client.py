"""A plain HTTP client for the REST port."""

import json
import urllib.error
import urllib.request
from typing import Any, NamedTuple

from eiload.server.launch import StandInProcess

__all__ = ["Got", "fetched", "scraped"]


class Got(NamedTuple):
    """An answer."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        """Return its body as data."""
        return json.loads(self.text)


def fetched(process: StandInProcess, path: str, document: object = None) -> Got:
    """Return the answer to a GET, or to a POST of a document (or of bytes as they are)."""
    data = document if isinstance(document, bytes | None) else json.dumps(document).encode()
    asked = urllib.request.Request(f"http://{process.rest_address}{path}", data)
    try:
        with urllib.request.urlopen(asked, timeout=90) as answered:
            return Got(answered.status, dict(answered.headers), answered.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return Got(error.code, dict(error.headers), error.read().decode())


def scraped(process: StandInProcess) -> dict[str, float]:
    """Return all metrics, by name and labels as they stand."""
    text = fetched(process, "/monitoring/prometheus/metrics").text
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}
