"""Every form of a search's report says the same."""

import html

import pytest

from eiload.judging.capacity.result import result
from eiload.report.capacity_forms import FORMS
from tests.report import searches


@pytest.mark.parametrize("name", FORMS)
def test_each_says_what_was_found(name: str) -> None:
    """The capacities, with their certainty."""
    search = searches.found()
    text = html.unescape(FORMS[name].render(search, result(search)))
    assert "gpu's capacity is 24/s to 33/s (95 % confidence)" in text.replace("\\", "")


def test_each_has_a_file_of_its_own() -> None:
    """So that all can be taken away."""
    assert len({form.file for form in FORMS.values()}) == len(FORMS)
