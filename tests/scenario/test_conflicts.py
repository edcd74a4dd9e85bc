"""What of a scenario does not fit together, as given by a file; what cannot be read is no conflict.

The whole sentences, with line and column, are in errors.txt.
"""

from typing import Any

import pytest

from eiload.scenario.conflicts import conflicts

STEADY = {"phase": "steady", "rate": "1/s", "for": "1 s"}
WARM = {"phase": "warm", "rate": "1/s", "for": "1 s", "warm_up": True}
SOUND: dict[str, Any] = {"targets": {"a": {}, "b": {}}, "traffic": [WARM, STEADY]}


@pytest.mark.parametrize(
    ("given", "place", "said"),
    [
        ({"traffic": [STEADY, STEADY]}, ("traffic", 1, "phase"), "a second phase of this name"),
        ({"traffic": [WARM]}, ("traffic",), "nothing but warm-up"),
        ({"traffic": [WARM, {**STEADY, "rate": "0/s"}]}, ("traffic",), "nothing but pauses"),
        ({"traffic": [{**STEADY, "for": "9999 d"}]}, ("traffic",), "absurdly long"),
        ({"compare": {"baseline": "a", "candidate": "c"}}, ("compare", "candidate"), "unknown"),
        ({"compare": {"baseline": "a", "candidate": "a"}}, ("compare", "candidate"), "itself"),
        (
            {"payload": {"expect": {"outputs": {"x": {"equals": "baseline"}}}}},
            ("payload", "expect", "outputs", "x", "equals"),
            "the baseline of what",
        ),
        ({"objectives": [{"target": "c"}]}, ("objectives", 0, "target"), "unknown target"),
        ({"objectives": [{"phase": "x"}]}, ("objectives", 0, "phase"), "unknown phase"),
        ({"objectives": [{"phase": "warm"}]}, ("objectives", 0, "phase"), "a warm-up phase"),
        ({"objectives": [{"class": "x"}]}, ("objectives", 0, "class"), "no classes here"),
        (
            {
                "targets": {"a": {"api": "tf-rest"}},
                "payload": {"mix": [{"class": "x", "model": "m"}]},
            },
            ("payload", "mix", 0, "model"),
            "where the path names the model",
        ),
        ({"objectives": ["agreement > 99 %"]}, ("objectives", 0), "agreement of what"),
    ],
)
def test_each(given: dict[str, Any], place: tuple[str | int, ...], said: str) -> None:
    """Each is told once, where it is."""
    (problem,) = conflicts({**SOUND, **given})
    assert problem.path == place
    assert said in str(problem)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"targets": 5, "traffic": "steady", "objectives": "p99 < 1 s", "compare": None},
        {"traffic": [7, {"for": []}], "payload": [], "objectives": [None, 5]},
        {"traffic": [{**STEADY, "rate": "fast", "for": "long"}]},
    ],
)
def test_what_cannot_be_read_is_elsewhere_said(given: dict[str, Any]) -> None:
    """Nothing here stumbles over it, or says it again."""
    assert list(conflicts({**SOUND, **given})) == []
