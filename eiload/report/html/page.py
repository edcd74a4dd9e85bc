"""The page: the verdict first, then the pictures, then everything else, folded."""

import base64
import json
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

import yaml

from eiload.base.clock import NS_PER_S
from eiload.judging import health
from eiload.judging.judgement import Judgement
from eiload.judging.sla import Word
from eiload.record import stopping
from eiload.record.checksum import CHECKSUM, sealed
from eiload.record.run import Run
from eiload.report import json as report_json
from eiload.report.against import tone_of
from eiload.report.content import sections
from eiload.report.html import charts, figures, planned, verdicts
from eiload.report.html.document import document
from eiload.report.html.observed import observed
from eiload.report.html.svg import text
from eiload.report.html.tables import cell, section
from eiload.report.html.went import went
from eiload.report.planning import planned as put_together
from eiload.report.section import Tone
from eiload.scenario.arrivals import OpenPhase

__all__ = ["render"]

PLANNED_AT_MOST = 2_000_000
"""Requests whose plan is drawn: each is counted anew, a million takes a tenth of a second."""

CURVE = (
    "Response time at each percentile, failures included: where a curve leaves the picture, the"
    " requests beyond did not end OK. Each nine is as wide as the one before. Grey: fewer than 20"
    " requests lie beyond, so a percentile there is a story about those few."
)
HEAT = (
    "Each field is how many requests were due then and took so long: stalls are columns, two kinds"
    " of answers are two bands. Red at the top: requests that did not end OK."
)
WENT = (
    "Mean response time, part by part; below, over time. Instants are those of the client's system"
    " calls: what lies in a kernel's or a proxy's buffers counts as wait."
)
OBSERVED = (
    "Read beside the load, once a second: the server's own account, which knows means exactly and"
    " percentiles between two limits only; its GPU; its host."
)
LOAD = "Line: requests due per second. Area: good answers. Red: requests that did not end OK."
LAG = "How late the generator itself was: sent - intended. Too much of it makes a run invalid."


def render(run: Run, judgement: Judgement) -> str:
    """Return the whole page."""
    limits = charts.limits_of(run.scenario.objectives)
    body = [
        _head(run, judgement),
        _part("Objectives", "", verdicts.objectives(run, judgement)),
        _comparison(judgement),
        _part("The tail", CURVE, figures.percentiles(run, limits)),
        _part("Response times over time", "", figures.latency(run, limits)),
        _part("Where each request lies", HEAT, figures.heats(run, limits)),
        _part("Where the time went", WENT, went(run) + figures.parts(run)),
        _part("The server's side", OBSERVED, observed(run)),
        _part("The load", LOAD, figures.load(run)),
        _part("The generator", LAG, figures.lag(run, _allowed_lag_ns(run))),
        _folded(run, judgement),
    ]
    return document(f"{run.scenario.name}: {judgement.summary}", "".join(body))


def _allowed_lag_ns(run: Run) -> int:
    return min((health.allowed_lag_ns(run, t) for t in range(len(run.targets))), default=0)


def _part(title: str, note: str, body: str) -> str:
    if not body:
        return ""
    said = f'<p class="note">{text(note)}</p>' if note else ""
    return f"<section><h2>{text(title)}</h2>{said}{body}</section>"


# -- what it comes to --------------------------------------------------------------------------


