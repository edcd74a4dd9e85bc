"""Reports that leave the machine: over real HTTP, and printed."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from eiload.base.errors import OutputError, ScenarioError
from eiload.plugin import options
from eiload.plugin.delivery import HEADERS, TYPES, Delivery, delivery_of, put
from eiload.record.block import text_of


class Shelf(http.server.ThreadingHTTPServer):
    """Takes what is put, and answers with one status after the other; the last holds."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taker)
        self.statuses = [201]
        self.taken: dict[str, bytes] = {}
        self.headers: list[dict[str, str]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Taker(http.server.BaseHTTPRequestHandler):
    """Answers one request."""

    server: Shelf

    def do_PUT(self) -> None:
        """Take a body."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        statuses = self.server.statuses
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        self.server.headers.append(dict(self.headers))
        if status == 201:
            self.server.taken[self.path] = body
        self.send_response(status, "\x1b[31mhostile")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    """Return a server of HTTP; nothing goes over a proxy of this machine's."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Shelf() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield server
        server.shutdown()


def deliver(delivery: Delivery, reports: dict[str, Path] | None = None) -> list[str]:
    """Take a text for each form where it goes; return the forms."""
    forms = []
    for way in delivery.ways(reports or {}):
        way.take("", f"<{way.form}>")
        forms.append(way.form)
    return forms


def test_below_a_folder(shelf: Shelf, capsys: pytest.CaptureFixture[str]) -> None:
    """All forms, JUnit last; each run's under other names; where they are is said."""
    delivery = delivery_of(f"{shelf.url}/ci/7/", {})
    assert deliver(delivery)[-1] == "junit"
    names = ["junit.xml", "run.html", "run.json", "run.md"]
    assert sorted(shelf.taken) == [f"/ci/7/{name}" for name in names]
    assert shelf.taken["/ci/7/run.md"] == b"<markdown>"
    assert f"eiload: the report is at {shelf.url}/ci/7/run.html" in capsys.readouterr().err
    shelf.taken.clear()
    deliver(delivery)
    assert sorted(shelf.taken) == [f"/ci/7/{name.replace('.', '-2.')}" for name in names]


def test_what_is_in_files_goes_under_their_names(shelf: Shelf) -> None:
    """And no other form: who has asked for files has said which."""
    reports = {"junit": Path("out/TEST load.xml"), "json": Path("mine.json")}
    assert deliver(delivery_of(f"{shelf.url}/", {}), reports) == ["json", "junit"]
    assert sorted(shelf.taken) == ["/TEST%20load.xml", "/mine.json"]


def test_tables_are_a_folder(shelf: Shelf) -> None:
    """As they are in files."""
    (way,) = delivery_of(f"{shelf.url}/ci/", {}).ways({"csv": Path("out/tables")})
    way.take("seconds.csv", "s")
    way.take("percentiles.csv", "p")
    assert shelf.taken == {"/ci/tables/seconds.csv": b"s", "/ci/tables/percentiles.csv": b"p"}
    assert shelf.headers[-1]["Content-Type"].startswith("text/csv")


def test_a_file_gets_the_run_alone(shelf: Shelf, capsys: pytest.CaptureFixture[str]) -> None:
    """A signed URL is of one key; what signs it is sent, and not shown."""
    assert deliver(delivery_of(f"{shelf.url}/key?signature=s3cret", {})) == ["json"]
    assert shelf.taken == {"/key?signature=s3cret": b"<json>"}
    assert "s3cret" not in capsys.readouterr().err


def test_who_we_are(shelf: Shelf) -> None:
    """By the URL's user, or by headers from the environment."""
    deliver(delivery_of(f"http://me:s%20t@{urlsplit(shelf.url).netloc}/x", {}))
    assert shelf.headers[-1]["Authorization"] == "Basic bWU6cyB0"
    environ = {HEADERS: "Authorization: Bearer abc\nx-ms-blob-type: BlockBlob\n\n"}
    deliver(delivery_of(f"{shelf.url}/x", environ))
    assert shelf.headers[-1]["Authorization"] == "Bearer abc"
    assert shelf.headers[-1]["x-ms-blob-type".title()] == "BlockBlob"
    assert shelf.headers[-1]["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("statuses", "pauses", "why"),
    [
        ([503, 201], 1, ""),
        ([503, 429, 201], 2, ""),
        ([503], 2, "the server answers 503 Service Unavailable"),
        ([403], 0, "the server answers 403 Forbidden"),
        ([307], 0, "the server answers 307 Temporary Redirect"),
    ],
)
def test_again(shelf: Shelf, statuses: list[int], pauses: int, why: str) -> None:
    """Where another attempt may help; what the server says of itself is not repeated."""
    shelf.statuses = statuses
    slept: list[float] = []
    url = urlsplit(f"http://me:s3cret@{urlsplit(shelf.url).netloc}/x?sig=s3cret")
    try:
        put(url, b"text", {}, sleep=slept.append)
        told = ""
    except OutputError as error:
        told = str(error)
    assert len(slept) == pauses
    assert told == (why and f"--report-to {shelf.url}/x?...: not delivered: {why}")


def test_nobody_there() -> None:
    """That is told in a line, after three attempts."""
    slept: list[float] = []
    with pytest.raises(OutputError, match="not delivered: Connection refused"):
        put(urlsplit("http://127.0.0.1:1/x"), b"", {}, sleep=slept.append)
    assert len(slept) == 2


def test_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The run file, as lines that a log keeps apart from others."""
    assert deliver(delivery_of("stdout", {})) == ["json"]
    assert text_of(capsys.readouterr().out) == "<json>"


@pytest.mark.parametrize(
    "text",
    [
        "ftp://h/",
        "host/folder/",
        "http://",
        "http://h:99999/",
        "http://[::1/",
        "http://h/a b",
        "-",
    ],
)
def test_no_place(text: str) -> None:
    """It is refused before the load, with what would be one; passwords are not shown."""
    with pytest.raises(ScenarioError, match=r"--report-to: no URL of HTTP; expected http://HOST"):
        delivery_of(text, {})


@pytest.mark.parametrize("text", ["no colon", ": x", "A: b\nC: ü", "A: \x07"])
def test_no_headers(text: str) -> None:
    """The line is named, not shown: it may be a secret."""
    with pytest.raises(ScenarioError, match=rf"{HEADERS}: line \d is no header") as caught:
        delivery_of("http://h/", {HEADERS: text})
    assert text not in str(caught.value)


def test_stdout_is_taken() -> None:
    """By what would be no JSON any more."""
    with pytest.raises(ScenarioError, match="--report-to stdout and --json both write"):
        delivery_of("stdout", {}, stdout_taken="--json")


def test_nowhere() -> None:
    """Nothing was asked for."""
    assert list(delivery_of("", {}).ways({})) == []


def test_a_report_is_whole(shelf: Shelf) -> None:
    """A large one, too, and no other encoding than UTF-8."""
    text = json.dumps({"ü": "x" * 3_000_000}, ensure_ascii=False)
    for way in delivery_of(f"{shelf.url}/run.json", {}).ways({}):
        way.take("", text)
    assert shelf.taken["/run.json"].decode("utf-8") == text


def test_each_form_has_a_type() -> None:
    """None is forgotten."""
    assert TYPES.keys() == set(options.REPORTS)
