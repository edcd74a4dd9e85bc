"""Reports in a real browser on a small screen: nothing sticks out, and pictures can be read."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from eiload.judging.capacity.result import result
from eiload.judging.judgement import judge
from eiload.report.html import capacity, page, planned, searching
from eiload.report.planning import planned as put_together
from tests.e2e.browser import CHROMIUM, PATIENCE_S, browser
from tests.golden import TWO, golden_run, scenario, steady
from tests.report import searches

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on PATH: reports are not looked at in a browser"
)

OUT = """
[...document.querySelectorAll('body *')].filter(each =>
  each.getBoundingClientRect().right > innerWidth + 1 && !each.closest('.scroll')
).map(each => each.outerHTML.slice(0, 90))
"""
"""What sticks out of the screen, and cannot be moved sideways by itself."""

LETTERS = """
Math.min(...[...document.querySelectorAll('svg.chart text')].map(each => {
  const svg = each.ownerSVGElement;
  const share = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  return share * parseFloat(getComputedStyle(each).fontSize);
}))
"""
"""The size of the smallest letters of pictures on the screen, px."""

CUT = """
[...document.querySelectorAll('svg.chart')].flatMap(svg => {
  const left = svg.getBoundingClientRect().left;
  return [...svg.querySelectorAll('text')]
    .filter(each => each.getBoundingClientRect().left < left - 0.5)
    .map(each => each.textContent);
})
"""
"""Labels that begin before their picture does."""


def _found() -> str:
    search = searches.found()
    return capacity.render(search, result(search))


def _going_on() -> str:
    body = searching.body(
        1, searches.unfinished(), on=True, error="", folder="capacity-two",
        former=[searching.Former(2, "two", "gpu's capacity is 24/s to 33/s")],
    )  # fmt: skip
    return searching.page().replace("</main>", f"{body}</main>")


def _run() -> str:
    run = golden_run(TWO, {"gpu": steady(100, 1), "ei": steady(200, 1)})
    return page.render(run, judge(run))


def _plan() -> str:
    sizes = {"gpu": ((40_000,),), "ei": ((40_000,),)}
    return planned.page(put_together(scenario(TWO), sizes), "Two targets.")


PAGES: dict[str, Callable[[], str]] = {
    "capacity": _found, "search": _going_on, "run": _run, "plan": _plan,
}  # fmt: skip


def test_on_a_telephone(tmp_path: Path) -> None:
    """Only what can be moved sideways is wider than the screen, and its labels are whole."""
    with browser(tmp_path) as screen:
        for name, made in PAGES.items():
            file = tmp_path / f"{name}.html"
            file.write_text(made(), "utf-8")
            screen.look(400, "light")
            screen.open(file.as_uri())
            give_up = time.monotonic() + PATIENCE_S
            while screen.run("document.readyState + location.href") != f"complete{file.as_uri()}":
                assert time.monotonic() < give_up, name
                time.sleep(0.05)
            screen.run("document.querySelectorAll('details').forEach(each => each.open = true)")
            assert screen.run("document.documentElement.scrollWidth <= innerWidth"), name
            assert screen.run(OUT) == [], name
            assert screen.run(LETTERS) >= 9, name
            assert screen.run(CUT) == [], name
