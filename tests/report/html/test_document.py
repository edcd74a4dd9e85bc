"""A page's frame: what it may load and run is named by its digest, and nothing else may."""

import base64
import hashlib
import re

from eiload.report.html.document import document, policy


def test_only_its_own_style_and_script() -> None:
    """The policy names the digests of both, and whom the script may ask."""
    page = document("a <b>", "<p>x</p>", style="p{}", script="1", connect="'self'")
    (said,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert said == policy("p{}", "1", "'self'")
    assert "default-src 'none'" in said
    assert "connect-src 'self'" in said
    digest = base64.b64encode(hashlib.sha256(b"1").digest()).decode()
    assert f"script-src 'sha256-{digest}';" in said
    assert "<title>a &lt;b&gt;</title>" in page


def test_asks_nobody() -> None:
    """A page that needs no data may not ask for any."""
    assert "connect-src" not in document("title", "")
