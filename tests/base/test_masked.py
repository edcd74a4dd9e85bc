"""What is shown instead of a secret."""

from eiload.base.masked import masked


def test_each_value_wherever_it_stands() -> None:
    """In the order that is given: the longer one is one thing, not a word before a mask."""
    said = "Bearer abc is not valid; abc is not known"
    assert masked(said, ["Bearer abc", "abc"]) == "*** is not valid; *** is not known"
    assert masked(said, []) == said
