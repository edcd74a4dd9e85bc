"""A capacity search while it goes on, as a page: what is next, the bracket so far, each trial.

Pure. The page's own script asks once a second how it is, and puts what it is told in its place;
whatever was named by a user is escaped here, and the content policy runs nothing but that script.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from eiload.base import wording
from eiload.judging.capacity.result import Result, Search, result
from eiload.judging.capacity.search import next_trial
from eiload.judging.capacity.trial import Purpose
from eiload.report import words
from eiload.report.capacity import sections
from eiload.report.capacity_forms import FORMS
from eiload.report.html.capacity import badges, curves, verdict
from eiload.report.html.document import document, policy
from eiload.report.html.style import STYLE
from eiload.report.html.svg import text
from eiload.report.html.tables import section

__all__ = ["POLICY", "Former", "body", "page", "place"]

MORE = """\
[hidden]{display:none!important}
.alarm{background:var(--bad-bg);color:var(--bad);padding:10px 14px;border-radius:8px;max-width:none;
overflow-wrap:anywhere}
#place{font-size:15px;color:var(--soft);overflow-wrap:anywhere;max-width:none}
#budget{width:100%;height:10px;accent-color:var(--t0)}
.links a{margin-right:12px;white-space:nowrap}
"""

SCRIPT = """\
(function () {
  'use strict';
  var version = '', failures = 0;
  function $(id) { return document.getElementById(id); }
  function say(id, text) { $(id).textContent = text; $(id).hidden = !text; }
  function ask() {
    fetch('capacity/now?version=' + encodeURIComponent(version) + '&' + location.search.slice(1),
      {credentials: 'same-origin', cache: 'no-store'}).then(function (answer) {
      if (answer.redirected || !answer.ok) { throw new Error('status ' + answer.status); }
      return answer.json();
    }).then(function (told) {
      failures = 0;
      say('silent', '');
      if (told.gone) { location.replace('../eiload'); return; }
      say('place', told.place);
      $('budget').value = told.used;
      $('budget').hidden = !told.on;
      if (told.body !== undefined) { $('found').innerHTML = told.body; version = told.version; }
    }).catch(function () {
      failures += 1;
      if (failures > 2) {
        say('silent', 'No answer from Locust (or no longer logged in): this is old. Asking again.');
      }
    }).then(function () { setTimeout(ask, document.hidden ? 5000 : 1000); });
  }
  ask();
})();
"""

_STYLE = STYLE + MORE

POLICY = policy(_STYLE, SCRIPT, "'self'") + "; frame-ancestors 'self'"
"""For the answer's header: framing is allowed to the same server only."""


@dataclass(frozen=True, slots=True)
class Former:
    """A search of this session, as a list of them has it."""

    number: int
    name: str
    said: str


def page() -> str:
    """Return the page; its script fills it."""
    frame = (
        '<p id="silent" class="alarm" role="alert" hidden></p><header><h1>Capacity search</h1>'
        '<p id="place" role="status">Asking ...</p>'
        '<progress id="budget" max="1" value="0" aria-label="budget used" hidden></progress>'
        '</header><main id="found"></main>'
    )
    return document("capacity search", frame, style=_STYLE, script=SCRIPT, connect="'self'")


def place(
    search: Search, *, on: bool, trial_s: float, ending: bool, how: str = ""
) -> tuple[str, float]:
    """Return where a search is, in a sentence, and how much of its budget is used, 0 to 1.

    Args:
        search: as far as it has come.
        on: whether it goes on.
        trial_s: for how long its present trial has been going on, s.
        ending: whether it was told to end.
        how: how its present trial goes, as its log has it (`trial_log`); "" if it does not say.
    """
    budget_s = search.bounds.budget_s
    used_s = sum(each.took_s for each in search.trials) + (trial_s if on else 0.0)
    budget = f"{wording.span(used_s)} of {wording.span(budget_s)} used"
    share = min(1.0, used_s / budget_s)
    if not on:
        return f"ended; {budget}", share
    ask = next_trial(search.bounds, [*search.scenario.targets], search.trials)
    if ask is None:
        return f"ending; {budget}", share
    length = f"for {wording.span(ask.at_most_s)}, to see"
    if ask.purpose is Purpose.CONFIRM:
        length = f"until decided, {wording.span(ask.at_most_s)} at most, to prove"
    what = f"{words.safe(ask.target, 60)} at {wording.rate(ask.rate_per_s)}"
    stage = "stopping, the last answers are waited for" if ending else "now"
    going = f"on for {wording.span(trial_s)}" + (f" ({how})" if how else "")
    return f"{stage}: trial {ask.number + 1}: {what}, {length}, {going}; {budget}", share


def body(
    number: int, search: Search, *, on: bool, error: str, folder: str, former: Sequence[Former]
) -> str:
    """Return what was found so far.

    Args:
        number: the search's, of this session.
        search: as far as it has come.
        on: whether it goes on.
        error: why it has ended, if not by what it found.
        folder: where its trials' files are.
        former: the other searches of this session.
    """
    found = result(search)
    parts = sections(search, found, folder)
    if on:  # what an open end would need is said when it is the end
        parts[0] = replace(parts[0], lines=())
    made = [_head(search, found, error, on=on)]
    if not search.seen:
        made.append(f"<section>{section(parts[-1])}</section>")
    else:
        made.append(_links(number))
        made += [f"<section>{section(each)}</section>" for each in parts[:1]]
        made.append(curves(search, found))
        made += [f"<section>{section(each)}</section>" for each in parts[1:]]
    if former:
        listed = "".join(
            f"<li>{each.number}: {text(each.name)}: {text(each.said)}{_links(each.number)}</li>"
            for each in former
        )
        made.append(
            f"<section><h2>Earlier searches of this session</h2><ul>{listed}</ul></section>"
        )
    return "".join(made)


def _head(search: Search, found: Result, error: str, *, on: bool) -> str:
    name = text(words.safe(search.scenario.name, 120))
    parts = [f"<h2>{name}</h2>"]
    if error:
        parts.append(f'<p class="alarm">{text(words.safe(error, 600))}</p>')
    ended = not on and (search.seen or search.stopped)
    parts.append(verdict(search, found) if ended else badges(search))
    parts += [f'<p class="note">{text(each)}</p>' for each in search.notes]
    return "".join(parts)


def _links(number: int) -> str:
    names = [form.file for form in FORMS.values()]
    each = (f'<a href="capacity/{number}/{name}" target="_blank">{name}</a>' for name in names)
    return f'<p class="links">{" ".join(each)}</p>'
