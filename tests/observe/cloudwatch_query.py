"""AWS's Query protocol, which botocore 1.37 speaks to CloudWatch: a form asks, XML answers."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

_NAMESPACE = "http://monitoring.amazonaws.com/doc/2010-08-01/"


def read(body: bytes) -> tuple[str, dict[str, Any]]:
    """Return what a form asks: the operation, and its members as in JSON (times in s)."""
    asked: dict[str, Any] = {}
    for name, value in parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True):
        *path, last = name.split(".")
        into = asked
        for step in path:
            into = into.setdefault(step, {})
        into[last] = datetime.fromisoformat(value).timestamp() if last.endswith("Time") else value
    return asked.pop("Action"), _lists(asked)


def _lists(value: Any) -> Any:
    """Make lists of what is counted: ``{"member": {"1": a, "2": b}}``."""
    if not isinstance(value, dict):
        return value
    if value.keys() == {"member"}:
        counted = sorted(value["member"].items(), key=lambda item: int(item[0]))
        return [_lists(each) for _, each in counted]
    return {name: _lists(each) for name, each in value.items()}


def written(operation: str, answer: dict[str, Any]) -> bytes:
    """Return an answer that JSON would say as XML."""
    return (
        f'<{operation}Response xmlns="{_NAMESPACE}"><{operation}Result>{_xml(answer)}'
        f"</{operation}Result><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
        f"</{operation}Response>"
    ).encode()


def refused(code: str, message: str) -> bytes:
    """Return an error as XML."""
    error = {"Error": {"Type": "Sender", "Code": code, "Message": message}, "RequestId": "1"}
    return f'<ErrorResponse xmlns="{_NAMESPACE}">{_xml(error)}</ErrorResponse>'.encode()


def _xml(value: Any, name: str = "") -> str:
    """Return a value's content, each item of a list a ``member``; `name` is its element's."""
    match value:
        case dict():
            return "".join(f"<{key}>{_xml(each, key)}</{key}>" for key, each in value.items())
        case list():
            return "".join(f"<member>{_xml(each, name)}</member>" for each in value)
        case int() if name == "Timestamps":
            return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case _:
            return escape(str(value))
