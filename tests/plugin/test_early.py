"""Whose signals are seen to before Locust's `init`; tests/e2e/test_edges.py sends some."""

import signal
from typing import Any

from eiload.plugin import early


def test_only_locusts_command_is_seen_to() -> None:
    """Other code that imports eiload keeps its signals; Locust's main function is known."""
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    early.watch()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    early.over()
    names: dict[str, Any] = {"__name__": "locust.main", "asked": early._is_command}
    exec("def main():\n    return asked()", names)
    assert names["main"]()
    assert not early._is_command()
