"""scalar: what one value of a scenario means, the environment's text included."""

from pathlib import Path
from typing import Any

import pytest

from eiload.scenario import parse


def scalar(written: str, environ: dict[str, str] | None = None) -> Any:
    """Return what `written` becomes as a target's signature (a text)."""
    text = (
        f"name: x\ntargets:\n  a:\n    server: h\n    model: m\n    signature: {written}\n"
        "payload: {synthetic: 64x48}\ntraffic: [{phase: p, rate: 1/s, for: 1 s}]"
    )
    return parse(text, "x", Path("/"), environ or {}).targets["a"].signature


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("NO", "NO"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2020-01-01", "2020-01-01"),
        ("1_000", "1_000"),
        ("'010'", "010"),
        ("'true'", "true"),
        ("${A}", "ä"),
        ("pre-${A}-${B:-b}", "pre-ä-b"),
        ("${E:-default}", "default"),
        ("${A:-default}", "ä"),
        ("$${A}", "${A}"),
        ("$A costs 5$", "$A costs 5$"),
        ("${N}", "12"),
        ("${Y}", "a: [b]"),
        ("${Z}", "010"),
        ('"${B:-a: b # c}"', "a: b # c"),
    ],
)
def test_texts_are_what_is_written(written: str, value: str) -> None:
    """Nothing but true, false, null and numbers is guessed; the environment is text, not YAML."""
    environ = {"A": "ä", "E": "", "N": "12", "Y": "a: [b]", "Z": "010"}
    assert scalar(written, environ) == value


def test_numbers_come_from_the_environment_too() -> None:
    """A field that wants a number reads the environment's text as one, quoted or not."""
    for written in ("${N}", '"${N}"', "'${MISSING:-3}'"):
        data = f"name: x\nseed: {written}\ntargets: {{a: {{server: h, model: m}}}}\n"
        data += "payload: {synthetic: 64x48}\ntraffic: [{phase: p, rate: 1/s, for: 1 s}]"
        assert parse(data, "x", Path("/"), {"N": "3"}).seed == 3
