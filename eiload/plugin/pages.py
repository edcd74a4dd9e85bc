"""eiload's own pages in Locust's web UI: the live page, its data, the session, plans.

What it knows: Flask's requests and answers. What it must not know: how a run is made, what is said
of it. Whoever asks has been let in already (`web`). Long work is done by a thread, because Locust
does everything else in this one.
"""

from collections.abc import Callable
from typing import Any

import gevent
from flask import Response, redirect, request

from eiload.base.errors import EiloadError
from eiload.plugin.form import SCRIPT, TAB, Plans
from eiload.plugin.live import Live
from eiload.plugin.outcome import Outcome
from eiload.report import render
from eiload.report.html.sections import page as sentence
from eiload.report.live.page import POLICY, page

__all__ = ["PATH", "add", "answer", "apart"]

PATH = "/eiload"

LINKS = {
    "/report": "eiload's report on the last run",
    "": "eiload's live page, with all runs of this session",
    "/capacity": "eiload's capacity searches of this session",
}
"""What the web UI calls our pages among the data to download."""

FORMS = {
    "report.html": ("html", "text/html"),
    "run.json": ("json", "application/json"),
    "report.txt": ("terminal", "text/plain"),
}
"""What there is of each run: file, form of report, type."""

JSON = "application/json"

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
}

View = Callable[..., Any]


def add(
    web: Any,
    base_path: str,
    guarded: Callable[[View], View],
    *,
    outcome: Callable[[], Outcome | None],
    live: Live,
    plans: Plans,
    searching: Callable[[], bool],
) -> None:
    """Add the pages to Locust's web UI, a tab for the live one, and links.

    Args:
        web: Locust's `WebUI`.
        base_path: what all of its paths begin with (``--web-base-path``).
        guarded: lets in who may see a view, and no other.
        outcome: returns what became of the last run.
        live: what the live page shows.
        plans: what the form shows of a scenario.
        searching: tells whether what was begun last is a capacity search.
    """

    def report_page() -> Response:
        """Return the report of the last run, as on a terminal."""
        last = outcome()
        if last is None or last.run is None or last.judgement is None:
            return answer("no run has ended with a report yet\n", "text/plain", status=404)
        return answer(render("terminal", last.run, last.judgement), "text/plain")

    def live_page() -> Any:
        """Return the live page; what was begun last may be a search, which has its own."""
        if searching():
            return redirect(f"{base_path}{PATH}/capacity?live=1")
        return answer(page(), "text/html", {"Content-Security-Policy": POLICY})

    def live_data() -> Response:
        """Return what the page shows at this moment."""
        if searching():
            return answer('{"head":{"stage":"search","refused":"","runs":[]},"run":0}', JSON)
        said = request.args
        number = {name: said.get(name, 0, int) for name in ("run", "generation", "after")}
        told = live.told(
            number["run"], said.get("view", ""), number["generation"], max(0, number["after"])
        )
        return answer(told, JSON)

    def run_page(number: int, name: str) -> Response:
        """Return a run of the session in one of its forms."""
        form, type_ = FORMS.get(name, ("", ""))
        text = apart(lambda: live.session.shown(number, form)) if form else None
        if text is None:
            return answer("no such run is kept, or it has no report\n", "text/plain", status=404)
        more = {}
        if form == "json":
            more["Content-Disposition"] = f'attachment; filename="run-{number}.json"'
        return answer(text, type_, more)

    def compare_page() -> Response:
        """Return the comparison of two targets of the session's runs."""
        try:
            sides = [_side(request.args.get(name, "")) for name in ("baseline", "candidate")]
            text = apart(lambda: live.session.compared(sides[0], sides[1]))
        except EiloadError as error:
            return _refused("Not compared", error)
        except ValueError:
            return answer(
                "expected baseline=RUN.TARGET&candidate=RUN.TARGET\n", "text/plain", status=400
            )
        return answer(text, "text/html")

    def plan_page() -> Response:
        """Return the plan of a scenario that the form offers."""
        name = request.args.get("scenario", "")
        try:
            return answer(apart(lambda: plans.page(name)), "text/html")
        except EiloadError as error:
            return _refused("No plan", error)

    def script() -> Response:
        """Return what is added to Locust's page."""
        return answer(SCRIPT, "text/javascript")

    for path, endpoint, view in (
        ("", "eiload", live_page),
        ("/report", "eiload-report", report_page),
        ("/live", "eiload-live", live_data),
        ("/run/<int:number>/<name>", "eiload-run", run_page),
        ("/compare", "eiload-compare", compare_page),
        ("/plan", "eiload-plan", plan_page),
        ("/form.js", "eiload-form", script),
    ):
        web.app.add_url_rule(f"{base_path}{PATH}{path}", endpoint, guarded(view))
    web.template_args["extended_tabs"] = [TAB]
    web.template_args["extended_csv_files"] = [
        {"href": f"{base_path}{PATH}{path}", "title": title} for path, title in LINKS.items()
    ]


def _refused(title: str, error: EiloadError) -> Response:
    said = "; ".join(str(error).splitlines())
    return answer(sentence(title, said, "open", ()), "text/html", status=409)


def answer(
    text: str, type_: str, more: dict[str, str] | None = None, *, status: int = 200
) -> Response:
    """Return an answer with the headers of all of ours."""
    return Response(
        text, status, {**HEADERS, **(more or {})}, content_type=f"{type_}; charset=utf-8"
    )


def apart(work: Callable[[], Any]) -> Any:
    """Return what some work gives that a thread does meanwhile."""
    return gevent.get_hub().threadpool.apply(work)


def _side(said: str) -> tuple[int, int]:
    """Return the run's and the target's number of ``3.0``.

    Raises:
        ValueError: it is not that.
    """
    number, _, target = said.partition(".")
    return int(number), int(target)
