"""A page of our own: its content policy, its one style sheet, its one script.

What it knows: HTML's frame. What it must not know: what stands in it. The policy forbids whatever
it does not name by its digest, so that nothing in a page's data can load or run anything.
"""

import base64
import hashlib

from eiload.report.html.script import SCRIPT
from eiload.report.html.style import STYLE
from eiload.report.html.svg import text

__all__ = ["digest", "document", "policy"]


def document(
    title: str, body: str, *, style: str = STYLE, script: str = SCRIPT, connect: str = ""
) -> str:
    """Return a page.

    Args:
        title: its title, any text.
        body: HTML.
        style: its style sheet.
        script: its script.
        connect: what the script may ask for data, as a content policy says it; nothing if empty.
    """
    allowed = policy(style, script, connect)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"/>'
        f'<meta http-equiv="Content-Security-Policy" content="{allowed}"/>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"/>'
        f"<title>{text(title)}</title><style>{style}</style></head>"
        f"<body>{body}<script>{script}</script></body></html>\n"
    )


def policy(style: str, script: str, connect: str = "") -> str:
    """Return the content policy of such a page."""
    asks = f" connect-src {connect};" if connect else ""
    return (
        f"default-src 'none'; style-src {digest(style)}; script-src {digest(script)};{asks}"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )


def digest(of: str) -> str:
    """Return what a content policy calls an inline style or script by (CSP 3, hash-source)."""
    value = base64.b64encode(hashlib.sha256(of.encode()).digest()).decode("ascii")
    return f"'sha256-{value}'"
