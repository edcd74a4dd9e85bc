"""page: one file, whole, harmless whatever the names in it are, and looked at in a real browser."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

from eiload.record.recorder import Recorder
from eiload.record.run import Run
from eiload.report import render
from tests.e2e.browser import CHROMIUM, browser
from tests.golden import MIX, due, golden_run, instants, results, steady
from tests.report import runs
from tests.report.runs import judged

VOID = {"meta", "input", "br", "img", "link"}
SMALL_ENOUGH_BYTES = 400_000


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the texts of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.inline: dict[str, list[str]] = {"script": [], "style": []}
        self.shown: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element that ends at once."""
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Hold that elements end in the order in which they were opened, backwards."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep text."""
        if self.open and self.open[-1] in self.inline:
            self.inline[self.open[-1]].append(data)
        else:
            self.shown.append(data)


def page_of(run: Run) -> str:
    """Return the page on a run."""
    return render("html", run, judged(run))


def decided() -> Run:
    """Return a run of ten minutes in which everything is decided."""
    text = """
name: decided
targets:
  gpu: {server: "127.0.0.1:8500", model: ssd}
  ei: {server: "127.0.0.1:9000", model: ssd}
payload: {synthetic: 64x48}
traffic:
  - {phase: warm-up, rate: 5/s, for: 10 s, warm_up: true}
  - {phase: steady, rate: 20/s, for: 5 min}
  - {phase: busy, rate: 30/s, for: 5 min}
objectives: [p95 < 400 ms, errors < 1 %]
compare: {baseline: gpu, candidate: ei, margin: 50 %}
"""
    return golden_run(text, {"gpu": steady(100, 1), "ei": steady(110, 2)})


def told() -> Run:
    """Return the same with clients that told all five instants, and a target slow when busy."""
    run, recorder = decided(), Recorder(0)
    rng = np.random.default_rng(1)
    for target in range(2):
        for phase, due_s in enumerate(due(run.scenario)):
            median_s = 0.1 + (0.03 + 0.05 * (phase == 2)) * target
            took_s = median_s * np.exp(0.2 * rng.standard_normal(len(due_s)))
            batch = results(target, phase, due_s, took_s)
            recorder.record(instants(batch, blocked_of=400 * target))
    return replace(run, intervals=recorder.take())


@pytest.mark.parametrize("run", [runs.golden(), runs.hostile(), decided(), told()])
def test_the_page_is_whole_and_asks_nobody(run: Run) -> None:
    """Elements nest, nothing is loaded from anywhere, nothing runs but what the policy names."""
    found = Elements(page_of(run))
    assert found.open == []
    for tag, attributes in found.found:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in ("src", "href"):
            address = attributes.get(name, "data:")
            assert address.startswith("data:"), (tag, address)
    policies = [a["content"] for tag, a in found.found if a.get("http-equiv")]
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none';")
    for kind in ("script", "style"):
        run_by_browsers = [
            text for text in found.inline[kind] if kind == "style" or not text.startswith("{")
        ]
        (text,) = run_by_browsers
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policies[0]


def test_what_comes_from_outside_stays_text() -> None:
    """Names, addresses and the server's words make no element and end no script."""
    tame, wild = Elements(page_of(runs.golden())), Elements(page_of(runs.hostile()))
    assert {tag for tag, _ in wild.found} == {tag for tag, _ in tame.found}
    scripts = [tag for tag, _ in wild.found].count("script")
    assert scripts == [tag for tag, _ in tame.found].count("script")


def test_a_spreadsheet_finds_no_formula() -> None:
    """A name that begins like a formula is led by an apostrophe in CSV."""
    run = runs.golden()
    first = replace(run.targets[0], details={"INTERNAL: =1+1": 3, "=cmd|' /C calc'!A0": 2})
    page = page_of(replace(run, targets=(first, *run.targets[1:])))
    csvs = [unquote(each) for each in re.findall(r'href="data:text/csv[^,]*,([^"]*)"', page)]
    assert any("'=cmd" in each for each in csvs)
    assert not [each for each in csvs if re.search(r"(^|[,\n])\"?=", each)]


def test_ten_minutes_are_small_enough_for_a_mail() -> None:
    """Also with the run file in it."""
    run = told()
    page = page_of(run)
    assert len(page.encode()) < SMALL_ENOUGH_BYTES
    packed = re.search(r'href="data:application/json[^,]*,([^"]*)"', page)
    assert packed is not None
    document = json.loads(unquote(packed[1]))
    assert Run.from_json(document).intervals == run.intervals


