"""A capacity search's pages in Locust's web UI, asked without a socket."""

from pathlib import Path

from eiload.report.capacity_forms import FORMS
from eiload.report.html.searching import POLICY
from tests.plugin.test_searches import sought
from tests.plugin.test_web import Site, no_arguments

__all__ = ["no_arguments"]  # a fixture for each test here as well


def test_before_any() -> None:
    """The page says where one begins."""
    site = Site()
    page = site.client.get("/eiload/capacity")
    assert page.headers["Content-Security-Policy"] == POLICY
    now = site.client.get("/eiload/capacity/now").get_json()
    assert now["place"].startswith("no capacity search was begun yet")
    assert site.client.get("/eiload/capacity/1/capacity.html").status_code == 404


def test_one_that_is_on(tmp_path: Path) -> None:
    """It stands for the live page; each trial is told once, and every form can be taken away."""
    site = Site(base_path="/load")
    site.searches.all.append(sought(tmp_path))
    site.searches.shown = True
    moved = site.client.get("/load/eiload")
    assert moved.headers["Location"] == "/load/eiload/capacity?live=1"
    assert site.client.get("/load/eiload/live").get_json()["head"]["stage"] == "search"
    now = site.client.get("/load/eiload/capacity/now?version=&live=1").get_json()
    assert now["on"]
    assert "used" in now["place"]
    assert "<circle" in now["body"]
    again = site.client.get(f"/load/eiload/capacity/now?version={now['version']}").get_json()
    assert "body" not in again
    for form in FORMS.values():
        told = site.client.get(f"/load/eiload/capacity/1/{form.file}")
        assert told.status_code == 200
        assert told.content_type.partition(";")[0] == form.type_
        kept = "Content-Disposition" in told.headers
        assert kept is not form.shown
    assert site.client.get("/load/eiload/capacity/1/passwd").status_code == 404
    site.searches.shown = False  # a run has begun since
    assert site.client.get("/load/eiload/capacity/now?live=1").get_json() == {"gone": True}


def test_strangers_see_nothing() -> None:
    """Another site's name is refused by all of its pages."""
    site = Site()
    for path in ("", "/now", "/form?scenario=golden", "/1/capacity.json"):
        answer = site.client.get(f"/eiload/capacity{path}", headers={"Host": "evil.example"})
        assert answer.status_code == 403
