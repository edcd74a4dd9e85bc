"""A real browser for tests: Chromium without a window, driven over its DevTools protocol.

Only what the tests need: pages, their text, JavaScript in them, what they complain of on their
console. The protocol: https://chromedevtools.github.io/devtools-protocol/.
"""

import base64
import contextlib
import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
import websocket

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE_S = 90


class Page:
    """One page of the browser."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, suppress_origin=True, timeout=90)
        self._numbers = itertools.count(1)
        self.complaints: list[str] = []
        """Errors and warnings: exceptions, the console's, failed loads."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=1400, height=1000, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)

    def _note(self, event: dict[str, Any]) -> None:
        """Keep an event if it is a complaint."""
        said = event.get("params", {})
        match event["method"]:
            case "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(said["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if said["type"] in {"error", "warning", "assert"}:
                self.complaints.append(json.dumps(said["args"]))
            case "Log.entryAdded" if said["entry"]["level"] in {"error", "warning"}:
                self.complaints.append(json.dumps(said["entry"]))
            case "Network.responseReceived" if said["response"]["status"] >= 400:
                self.complaints.append(f"{said['response']['status']} {said['response']['url']}")

    def look(self, width: int, scheme: str) -> None:
        """Look through a window so wide, in a light or dark scheme."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=1000, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._call("Emulation.setEmulatedMedia", features=features)

    def open(self, url: str) -> None:
        """Go there."""
        self._call("Page.navigate", url=url)

    def run(self, script: str) -> Any:
        """Return what a JavaScript expression gives."""
        answer = self._call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def text(self) -> str:
        """Return what the page shows, as text."""
        return str(self.run("document.body ? document.body.innerText : ''"))

    def wait_for(self, text: str) -> None:
        """Wait until the page shows a text."""
        give_up = time.monotonic() + PATIENCE_S
        while text not in self.text():
            assert time.monotonic() < give_up, f"never showed {text!r}:\n{self.text()}"
            time.sleep(0.2)

    def click(self, selector: str) -> None:
        """Click on the first element that a CSS selector finds, wherever it is by now."""
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def open_tab(self, name: str) -> None:
        """Click on the tab of that name."""
        self.run(
            "[...document.querySelectorAll('[role=tab]')]"
            f".find(tab => tab.innerText === {json.dumps(name)}).click()"
        )

    def picture(self, path: Path) -> None:
        """Write what the page looks like, as PNG."""
        answer = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(answer["data"]))

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


@contextlib.contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """Start the browser with an empty page; it ends with the block."""
    assert CHROMIUM is not None
    profile = folder / "profile"
    process = subprocess.Popen(
        [
            CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            # It is to know this machine only.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            "--remote-debugging-port=0", f"--user-data-dir={profile}",
            "about:blank",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{_port(profile)}/json"
        pages = requests.get(address, timeout=90).json()
        page = Page(next(p["webSocketDebuggerUrl"] for p in pages if p["type"] == "page"))
        with contextlib.closing(page):
            yield page
    finally:
        process.terminate()
        process.wait(90)


def _port(profile: Path) -> int:
    """Return the port that the browser has chosen."""
    said = profile / "DevToolsActivePort"
    give_up = time.monotonic() + PATIENCE_S
    while not said.exists() or "\n" not in said.read_text():
        assert time.monotonic() < give_up, "the browser did not start"
        time.sleep(0.1)
    return int(said.read_text().split("\n")[0])
