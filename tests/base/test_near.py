"""near: what was meant, as a question, or nothing."""

import pytest

from eiload.base.near import nearest, slip_of


@pytest.mark.parametrize(
    ("word", "hint"), [("cpmpare", " (did you mean 'compare'?)"), ("zzz", ""), ("", "")]
)
def test_the_nearest_known_word_is_asked_for(word: str, hint: str) -> None:
    """A slip gets a question; what is near to nothing gets none."""
    assert nearest(word, ["compare", "traffic"]) == hint


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("cpmpare", "compare"), ("Compare", "compare"), ("readywithin", "ready_within"),
        ("region", None), ("ready", None), ("", None),
    ],
)  # fmt: skip
def test_a_slip_is_very_near(word: str, meant: str | None) -> None:
    """Where other words are legitimate, only what can hardly be one is taken for a slip."""
    assert slip_of(word, ["compare", "ready_within", "version"]) == meant
