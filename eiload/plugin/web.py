"""eiload in Locust's web UI: starts are looked at before Locust does, the last report has a page.

What it knows: Flask's requests and answers, Locust's views. What it must not know: how a run is
made. Flask is imported here only, so that headless runs do without it.

Locust's own views are wrapped, so that whatever Locust asks for (``--web-login``) comes first:
nothing of a request is looked at before it has been let in.
"""

import os
import socket
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import jsonify, request

from eiload.base.errors import EiloadError
from eiload.plugin import form, pages, search_pages
from eiload.plugin.live import Live
from eiload.plugin.origin import VARIABLE, Names
from eiload.plugin.outcome import Outcome
from eiload.plugin.searches import Searches
from eiload.plugin.starts import Starts

__all__ = ["serve"]

View = Callable[..., Any]


def serve(
    web: Any,
    given: Any,
    starts: Starts,
    *,
    picked: Callable[[], None],
    outcome: Callable[[], Outcome | None],
    live: Live,
    searches: Searches,
) -> None:
    """Add to Locust's web UI.

    Args:
        web: Locust's `WebUI`.
        given: Locust's options as the command line gave them.
        starts: takes or refuses the form of a start.
        picked: told that the class picker has set users and shape.
        outcome: returns what became of the last run.
        live: what the live page shows.
        searches: capacity searches.
    """
    own = [socket.gethostname(), given.web_host, given.web_host_display_name]
    names = Names(own, os.environ.get(VARIABLE, ""))

    def refused(message: str, status: int) -> Any:
        """Answer as Locust does when it starts nothing."""
        answer = {"success": False, "message": message, "host": web.environment.host}
        return jsonify(answer), status

    def guarded(view: View) -> View:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            changes = request.method not in {"GET", "HEAD", "OPTIONS"}
            if (why := names.refusal(dict(request.headers), changes=changes)) is not None:
                return refused(why, 403)
            return view(*args, **kwargs)

        guarded_view: View = web.auth_required_if_enabled(checked)
        return guarded_view

    def starting(view: View) -> View:
        @wraps(view)
        def swarm() -> Any:
            try:
                picker = web.userclass_picker_is_active
                starts.take(request.form, request.form.getlist("user_classes") if picker else None)
            except EiloadError as error:
                return refused(str(error), 200)  # the web UI shows no message of another status
            started = False
            try:
                response = web.app.make_response(view())
                started = bool((response.get_json(silent=True) or {}).get("success"))
            finally:
                if not started:
                    starts.over()
            return response

        return swarm

    def stopping(view: View) -> View:
        @wraps(view)
        def stop() -> Any:
            response = view()
            starts.over()  # it may have come before the start did
            return response

        return stop

    def changing_users(view: View) -> View:
        @wraps(view)
        def user() -> Any:
            settings = request.get_json(force=True, silent=True)
            classes = web.environment.available_user_classes or {}
            if (why := starts.choice.refused(settings, classes)) is not None:
                return refused(why, 400)
            return view()

        return user

    def with_ours(view: View) -> View:
        @wraps(view)
        def index() -> Any:
            answer = web.app.make_response(view())
            if answer.status_code == 200:
                answer.set_data(form.with_script(answer.get_data(as_text=True)))
            return answer

        return index

    for name in ("_update_user_classes", "_update_shape_class"):  # what the picker's form does
        setattr(web, name, _then(getattr(web, name), picked))
    views = web.app.view_functions
    views["locust.swarm"] = guarded(starting(views["locust.swarm"]))
    views["locust.index"] = with_ours(views["locust.index"])
    views["locust.stop"] = stopping(views["locust.stop"])
    views["locust.update_user"] = guarded(changing_users(views["locust.update_user"]))
    for name in ("locust.stop", "locust.reset_stats"):  # of what was started here
        views[name] = guarded(views[name])
    plans = form.Plans(starts.choice)
    pages.add(
        web, given.web_base_path or "", guarded,
        outcome=outcome, live=live, plans=plans, searching=lambda: searches.shown,
    )  # fmt: skip
    search_pages.add(web, given.web_base_path or "", guarded, searches, starts.choice)
    form.keep_choice(web, starts.choice)


def _then(update: Callable[[Any], None], tell: Callable[[], None]) -> Callable[[Any], None]:
    """Return what updates something and then tells of it."""

    def updates(value: Any) -> None:
        update(value)
        tell()

    return updates
