"""answer: what HTTP says, in the sender's statuses."""

import json

import pytest

from eiload.base.status import Status
from eiload.sending.http1.answer import Answer, ErrorNames, status_of


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (301, "UNKNOWN"), (400, "INVALID_ARGUMENT"), (401, "UNAUTHENTICATED"),
        (403, "PERMISSION_DENIED"), (404, "NOT_FOUND"), (405, "UNIMPLEMENTED"),
        (408, "DEADLINE_EXCEEDED"), (413, "RESOURCE_EXHAUSTED"), (415, "INVALID_ARGUMENT"),
        (418, "FAILED_PRECONDITION"), (424, "FAILED_PRECONDITION"), (429, "RESOURCE_EXHAUSTED"),
        (500, "INTERNAL"), (501, "UNIMPLEMENTED"), (502, "UNAVAILABLE"), (503, "UNAVAILABLE"),
        (504, "DEADLINE_EXCEEDED"), (507, "RESOURCE_EXHAUSTED"), (530, "INTERNAL"),
    ],
)  # fmt: skip
def test_codes_stand_for_statuses(code: int, status: str) -> None:
    """As gRPC's services map them to HTTP, the other way round."""
    assert status_of(code) is Status[status]


def said(code: int, content: bytes, *pairs: tuple[bytes, bytes]) -> str:
    """Return the detail of an answer."""
    return Answer(code, pairs, content).status()[1]


@pytest.mark.parametrize(
    ("code", "content", "detail"),
    [
        (200, b"anything", ""),
        (204, b"", ""),
        (400, b'{"error": "no input x"}', "HTTP 400: no input x"),
        (503, b'{\n "message": "No worker\\n is there"}', "HTTP 503: No worker is there"),
        (400, b'{"message": null}', "HTTP 400"),
        (400, b'{"error": {"code": 3}}', "HTTP 400"),
        (500, b"a traceback\n  line 2", "HTTP 500: a traceback line 2"),
        (500, b"", "HTTP 500"),
        (500, b"{not json", "HTTP 500: {not json"),
        (500, b"[" * 100_000, f"HTTP 500: {'[' * 1024}"),
    ],
)
def test_details_have_the_code_and_the_words(code: int, content: bytes, detail: str) -> None:
    """Those of a JSON error, else how it begins."""
    assert said(code, content) == detail


def test_pages_are_not_quoted() -> None:
    """A proxy's page is no sentence; who made it is."""
    page = b"<html><h1>413</h1></html>"
    assert said(413, page, (b"server", b"nginx/1.25")) == "HTTP 413: a page, by nginx/1.25"
    assert said(413, page) == "HTTP 413: a page"


def test_redirections_are_not_followed() -> None:
    """Where to is told."""
    detail = said(307, b"", (b"location", b"https://elsewhere/"))
    assert detail == "HTTP 307: it sends elsewhere, to https://elsewhere/"


NAMES = ErrorNames("x-amzn-errortype", {"ThrottlingException": Status.RESOURCE_EXHAUSTED})


def test_services_name_their_errors() -> None:
    """The name comes before the code where it is known, and is told where it is not."""
    body = b'{"message": "Rate exceeded"}'
    named = (b"x-amzn-errortype", b"ThrottlingException:http://internal/")
    found = Answer(400, (named,), body).status(NAMES)
    assert found == (Status.RESOURCE_EXHAUSTED, "HTTP 400 ThrottlingException: Rate exceeded")
    other = Answer(400, ((b"x-amzn-errortype", b"ValidationError"),), body).status(NAMES)
    assert other == (Status.INVALID_ARGUMENT, "HTTP 400 ValidationError: Rate exceeded")


@pytest.mark.parametrize(
    ("original", "status"),
    [(415, "INVALID_ARGUMENT"), (500, "INTERNAL"), (0, "DEADLINE_EXCEEDED")],
)
def test_the_containers_own_status_counts(original: int, status: str) -> None:
    """SageMaker's ModelError has the status that the container answered."""
    content = {"OriginalStatusCode": original, "OriginalMessage": "no such type", "Message": "x"}
    found = Answer(424, (), json.dumps(content).encode()).status()
    assert found == (Status[status], f"HTTP 424 (the container's: {original}): no such type")
