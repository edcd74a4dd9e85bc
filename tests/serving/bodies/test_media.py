"""Content types as servers and users write them."""

import pytest

from eiload.serving.bodies.media import Kind, kind_of, media_type


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("application/json", "json"),
        ("Application/JSON; charset=utf-8", "json"),
        ("application/jsonlines", "lines"),
        ("application/jsons", "lines"),
        ("text/csv;header=absent", "csv"),
        ("application/x-npy", "npy"),
        ("image/jpeg", "bytes"),
        ("application/octet-stream", "bytes"),
        ("", "bytes"),
    ],
)
def test_what_is_in_a_body(written: str, kind: Kind) -> None:
    """Parameters and letters do not matter; what is not known is bytes."""
    assert kind_of(written) == kind


def test_a_type_without_its_parameters() -> None:
    """As RFC 9110 compares them."""
    assert media_type(" Text/CSV ; charset=utf-8") == "text/csv"
