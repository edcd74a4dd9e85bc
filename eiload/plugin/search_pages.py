"""Capacity searches in Locust's web UI: their page, its data, their reports, what the form offers.

What it knows: Flask's requests and answers. What it must not know: how a search is run. Whoever
asks has been let in already (`web`).
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, request

from eiload.base.errors import EiloadError
from eiload.judging.capacity.result import result
from eiload.plugin import sought
from eiload.plugin.choice import Choice
from eiload.plugin.pages import JSON, PATH, answer, apart
from eiload.plugin.searches import Searches, Sought
from eiload.report import capacity_forms
from eiload.report.html import searching as page

__all__ = ["add"]

FORMS = {form.file: form for form in capacity_forms.FORMS.values()}

NONE = "no capacity search was begun yet: Locust's form offers one for a scenario with objectives"

View = Callable[..., Any]


def add(
    web: Any,
    base_path: str,
    guarded: Callable[[View], View],
    searches: Searches,
    choice: Choice,
) -> None:
    """Add the pages to Locust's web UI.

    Args:
        web: Locust's `WebUI`.
        base_path: what all of its paths begin with (``--web-base-path``).
        guarded: lets in who may see a view, and no other.
        searches: of this session.
        choice: knows which scenarios the form offers.
    """

    def whole_page() -> Response:
        """Return the page."""
        return answer(page.page(), "text/html", {"Content-Security-Policy": page.POLICY})

    def now() -> Response:
        """Return what the page shows at this moment."""
        last = searches.last
        # The page that stands for the live one goes when a run has begun since.
        if "live" in request.args and not searches.shown:
            return _json({"gone": True})
        if last is None:
            return _json({"place": NONE, "used": 0, "on": False})
        has = request.args.get("version", "")
        return _json(apart(lambda: _told(searches, last, has)))

    def one(number: int, name: str) -> Response:
        """Return a search of the session in one of its forms."""
        found = next((each for each in searches.all if each.number == number), None)
        if found is None or name not in FORMS:
            return answer("no such search, or no such form of it\n", "text/plain", status=404)
        form = FORMS[name]
        more = {}
        if not form.shown:
            ending = name.rpartition(".")[2]
            more["Content-Disposition"] = f'attachment; filename="capacity-{number}.{ending}"'

        def made() -> str:
            search = found.search()
            return form.render(search, result(search))

        return answer(apart(made), form.type_, more)

    def offered() -> Response:
        """Return what the form offers for a scenario."""
        try:
            return _json(sought.offered(choice.offered(request.args.get("scenario", ""))))
        except EiloadError as error:
            return _json({"why": "; ".join(str(error).splitlines())})

    for path, endpoint, view in (
        ("", "eiload-capacity", whole_page),
        ("/now", "eiload-capacity-now", now),
        ("/form", "eiload-capacity-form", offered),
        ("/<int:number>/<name>", "eiload-capacity-one", one),
    ):
        web.app.add_url_rule(f"{base_path}{PATH}/capacity{path}", endpoint, guarded(view))


def _told(searches: Searches, last: Sought, has: str) -> dict[str, Any]:
    """Return how a search is, and what it has found if the page does not have that yet."""
    on = last.on  # once, and before what it has found: it may end meanwhile
    search = last.search()
    place, used = page.place(search, on=on, trial_s=last.trial_s, ending=last.stopped, how=last.how)
    version = f"{last.number}.{len(search.seen)}.{int(on)}"
    told: dict[str, Any] = {"place": place, "used": round(used, 4), "on": on}
    told["version"] = version
    if version != has:
        former = [
            page.Former(each.number, each.name, each.said_at_end)
            for each in reversed(searches.all)
            if each is not last
        ]
        told["body"] = page.body(
            last.number, search, on=on, error=last.error, folder=str(last.folder),
            former=former,
        )  # fmt: skip
    return told


def _json(told: Mapping[str, object]) -> Response:
    return answer(json.dumps(told, allow_nan=False), JSON)
