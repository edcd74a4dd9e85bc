"""Where the time went, as a bar for each target: its mean response time, part by part."""

from eiload.record.run import Run
from eiload.record.split import NAMES, split_of
from eiload.report import words
from eiload.report.html.svg import attribute, text
from eiload.report.html.tables import section
from eiload.report.went import section as content
from eiload.report.went import shown

__all__ = ["SHADES", "went"]

WIDTH, HEIGHT = 1000.0, 28.0
SHADES = dict(zip(NAMES, (0.2, 0.35, 0.85, 0.5, 0.7), strict=True))
"""How dark each part is."""


def went(run: Run) -> str:
    """Return the bars, all on one scale, and the table below them; nothing if nothing is known."""
    splits = [split_of(run, target) for target in range(len(run.targets))]
    longest = max((sum(map(s.mean_ns, NAMES)) for s in splits if s is not None), default=0.0)
    parts = []
    for facts, split in zip(run.targets, splits, strict=True):
        if split is None or not longest:
            continue
        at, drawn, said = 0.0, [], []
        for kind in shown(split):
            mean_ns = split.mean_ns(kind)
            label = f"{NAMES[kind]} {words.milliseconds(mean_ns)} ms"
            width = mean_ns / longest * WIDTH
            box = attribute(
                x=at, y=0, width=width, height=HEIGHT,
                fill="currentColor", fill_opacity=SHADES[kind],
            )  # fmt: skip
            drawn.append(f"<rect{box}><title>{text(label)}</title></rect>")
            said.append(label)
            at += width
        name = f"{facts.name} (emulated)" if facts.emulated else facts.name
        label = f"{name}, mean: {', '.join(said)}"
        box = attribute(viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}", role="img", aria_label=label)
        parts.append(f'<p class="note">{text(label)}</p><svg{box}>{"".join(drawn)}</svg>')
    found = content(run)
    if found.rows or found.lines:
        parts.append(section(found, level=0))
    return "".join(parts)
