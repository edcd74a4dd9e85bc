"""The server's side over time: what it counted, how long it took, its GPU's use and power."""

from collections.abc import Callable

from eiload.base import wording
from eiload.observe.steps import Steps, gpu_steps, server_mean_ms, server_rate
from eiload.record.run import Run
from eiload.report import observed as said
from eiload.report import sides
from eiload.report.html import charts
from eiload.report.html.svg import text
from eiload.report.html.tables import section

__all__ = ["observed"]

PICTURES: tuple[tuple[str, str, Callable[[Run, int], list[Steps]]], ...] = (
    (
        "mean time in the server, by its own account",
        "ms",
        lambda run, target: [server_mean_ms(run, target)],
    ),
    (
        "requests that the server counted",
        "per s",
        lambda run, target: [server_rate(run, target)],
    ),
    ("GPU use", "%", lambda run, target: _gpus(run, target, "gpu_use")),
    ("GPU power", "W", lambda run, target: _gpus(run, target, "gpu_power_w")),
)
"""What each shows, its unit, and a target's lines."""


def observed(run: Run) -> str:
    """Return the pictures and the tables; nothing of a run of which nothing was read."""
    found = [each for each in (sides.section(run), *said.sections(run)) if each.rows or each.lines]
    if not found:
        return ""
    parts = []
    for what, unit, steps_of in PICTURES:
        lines = [
            (f"t{target % 6}", steps)
            for target in range(len(run.targets))
            for steps in steps_of(run, target)
            if steps
        ]
        if lines:
            parts.append(f'<p class="note">{text(what)}</p>{_names(run)}')
            parts.append(charts.lines(run, lines, unit, f"{what} over the run"))
    parts += [section(each, level=3) for each in found]
    return "".join(parts)


def _names(run: Run) -> str:
    """Return whose the colours are."""
    named = []
    for target, facts in enumerate(run.targets):
        if run.sources(target):
            line = f'<line x1="0" x2="26" y1="5" y2="5" class="t{target % 6}" stroke-width="3"/>'
            swatch = f'<svg viewBox="0 0 26 10" aria-hidden="true">{line}</svg>'
            named.append(f"<li>{swatch}{text(wording.marked(facts.name, facts.emulated))}</li>")
    return f'<ul class="key">{"".join(named)}</ul>'


def _gpus(run: Run, target: int, name: str) -> list[Steps]:
    return [steps for _, steps in gpu_steps(run, target, name)]
