"""A real HTTP server whose page is whatever a test says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.http_servers import Handler, serving

Answer = Callable[[], tuple[int, bytes]]


@contextmanager
def served(answer: Answer) -> Iterator[str]:
    """Serve what `answer` returns, status and body; yield the address ``http://...``."""

    class Page(Handler):
        def do_GET(self) -> None:  # noqa: N802  # the library's name
            status, body = answer()
            self.say(status, body)

    with serving(Page) as port:
        yield f"http://127.0.0.1:{port}/metrics"
