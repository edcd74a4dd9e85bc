"""What ``python -m bench.statistics`` found, as the tables of docs/statistics.md.

``python -m bench.statistics_page FILE.json docs/statistics.md`` renews them. Pure but for `main`:
it turns the numbers that `statistics` writes with ``--json`` into tables of a system a row, short
enough to be read, and judges nothing.
"""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.statistics import HELD, LENGTHS_S
from bench.table import placed

__all__ = ["main", "tables"]

Row = dict[str, Any]
"""A cell of `bench.statistics`: its ``cell`` and what was counted, in per cent of runs."""


def tables(data: dict[str, list[Row]]) -> dict[str, str]:
    """Return the document's tables by name, as Markdown."""
    judged = [row for row in data["objectives"] if not _void(row)]
    equal = data["equal"]
    found = {}
    for length in LENGTHS_S:
        found[f"objectives-{length}"] = _pivot(_of(judged, length), _OBJECTIVE)
        found[f"equal-{length}"] = _pivot(_of(equal, length), _EQUAL)
    found["equal-3600"] = _long(_of(equal, 3600))
    found["different"] = _different(_of(data["different"], 900))
    found["repeated"] = _pivot(data["repeated"], _REPEATED)
    found["worth"] = _plain(data["worth"], "n^2 / sum of n_k^2", ("runs", "pass", "fail"))
    found["errors"] = _errors(data["errors"])
    found["throughput"] = _plain(data["throughput"], "throughput", ("pass", "fail"))
    found["held"] = _held(judged, equal)
    return found


# -- a system a row ------------------------------------------------------------------------------

_OBJECTIVE = {
    "false pass": "pass",
    "false fail": "fail",
    "passes with 1.5 x room": "pass 1.5",
    "fails if 1.5 x over": "fail 1.5",
}
"""What is above a column, and the name of what was counted."""
_EQUAL = {
    "false increase": "false increase",
    "false pass": "false pass",
    "half-width": "half-width",
    "+20 % seen": "+20 %",
}
_REPEATED = {
    "groups": "runs",
    "half-width": "half-width",
    "false increase": "false increase",
    "false decrease": "false decrease",
}


def _pivot(rows: Iterable[Row], columns: dict[str, str]) -> str:
    """Return a table of a system a row, all quantiles in a cell: ``p50 / p90 / p95 / p99``.

    False words over what is to be held (`HELD`) are bold.
    """
    by_system: dict[str, dict[float, Row]] = {}
    for row in rows:
        by_system.setdefault(row["cell"][0], {})[row["cell"][3]] = row
    at = sorted({q for cells in by_system.values() for q in cells}, key=lambda q: q or 1)
    head = ["system", *(f"{said}: {' / '.join(map(_at, at))}" for said in columns)]
    lines = [
        [
            system,
            *(
                " / ".join(_cell(cells.get(q, {}).get(name), "false" in said) for q in at)
                for said, name in columns.items()
            ),
        ]
        for system, cells in by_system.items()
    ]
    return _markdown(head, lines)


def _void(row: Row) -> bool:
    """Tell whether the true quantile is no time: more requests fail than lie beyond it."""
    system, _, _, q = row["cell"]
    return bool(system == "errburst" and q == 0.99)


def _of(rows: Iterable[Row], length: int) -> list[Row]:
    return [row for row in rows if row["cell"][2] == length]


def _at(q: float) -> str:
    return f"p{q * 100:g}" if q else "mean"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}"


def _cell(value: float | None, false: bool) -> str:
    text = _number(value)
    return f"**{text}**" if false and value is not None and value > HELD else text


