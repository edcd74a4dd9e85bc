"""Locust's web UI in a real browser: what a person sees and presses, from the login to the end."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.e2e.browser import CHROMIUM, Page, browser
from tests.e2e.locust_runs import PATIENCE_S, scenario, started
from tests.e2e.stand_ins import STAND_IN, shared_targets
from tests.e2e.test_web import LOGIN
from tests.ports import free_port

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on PATH: the web UI is not looked at in a browser"
)

CHOSEN = "document.querySelector('select[name=scenario]').value"
PLAN = "document.querySelector('#eiload-plan')?.contentDocument?.body?.innerText"
TAB = "document.querySelector('#eiload-live')?.contentDocument?.body?.innerText"
UNUSED = "document.querySelectorAll('[data-eiload=unused]').length"


class Site:
    """Locust's web UI below a path and behind a login, in a browser that has not logged in yet."""

    def __init__(self, port: int, page: Page, session: requests.Session) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self.url = f"{self.origin}/load"
        self.page = page
        self.session = session

    def let_in(self) -> None:
        """Log in, the browser and the session beside it."""
        assert self.session.post(f"{self.origin}/let-me-in", timeout=60).text == "come in"
        self.page.open(f"{self.url}/eiload")
        self.until("document.readyState + location.href", f"complete{self.url}/login")
        assert self.page.run("fetch('/let-me-in', {method: 'POST'}).then(a => a.text())")

    def choose(self, name: str) -> None:
        """Choose a scenario in the form that is open."""
        self.page.run(
            "(select => { select.value = " + json.dumps(name) + ";"
            " select.dispatchEvent(new Event('change', {bubbles: true})); })"
            "(document.querySelector('select[name=scenario]'))"
        )

    def new(self) -> None:
        """Open the form for another run, on a page that is loaded anew."""
        self.page.open(f"{self.url}/")
        self.page.wait_for("STOPPED")
        button = "[...document.querySelectorAll('button')].find(b => b.innerText === 'NEW')"
        self.page.run(f"{button}.click()")
        self.page.wait_for("Start new load test")

    def until(self, expression: str, said: str) -> str:
        """Wait until a JavaScript expression gives a text with these words in it."""
        give_up = time.monotonic() + PATIENCE_S
        while said not in (text := str(self.page.run(f"String(({expression}) || '')"))):
            assert time.monotonic() < give_up, f"never said {said!r}: {text}"
            time.sleep(0.2)
        return text

    def told(self) -> str:
        """Return what the live page is told, as JSON."""
        answer = self.session.get(f"{self.url}/eiload/live", timeout=60)
        assert answer.ok
        return answer.text


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Start all of it, with three scenarios to choose from."""
    (tmp_path / "scenarios").mkdir()
    phases = [
        {"phase": "warm-up", "rate": "20/s", "for": "1 s", "warm_up": True},
        {"phase": "steady", "rate": "20/s", "for": "10 min"},
    ]
    seen = {"metrics": ["stand-in", "http://127.0.0.1:1/none"], "gpu": "stand-in", "host": "local"}
    own = {"model": "ssd", "deadline": "10 s", "stand_in": STAND_IN, "observe": seen}
    targets = {**shared_targets(), "gpu": own}
    long = scenario(
        tmp_path, traffic=phases, objectives=["p50 < 1 s"], name="long", targets=targets
    )
    long.rename(tmp_path / "scenarios" / "long.yaml")
    gone = {"gpu": {"model": "ssd", "server": "127.0.0.1:1", "ready_within": "1 s"}}
    scenario(tmp_path, targets=gone, name="gone").rename(tmp_path / "scenarios" / "gone.yaml")
    path = scenario(tmp_path, objectives=["errors < 50 %"])
    path.write_text(f"# What is said of it,\n# at its top.\n{path.read_text()}")
    locustfile = tmp_path / "locustfile.py"
    locustfile.write_text(LOGIN)
    port = free_port()
    address = ("--web-host", "127.0.0.1", "--web-port", str(port), "--web-base-path", "/load")
    options = (*address, "--web-login", "--scenario", path.name)
    with started(*options, folder=tmp_path, locustfile=locustfile) as locust:
        locust.wait_for("Starting web interface")
        with browser(tmp_path) as page, requests.Session() as session:
            yield Site(port, page, session)


@pytest.mark.timeout(900)  # three runs: on a machine at a load of 20 it takes 3 min
def test_from_the_login_to_the_second_run(site: Site) -> None:
    """A stranger sees nothing; a failed start, a stopped run and a whole one are all told."""
    page = site.page
    for path in ("", "/live", "/plan?scenario=long", "/form.js", "/run/1/run.json", "/compare"):
        answer = requests.get(f"{site.url}/eiload{path}", timeout=60, allow_redirects=False)
        assert (answer.status_code, "/login" in answer.headers["Location"]) == (302, True)
    site.let_in()

    page.open(f"{site.url}/eiload")
    page.wait_for("Start a run in Locust's form")
    page.open(f"{site.url}/")
    page.wait_for("Start new load test")
    assert page.run(CHOSEN) == "scenario.yaml"
    site.until(PLAN, "What is said of it, at its top.")
    assert page.run(UNUSED) == 5  # users, ramp, host, model, encoding
    site.choose("(none)")
    site.until(f"{UNUSED} === 0 && 'none'", "none")
    site.choose("gone")
    site.until(PLAN, "gone")
    page.click("button[type=submit]")

    page.open(f"{site.url}/eiload")  # a start that fails
    page.wait_for("The run could not begin: ")
    assert "127.0.0.1:1" in page.text()

    site.new()
    assert page.run(CHOSEN) == "gone"  # kept, though the page is loaded anew
    site.choose("long")
    page.click("button[type=submit]")
    page.wait_for("Targets")
    page.wait_for("gpu (emulated), ei (emulated)")
    page.open_tab("EILOAD")
    site.until(TAB, "No verdict before the end")

    page.open(f"{site.url}/eiload")
    page.wait_for("left")
    page.wait_for("more")  # requests that it needs
    text = page.text()
    assert "warm-up" in text
    assert "p50 < 1 s" in text
    assert "verdict\t" not in text
    assert "passed" not in text
    site.until("document.querySelectorAll('#times path').length ? 'drawn' : ''", "drawn")
    site.until("document.querySelectorAll('#parts path').length ? 'drawn' : ''", "drawn")
    page.wait_for("counted/s")
    page.wait_for("emulated GPU")
    beside = page.run("document.querySelector('#beside-part').innerText")
    assert "last 10 s, by its own account" in beside
    assert "CPU of this machine" in beside
    assert "gpu: http://127.0.0.1:1/none cannot be read: Connection refused" in beside
    assert site.session.post(f"{site.url}/stop", timeout=PATIENCE_S).ok
    page.wait_for("Ended")
    page.wait_for("judged time, by its own account")
    page.wait_for("long (emulated)")
    assert "stopped" in page.text()

    site.new()
    assert page.run(CHOSEN) == "long"
    site.choose("scenario.yaml")
    page.click("button[type=submit]")
    page.open(f"{site.url}/eiload")
    page.wait_for("e2e (emulated): ")
    page.wait_for("run file")
    assert '"number":3' in site.told()
    assert page.run("document.querySelectorAll('#runs tbody tr').length") == 3
    page.run("document.querySelector('#view').value = 'recent';"
             "document.querySelector('#view').dispatchEvent(new Event('change'))")  # fmt: skip
    compare = page.run("document.querySelector('#compare').href")
    answer = site.session.get(compare, timeout=PATIENCE_S)
    assert answer.status_code in {200, 409}, answer.text  # a busy machine makes runs invalid
    assert "run 3 (e2e)" in answer.text
    for width in (1400, 400):
        for scheme in ("light", "dark"):
            page.look(width, scheme)
            wide = page.run("document.documentElement.scrollWidth <= window.innerWidth + 1")
            assert wide, (width, scheme)
    page.look(1400, "light")

    page.open(f"{site.url}/")
    page.wait_for("STOPPED")
    page.open_tab("LOGS")
    page.wait_for("e2e (emulated): ")
    page.open_tab("DOWNLOAD DATA")
    page.wait_for("eiload's report on the last run")
    page.wait_for("eiload's live page")
    assert page.complaints == []
    page.open(page.run("document.querySelector('a[href$=\"eiload/report\"]').href"))
    page.wait_for("emulated run e2e")
    assert "errors < 50 %" in page.text()
    page.open(f"{site.url}/eiload/run/3/report.html")
    page.wait_for("Response times over time")
