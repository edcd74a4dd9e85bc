"""Who may ask the web UI for something: by the Host and the Origin that a browser sends.

What it knows: HTTP's headers. What it must not know: Flask, Locust, runs.

A page of any other site can have its visitor's browser send a form to a port on this machine, and
says so in `Origin` (or `Referer`), which it cannot change. By DNS rebinding it can even make its
own name mean this machine; then `Host` holds that name, and not one of ours.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

__all__ = ["VARIABLE", "Names"]

VARIABLE = "EILOAD_WEB_HOSTS"
"""Environment variable with more names of the web UI, such as a proxy's, between commas."""

PORTS = {"http": 80, "https": 443}


class Names:
    """The names that the web UI goes by.

    Addresses (``127.0.0.1``, ``[::1]``) and ``localhost`` always are: no name server has a say in
    what they mean.

    Args:
        own: names, or URLs, that this machine is known to go by; None and empty ones are not.
        more: what the user says beside, as in `VARIABLE`.
    """

    def __init__(self, own: Iterable[str | None], more: str = "") -> None:
        self._said = {name.strip().lower().rstrip(".") for name in more.split(",")} - {""}
        urls = [name if "//" in name else f"//{name}" for name in own if name]
        self._own = {_parts(url)[0] for url in urls} - {"", "*"} | self._said

    def refusal(self, headers: Mapping[str, str], *, changes: bool) -> str | None:
        """Return why what a request asks for is not done; None if nothing speaks against it.

        Args:
            headers: the request's.
            changes: whether it would change anything; its Referer is looked at, too.
        """
        host = headers.get("Host", "")
        name, port = _parts(f"//{host}")
        if not self._is_ours(name):
            return (
                f"refused: Host {_shown(host)} is no name of this web UI; if it is, such as a "
                f"proxy's, start Locust with {VARIABLE}={_shown(name) or 'NAME'}"
            )
        came_from = headers.get("Origin")
        if came_from is None and changes:
            came_from = headers.get("Referer")
        if came_from is None:
            return None  # no browser, or one that has been here before
        try:
            default = PORTS.get(urlsplit(came_from).scheme)
        except ValueError:
            default = None
        from_name, from_port = _parts(came_from)
        same = from_name == name and (from_port or default) == (port or default)
        if default is not None and from_name and (same or from_name in self._said):
            return None
        return f"refused: it comes from a page of {_shown(came_from)}, not from this web UI"

    def _is_ours(self, name: str) -> bool:
        if name in self._own or name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            ipaddress.ip_address(name.partition("%")[0])
        except ValueError:
            return False
        return True


def _parts(url: str) -> tuple[str, int | None]:
    """Return the host's name, in small letters, and the port of a URL; an empty name if none."""
    try:
        parts = urlsplit(url)
        return (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "", None


def _shown(text: str) -> str:
    """Return what a header said, for a sentence: a stranger's text, in one line and not long."""
    printable = "".join(c if c.isprintable() and c not in "<>&\"'" else "?" for c in text)
    return printable if len(printable) <= 80 else f"{printable[:80]}..."