def _markdown(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rule = "|" + "---|" * len(head)
    return "\n".join(
        [f"| {' | '.join(head)} |", rule, *(f"| {' | '.join(each)} |" for each in lines)]
    )


# -- the other tables ----------------------------------------------------------------------------


def _long(rows: Sequence[Row]) -> str:
    names = ("judged", "half-width", "miss", "false increase", "false pass", "no increase", "+20 %")
    head = ["system, quantile", *names]
    lines = [
        [f"{row['cell'][0]}, {_at(row['cell'][3])}", *(_number(row.get(name)) for name in names)]
        for row in rows
    ]
    return _markdown(head, lines)


def _different(rows: Sequence[Row]) -> str:
    head = (
        "change in the candidate, 900 s", "quantile", "true", "interval above it",
        "interval below it", "says slower", "passes",
    )  # fmt: skip
    lines = []
    for row in sorted(rows, key=lambda row: (row["cell"][1], row["cell"][0], row["cell"][3])):
        system, change, _, q = row["cell"]
        values = [_number(row.get(name)) for name in ("below", "above", "increase", "passes")]
        lines.append([f"{system}, {change}", _at(q), f"{row['true']:+.1f} %", *values])
    return _markdown(head, lines)


def _plain(rows: Sequence[Row], first: str, names: Sequence[str]) -> str:
    said = {"pass": "false pass", "fail": "false fail", "runs": "verdicts"}
    head = [first, *(said.get(name, name) for name in names)]
    lines = [
        [
            str(row["cell"]),
            *(
                f"{row[name]:.0f}" if name == "runs" else _cell(row.get(name), True)
                for name in names
            ),
        ]
        for row in rows
    ]
    return _markdown(head, lines)


def _errors(rows: Sequence[Row]) -> str:
    """Return those of bursts: at the limit false passes, at a part of it passes that are right."""
    head = ("bursts expected at the limit", "false pass", "passes at a half", "at a quarter")
    by_burst: dict[str, list[str]] = {}
    for row in rows:
        name, _, part = str(row["cell"]).rpartition(", ")
        if "bursts expected" in name:
            false = part == "at the limit"
            said = name.replace(" bursts expected at the limit", "")
            by_burst.setdefault(said, []).append(_cell(row["pass"], false))
    return _markdown(head, [[name, *cells] for name, cells in by_burst.items()])


def _held(judged: Sequence[Row], equal: Sequence[Row]) -> str:
    """Return, in lines, the mean, the worst and how many cells are over what is to be held."""
    kinds: dict[str, tuple[Sequence[Row], str, Callable[[Row], bool]]] = {
        "false passes, quantiles": (judged, "pass", lambda row: row["cell"][3] > 0),
        "false passes, means": (judged, "pass", lambda row: not row["cell"][3]),
        "false fails": (judged, "fail", lambda _: True),
        "comparisons, false increases": (equal, "false increase", lambda _: True),
        "comparisons, false passes at the margin": (equal, "false pass", lambda _: True),
    }
    head = ("cells of 300 s and longer", "cells", "mean", "worst", "in", f"over {HELD:g} %")
    lines = []
    for said, (rows, name, wanted) in kinds.items():
        cells = [row for row in rows if row["cell"][2] >= 300 and wanted(row)]
        worst = max(cells, key=lambda row: float(row[name]))
        system, _, length, q = worst["cell"]
        over = sorted({row["cell"][0] for row in cells if row[name] > HELD})
        count = sum(row[name] > HELD for row in cells)
        lines.append(
            [
                said,
                str(len(cells)),
                f"{sum(row[name] for row in cells) / len(cells):.1f}",
                _number(worst[name]),
                f"{system}, {_at(q)}, {length} s",
                f"{count}" + (f": {', '.join(over)}" if over else ""),
            ]
        )
    return _markdown(head, lines)


def main(argv: Sequence[str]) -> int:
    """Renew the tables of a document from a file of ``--json``."""
    source, target = map(Path, argv)
    document = target.read_text(encoding="utf-8")
    for name, content in tables(json.loads(source.read_text(encoding="utf-8"))).items():
        document = placed(document, name, content)
    target.write_text(document, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
