"""eiload's own pages in Locust's web UI, asked without a socket."""

from eiload.plugin.outcome import Outcome
from eiload.report.live.page import POLICY
from tests.golden import TWO, golden_run, steady
from tests.plugin.test_kept import PLAIN
from tests.plugin.test_web import Site, no_arguments

__all__ = ["no_arguments"]  # a fixture for each test here as well


def a_site(base_path: str = "") -> Site:
    """Return a web UI whose session has a run of two targets."""
    site = Site(base_path=base_path)
    run = golden_run(TWO, {"gpu": steady(100, 1), "ei": steady(100, 2)})
    site.live.end("golden", Outcome.of(run, [], **PLAIN))
    return site


def test_the_live_page() -> None:
    """It comes with its policy, and its data are of this moment."""
    site = a_site()
    page = site.client.get("/eiload")
    assert page.headers["Content-Security-Policy"] == POLICY
    assert page.content_type == "text/html; charset=utf-8"
    data = site.client.get("/eiload/live?run=x&after=-5")
    assert data.get_json()["head"]["stage"] == "over"
    for answer in (page, data):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_run_of_the_session() -> None:
    """It is a page, a text and a file to keep; what is not kept is not found."""
    site = a_site("/load")
    assert "<!doctype html>" in site.client.get("/load/eiload/run/1/report.html").text
    assert "run golden" in site.client.get("/load/eiload/run/1/report.txt").text
    file = site.client.get("/load/eiload/run/1/run.json")
    assert file.get_json()["schema"].startswith("eiload-run/")
    assert file.headers["Content-Disposition"] == 'attachment; filename="run-1.json"'
    for path in ("run/2/report.html", "run/1/passwd", "run/x/run.json"):
        assert site.client.get(f"/load/eiload/{path}").status_code == 404


def test_comparing() -> None:
    """Two targets make a page; what must not be compared is a sentence."""
    site = a_site()
    made = site.client.get("/eiload/compare?baseline=1.0&candidate=1.1")
    assert made.status_code == 200
    assert "run 1 (golden)" in made.text
    refused = site.client.get("/eiload/compare?baseline=1.0&candidate=9.0")
    assert refused.status_code == 409
    assert "run 9 is not kept" in refused.text
    assert site.client.get("/eiload/compare?baseline=one&candidate=1.1").status_code == 400


def test_plan() -> None:
    """A scenario that the form offers has its plan; of another there is a sentence."""
    site = a_site("/load")
    assert "<h1>golden</h1>" in site.client.get("/load/eiload/plan?scenario=golden").text
    refused = site.client.get("/load/eiload/plan?scenario=../x")
    assert refused.status_code == 409
    assert "not one of those" in refused.text


def test_beside_locusts_own_page() -> None:
    """Its page has our script, its tabs ours, its form what was chosen last."""
    site = a_site()
    page = site.client.get("/").text
    assert '<script src="./eiload/form.js" defer></script></head>' in page
    assert '"extended_tabs": [{"key": "eiload", "title": "eiload"}]' in page
    script = site.client.get("/eiload/form.js")
    assert script.content_type == "text/javascript; charset=utf-8"


def test_strangers() -> None:
    """A page of another site, or one that calls this machine by its own name, reads nothing."""
    site = a_site()
    for path in ("", "/live", "/run/1/run.json", "/compare", "/plan?scenario=golden", "/report"):
        for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
            assert site.client.get(f"/eiload{path}", headers=headers).status_code == 403
