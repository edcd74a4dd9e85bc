"""The report's figures: a picture, its key, its words, and the numbers behind it for hovering."""

import json
from collections.abc import Iterable, Sequence

from eiload.base import wording
from eiload.base.units import format_percentile
from eiload.record.intervals import Kind
from eiload.record.parts import over_time as over_time_of
from eiload.record.run import Run
from eiload.record.split import NAMES
from eiload.report import words
from eiload.report.html import charts, over_time
from eiload.report.html.picture import png
from eiload.report.html.svg import attribute, text
from eiload.report.html.went import SHADES

__all__ = ["heats", "lag", "latency", "load", "parts", "percentiles"]

LINES = {0.5: "q0", 0.95: "q1", 0.99: "q2"}


def percentiles(run: Run, limits: charts.Limits) -> str:
    """Return the percentile curves: of all judged phases, and of each where there are several."""
    measured = [span for span in run.measured() if span.seconds]
    choices = [("all judged phases", measured)]
    if len(measured) > 1:
        choices += [(span.name, [span]) for span in measured]
    parts = []
    # All are shown until the script has hidden what is not chosen: without it none is missing.
    for number, (name, spans) in enumerate(choices):
        label = f"response time at each percentile, {name}"
        drawn = charts.percentiles(run, spans, limits, label)
        whose = f'<p class="note">{text(name)}</p>' if len(choices) > 1 else ""
        at = attribute(data_part="percentiles", data_value=number)
        parts.append(f"<div{at}>{whose}{drawn}</div>")
    options = "".join(
        f'<option value="{number}">{text(name)}</option>'
        for number, (name, _) in enumerate(choices)
    )
    select = f'<select data-choose="percentiles" aria-label="phase">{options}</select>'
    return (select if len(choices) > 1 else "") + _key(run, ()) + "".join(parts)


def latency(run: Run, limits: charts.Limits) -> str:
    """Return response times over time."""
    drawn, by_target = charts.times(run, limits, "response times over the run")
    stretches = max(by_target, key=len, default=[])
    if not stretches:
        return '<p class="note">Too few requests for any percentile over time.</p>'
    lengths = ", ".join(
        f"{format_percentile(each.q)} over {wording.span(each.length_s)}" for each in stretches
    )
    missing = [q for q in charts.QUANTILES if q not in {each.q for each in stretches}]
    note = f"Each step is as long as its percentile needs: {lengths}."
    if missing:
        names = " and ".join(format_percentile(q) for q in missing)
        note += f" The run has too few requests for {names} over time."
    series = []
    for target, (facts, found) in enumerate(zip(run.targets, by_target, strict=True)):
        for each in found:
            name = f"{facts.name} {format_percentile(each.q)}"
            steps = [[start, end, f"{words.milliseconds(v)} ms"] for start, end, v in each.steps]
            series.append({"name": name, "target": target, "steps": steps})
    key = _key(run, [(LINES[each.q], format_percentile(each.q)) for each in stretches])
    return f'{key}{_hovered(drawn, series, run)}<p class="note">{text(note)}</p>'


def heats(run: Run, limits: charts.Limits) -> str:
    """Return for each target a map of its requests: when they were due, how long they took."""
    heights = charts.span_of(run, limits)
    parts = []
    for target, facts in enumerate(run.targets):
        sample = run.sample(target, run.phases())
        if not sample.total:
            continue
        found = over_time.heat(sample, run.step_s, heights.low_ns, heights.high_ns)
        label = f"requests to {facts.name} by time and response time"
        drawn = charts.heat(run, label, png(found, target), heights)
        parts.append(
            f'<div class="target-{target}"><p class="note">{_named(run, target)}</p>{drawn}</div>'
        )
    return "".join(parts)


def load(run: Run) -> str:
    """Return for each target what was due, answered and failed, per second."""
    parts = []
    for target, facts in enumerate(run.targets):
        found = over_time.rates(run, target, run.phases())
        if not found.due.any():
            continue
        drawn = charts.rates(run, target, f"requests to {facts.name} per second")
        seconds = sum(span.seconds for span in run.phases())
        flying = over_time.in_flight(run.sample(target, run.phases()), found.column_s).tolist()
        series: list[dict[str, object]] = []
        for name, counts in (
            ("due", found.due),
            ("answered", found.answered),
            ("failed", found.failed),
        ):
            if name == "failed" and not counts.any():
                continue
            rates = []
            for number, count in enumerate(counts.tolist()):
                start = number * found.column_s
                end = min(start + found.column_s, seconds)
                rates.append(wording.rate(count / (end - start)))
            series.append({"name": name, "every": found.column_s, "said": rates})
        ups = [words.three_digits(mean) for mean in flying]
        series.append({"name": "in flight", "every": found.column_s, "said": ups})
        most = words.three_digits(max(flying, default=0.0))
        said = f"{_named(run, target)}: at most {most} in flight (mean over {found.column_s} s)"
        parts.append(
            f'<div class="target-{target}"><p class="note">{said}</p>'
            f"{_hovered(drawn, series, run)}</div>"
        )
    return "".join(parts)