def _head(run: Run, judgement: Judgement) -> str:
    started = datetime.fromtimestamp(run.started_wall_ns // NS_PER_S, UTC)
    targets = ", ".join(f"{each.name} ({each.model} at {each.address})" for each in run.targets)
    tone = {0: "good", 1: "bad", 3: "open"}.get(judgement.exit_status, "bad")
    lines = [f"<h1>{text(run.scenario.name)}</h1>"]
    lines.append(f'<p class="sub">{started:%Y-%m-%d %H:%M:%S} UTC, {text(targets)}</p>')
    lines.append(f'<p class="verdict {tone}">{text(judgement.summary)}</p>')
    lines.append(f'<ul class="badges">{"".join(_badges(run, judgement))}</ul>')
    return f"<header>{''.join(lines)}</header>"


def _badges(run: Run, judgement: Judgement) -> list[str]:
    found: list[tuple[str, str, str]] = []
    if run.emulated:
        names = ", ".join(each.name for each in run.targets if each.emulated)
        found.append(("emulated", "EMULATED", f"{names}: says nothing of real hardware"))
    if not judgement.validity.valid:
        found += [("bad", "INVALID", reason) for reason in judgement.validity.reasons]
    else:
        undecided = [each for each in judgement.verdicts if each.word is Word.UNDECIDED]
        if undecided:
            said = f"{len(undecided)} of {len(judgement.verdicts)} objectives, for now: "
            found.append(("open", "UNDECIDED", said + undecided[0].reason))
    if run.stopped:
        planned = stopping.as_planned(run.stopped)
        badge = ("good", "ENDED AS PLANNED") if planned else ("open", "STOPPED EARLY")
        found.append((*badge, run.stopped))
    found += [("open", "CAUTION", caution) for caution in judgement.validity.cautions]
    return [
        f'<li><span class="badge {class_}">{word}</span>{text(said)}</li>'
        for class_, word, said in found
    ]


def _comparison(judgement: Judgement) -> str:
    found = judgement.comparison
    if found is None:
        return ""
    word = str(found.word) if found.word is not None else "no verdict"
    badge = cell(Tone(word, tone_of(found.word)))
    notes = "".join(f"<li>{text(note)}</li>" for note in found.notes)
    statement = found.statement.removeprefix(f"{word}: ")  # the badge says it
    said = f"<p>{badge}{text(statement)}</p>" + (f"<ul>{notes}</ul>" if notes else "")
    title = f"{found.candidate.name} against {found.baseline.name}"
    return _part(title, "", said + verdicts.comparison(found))


# -- everything else ---------------------------------------------------------------------------


def _folded(run: Run, judgement: Judgement) -> str:
    parts = [_details(each.title, section(each, level=0)) for each in sections(run, judgement)]
    masked = run.scenario.masked().model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    written = yaml.safe_dump(masked, sort_keys=False, allow_unicode=True)
    if plan := _plan(run):
        parts.append(_details("plan", plan))
    parts.append(_details("scenario", f"<pre>{_whole(written)}</pre>"))
    facts = "".join(
        f"<tr><td>{text(key)}</td><td class=wrap>{text(value)}</td></tr>"
        for key, value in run.environment.items()
    )
    workers = "".join(f"<li>{text(_worker(run, index))}</li>" for index in range(len(run.workers)))
    parts.append(
        _details("versions, machine, workers", f"<table>{facts}</table><ul>{workers}</ul>")
    )
    # Most of it is base64 already: percent-encoding what is not keeps it a quarter shorter.
    whole = json.loads(report_json.render(run, judgement))
    # A page should fit into a mail: its pictures show the series, and counts can be packed tighter.
    del whole["series"]
    counts = zlib.decompress(base64.b64decode(whole["intervals"]))
    whole["intervals"] = base64.b64encode(zlib.compress(counts, 9)).decode("ascii")
    whole |= sealed({name: whole[name] for name in whole[CHECKSUM]["of"]})
    document = json.dumps(whole, separators=(",", ":"))
    packed = quote(document, safe="/+=:,{}[]")
    link = (
        f'<a download="run.json" href="data:application/json;charset=utf-8,{packed}">run.json</a>: '
        "the run file, for <code>eiload report</code> and <code>eiload compare</code>"
    )
    parts.append(_details("run file", f"<p>{link}</p>"))
    return "<section><h2>Everything else</h2>" + "".join(parts) + "</section>"


def _plan(run: Run) -> str:
    """Return what the scenario planned to send; nothing where nobody knows or counts it.

    What it could decide is judged by now. Of a replay it has what was seen: no trace is looked for.
    """
    opened = [phase for phase in run.scenario.traffic if isinstance(phase, OpenPhase)]
    if not opened:
        return ""
    if sum(phase.expected() for phase in opened) > PLANNED_AT_MOST:
        return ""
    sizes = {
        name: tuple((size,) for size in facts.request_bytes)
        for name, facts in zip(run.scenario.targets, run.targets, strict=True)
    }
    made = put_together(run.scenario, sizes, remembered=True)
    return planned.drawn(replace(made, decisions=(), unequal=""), 3)


def _details(title: str, body: str) -> str:
    return f"<details><summary>{text(title)}</summary>{body}</details>"


def _whole(of: str) -> str:
    """Return a text of several lines."""
    return "\n".join(text(line) for line in of.splitlines())


def _worker(run: Run, index: int) -> str:
    worker = run.workers[index]
    share = worker.cpu_s / worker.wall_s if worker.wall_s else 0.0
    lost = f", lost: {worker.lost}" if worker.lost else ""
    return (
        f"{worker.name}: {share:.0%} of a core, {worker.rss_bytes / 1e6:.0f} MB, sender's loop"
        f" delayed by at most {worker.loop_delay_max_ns / 1e6:.1f} ms{lost}"
    )
