"""near: what was meant, as a question, or nothing."""

import pytest

from eiload.base.near import nearest


@pytest.mark.parametrize(
    ("word", "hint"), [("cpmpare", " (did you mean 'compare'?)"), ("zzz", ""), ("", "")]
)
def test_the_nearest_known_word_is_asked_for(word: str, hint: str) -> None:
    """A slip gets a question; what is near to nothing gets none."""
    assert nearest(word, ["compare", "traffic"]) == hint
