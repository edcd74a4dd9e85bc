"""A search while it goes on, as a page."""

from dataclasses import replace

from eiload.report.html import searching
from tests.report import searches


def test_where_it_is() -> None:
    """What is next, how much budget is left; at its end only that."""
    search = replace(searches.found(), seen=())
    place, used = searching.place(search, on=True, trial_s=5.0, ending=False)
    assert place.startswith("now: trial 1: ")
    assert "to see, on for 5 s; 5 s of" in place
    assert 0 < used < 1
    how = "steady, 9 s left: 3 ok, p50 9 ms"
    place, _ = searching.place(search, on=True, trial_s=5.0, ending=False, how=how)
    assert f"on for 5 s ({how}); " in place
    place, _ = searching.place(search, on=True, trial_s=5.0, ending=True)
    assert place.startswith("stopping, the last answers are waited for: trial 1")
    assert searching.place(search, on=False, trial_s=5.0, ending=False)[0].startswith("ended; 0 s")


def test_what_was_found() -> None:
    """Each trial and the bracket so far; no last word before the end."""
    search = searches.found()
    told = {"error": "", "folder": "kept", "former": [searching.Former(1, "<b>", "x")]}
    on = searching.body(2, search, on=True, **told)  # type: ignore[arg-type]
    over = searching.body(2, search, on=False, **told)  # type: ignore[arg-type]
    assert "verdict" not in on
    assert "confidence)" in over
    for page in (on, over):
        assert "<circle" in page
        assert 'href="capacity/2/capacity.json"' in page
        assert 'href="capacity/1/capacity.html"' in page
        assert "<b>" not in page


def test_why_it_came_to_nothing() -> None:
    """The error is one line, escaped."""
    search = replace(searches.found(), seen=())
    page = searching.body(1, search, on=False, error="<gone>", folder="kept", former=())
    assert '<p class="alarm">&lt;gone&gt;</p>' in page
    assert searching.POLICY.startswith("default-src 'none'")
    assert 'id="found"' in searching.page()