def test_the_comparison_by_phase() -> None:
    """Each phase can be chosen; without the script all are there, each under its name."""
    found = Elements(page_of(told()))
    parts = [a for _, a in found.found if a.get("data-part") == "comparison"]
    assert [(each["data-value"], each.get("class")) for each in parts] == [
        ("0", None), ("1", None), ("2", None),
    ]  # fmt: skip
    shown = "".join(found.shown)
    for name in ("all compared phases", "steady", "busy"):
        assert f"response times, {name}" in shown
        assert f"service times, {name}" in shown
    assert shown.count("(verdict)") == 1
    assert "is not one number" in shown


def test_parts_over_time() -> None:
    """A band for each part of each target that took any time; none where nobody could tell."""
    bands = [
        attributes["class"]
        for tag, attributes in Elements(page_of(told())).found
        if tag == "path" and attributes.get("class", "").startswith("part ")
    ]
    assert bands == ["part t0"] * 4 + ["part t1"] * 5  # blocked, too
    assert "part t0" not in page_of(decided())


def test_the_verdict_comes_first() -> None:
    """The sentence, then why not more is said, then the objectives."""
    run = decided()
    shown = "".join(Elements(page_of(run)).shown)
    shown = shown[shown.index("gpu (ssd at") :]  # the title has the sentence too
    order = [judged(run).summary, "Objectives", "service times", "The tail", "Everything else"]
    places = [shown.index(each) for each in order]
    assert places == sorted(places)


def test_an_invalid_run_says_so_and_has_no_words() -> None:
    """Numbers only."""
    run = replace(decided(), problems=("the sender died",))
    shown = "".join(Elements(page_of(run)).shown)
    assert "INVALID" in shown
    assert "the sender died" in shown
    assert "no verdict" in shown
    assert "pass" not in shown


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH")
def test_in_a_browser(tmp_path: Path) -> None:
    """It shows without complaint, wide and narrow, light and dark; what moves, moves."""
    path = tmp_path / "run.html"
    path.write_text(page_of(told()), encoding="utf-8")
    with browser(tmp_path) as page:
        page.open(path.as_uri())
        page.wait_for("The tail")
        for width in (1400, 400):
            for scheme in ("light", "dark"):
                page.look(width, scheme)
                wide = page.run("document.documentElement.scrollWidth")
                assert wide <= width, f"{width} px, {scheme}: the page is {wide} px wide"
                page.picture(tmp_path / f"{width}-{scheme}.png")
        page.look(1400, "light")
        lines = (
            "[...document.querySelectorAll('svg.timed .target-1')]"
            ".filter(g => getComputedStyle(g).display !== 'none')"
        )
        assert page.run(f"{lines}.length") > 0
        page.click("input[data-target='1']")
        assert page.run(f"{lines}.length") == 0
        page.click("input[data-target='1']")
        page.run("document.querySelector('figure[data-points] svg').scrollIntoView()")
        page.run(
            "(() => {const svg = document.querySelector('figure[data-points] svg');"
            "const box = svg.getBoundingClientRect();"
            "svg.dispatchEvent(new PointerEvent('pointermove', {clientX: box.left + box.width / 2,"
            "clientY: box.top + box.height / 2, bubbles: true}))})()"
        )
        tip = page.run("document.getElementById('tip').textContent")
        assert re.search(r"^\d+:\d\d\n", tip)
        assert re.search(r"gpu p50  [\d.]+ ms", tip)
        choose = "document.querySelector('select[data-choose=comparison]')"
        for value, name in (("2", "busy"), ("0", "all compared phases")):
            page.run(f"{choose}.value = {value}; {choose}.dispatchEvent(new Event('change'))")
            text = page.text()
            assert [f"response times, {each}" in text for each in (name, "steady")] == [True, False]
        page.click("summary")
        first = "document.querySelector('details[open] th[data-sort]')"
        assert page.run(f"{first} === null || ({first}.click(), true)")
        assert page.complaints == []


def test_a_mix_has_its_plan_and_its_classes() -> None:
    """What was planned to be sent is on the page, and each class has its line and its verdicts."""
    made = page_of(golden_run(MIX))
    assert "<summary>plan</summary>" in made
    assert "requests per second at each target" in made
    for said in ("- of large", "p95 &lt; 300 ms for large"):
        assert said in made
