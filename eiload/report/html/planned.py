"""A plan as a page: what a scenario would send, drawn, and what it could decide.

Pure: a `Plan` in, HTML out. The same tables as ``eiload plan`` has on a terminal.
"""

import numpy as np

from eiload.base.clock import NS_PER_S
from eiload.report import outlook, plan
from eiload.report.html.charts import clock
from eiload.report.html.document import document
from eiload.report.html.svg import Frame, Linear, text
from eiload.report.html.tables import section

__all__ = ["drawn", "page"]

WIDTH, HEIGHT = 1080.0, 190.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 14.0, 26.0, 30.0
STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)
COLUMNS = 540
"""Steps of the line: two pixels each."""


def page(planned: plan.Plan, description: str) -> str:
    """Return the page.

    Args:
        planned: the plan.
        description: what the scenario's file says of itself; may be empty.
    """
    scenario = planned.scenario
    first, *cannot = outlook.outlook(scenario)
    told = "".join(f"<p>{text(line)}</p>" for line in description.split("\n") if line)
    doubts = "".join(f"<li>{text(line)}</li>" for line in cannot)
    return document(
        f"the plan of {scenario.name}",
        f'<h1>{text(scenario.name)}</h1>{told}<p class="sub">{text(first)}</p>'
        f"{f'<ul>{doubts}</ul>' if doubts else ''}{drawn(planned)}",
    )


def drawn(planned: plan.Plan, level: int = 2) -> str:
    """Return the plan's picture and its tables, under headings of a level."""
    _, *parts = plan.sections(planned, width=100, unicode=True)  # the first is drawn better here
    return _rate(planned) + "".join(section(each, level) for each in parts)


def _rate(planned: plan.Plan) -> str:
    """Return the rate over time, its phases shaded; nothing where nothing is due by the clock."""
    per_second = np.concatenate([each.per_second for each in planned.phases]).astype(np.float64)
    if not per_second.any():
        return ""
    end_s = planned.scenario.duration_ns / NS_PER_S
    width = -(-len(per_second) // COLUMNS)
    starts = np.arange(0, len(per_second), width)
    lengths = np.minimum(width, len(per_second) - starts)
    rates = np.add.reduceat(per_second, starts) / lengths
    frame = Frame(
        WIDTH, HEIGHT, Linear(0, end_s, LEFT, WIDTH - RIGHT, STEPS_S),
        Linear(0, float(rates.max()) * 1.1, HEIGHT - BOTTOM, TOP), LEFT, RIGHT, TOP, BOTTOM,
    )  # fmt: skip
    parts, start_s = [], 0.0
    for number, phase in enumerate(planned.scenario.traffic):
        until_s = start_s + phase.duration_ns / NS_PER_S
        class_ = "phase warm" if phase.warm_up else "phase odd" if number % 2 else "phase"
        parts.append(frame.shade(start_s, until_s, class_, phase.name))
        start_s = until_s
    parts.append(frame.axes(clock, lambda rate: f"{rate:g}", "per s"))
    steps = zip(starts.tolist(), (starts + lengths).tolist(), rates.tolist(), strict=True)
    parts.append(frame.steps([(float(a), float(b), c) for a, b, c in steps], "t0 q2"))
    return frame.wrap("".join(parts), "requests per second at each target over the whole run")