def parts(run: Run) -> str:
    """Return for each target where its time went over time; nothing where nobody could tell."""
    steps = [list(over_time_of(run, target, run.phases())) for target in range(len(run.targets))]
    most_ns = max((sum(each.mean_ns.values()) for of in steps for each in of), default=0.0)
    drawn = []
    for target, of in enumerate(steps):
        if not of:
            continue
        label = f"where the time of {run.targets[target].name} went over the run"
        series: list[dict[str, object]] = [
            {
                "name": name,
                "steps": [
                    [
                        each.first_second,
                        each.first_second + each.seconds,
                        f"{words.milliseconds(each.mean_ns[kind])} ms",
                    ]
                    for each in of
                ],
            }
            for kind, name in NAMES.items()
            if any(each.mean_ns[kind] for each in of)
        ]
        picture = charts.parts(run, target, of, most_ns, label)
        drawn.append(
            f'<div class="target-{target}"><p class="note">{_named(run, target)}</p>'
            f"{_hovered(picture, series, run)}</div>"
        )
    return _shades(target=0) + "".join(drawn) if drawn else ""


def _shades(target: int) -> str:
    """Return which shade is which part."""
    items = []
    for kind, name in NAMES.items():
        at = attribute(
            x=0, y=0, width=26, height=10, class_=f"part t{target}", fill_opacity=SHADES[kind]
        )
        items.append(
            f'<li><svg viewBox="0 0 26 10" aria-hidden="true"><rect{at}/></svg>{text(name)}</li>'
        )
    return f'<ul class="key">{"".join(items)}</ul>'


def lag(run: Run, allowed_ns: float) -> str:
    """Return the generator's own lateness over time."""
    sent = any(run.sample(t, run.phases(), Kind.LAG).good for t in range(len(run.targets)))
    if not sent:
        return '<p class="note">Nothing was sent.</p>'
    drawn = charts.lags(run, allowed_ns, "lag over the run")
    return _key(run, [("q0", "p50"), ("q2", "p99")]) + drawn


def _named(run: Run, target: int) -> str:
    facts = run.targets[target]
    return text(wording.marked(facts.name, facts.emulated))


def _key(run: Run, lines: Iterable[tuple[str, str]]) -> str:
    """Return which colour is whose, as boxes to be ticked, and which line is which percentile."""
    parts = []
    for target in range(len(run.targets)):
        line = f'<line x1="0" x2="26" y1="5" y2="5" class="t{target % 6}" stroke-width="3"/>'
        box = f'<input type="checkbox" checked data-target="{target}"/>'
        swatch = f'<svg viewBox="0 0 26 10" aria-hidden="true">{line}</svg>'
        parts.append(f"<li><label>{box}{swatch}{_named(run, target)}</label></li>")
    for class_, name in lines:
        path = f'<path d="M0 5L26 5" class="{class_}" stroke="currentColor"/>'
        swatch = f'<svg viewBox="0 0 26 10" aria-hidden="true">{path}</svg>'
        parts.append(f"<li>{swatch}{text(name)}</li>")
    return f'<ul class="key">{"".join(parts)}</ul>'


def _hovered(drawn: str, series: Sequence[dict[str, object]], run: Run) -> str:
    """Return a picture over time with the numbers that are shown where the pointer is."""
    end = max((span.first_second + span.seconds for span in run.phases()), default=1)
    data = {
        "left": charts.LEFT,
        "right": charts.WIDTH - charts.RIGHT,
        "top": charts.TOP,
        "bottom": 1000,
        "low": 0,
        "high": max(end, 1),
        "clock": True,
        "series": series,
    }
    # Within a script element only "</" could end it.
    packed = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return f'<figure data-points>{drawn}<script type="application/json">{packed}</script></figure>'
