"""deploy/grafana/eiload.json: every query is of metrics and labels that a real page has."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from eiload.export.prometheus import page
from tests.export.moments import moment_of
from tests.golden import TWO, golden_run

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "eiload.json"

WORDS = {
    *("by", "sum", "rate", "increase", "histogram_quantile", "or", "on", "group_left", "le"),
    "label_values",
}
"""PromQL's and Grafana's own words among those of a query."""

OF_ALL = {"instance", "job", "__name__", "le"}
"""Labels that Prometheus itself gives."""


def dashboard() -> dict[str, Any]:
    """Return the dashboard."""
    found: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return found


def on_a_page() -> dict[str, set[str]]:
    """Return the labels of each metric by its name: of samples, and of native histograms."""
    body, _ = page(moment_of(golden_run(TWO)), "")
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
            if family.type == "histogram":
                found.setdefault(family.name, set()).update(sample.labels)
    return found


def queries() -> list[str]:
    """Return the queries of all panels, and those that fill the variables."""
    board = dashboard()
    variables = [each["definition"] for each in board["templating"]["list"] if "definition" in each]
    return [target["expr"] for each in board["panels"] for target in each["targets"]] + variables


def words_of(query: str) -> tuple[set[str], set[str]]:
    """Return the metrics and the labels that a query names."""
    labels = set(re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"', query))
    for group in re.findall(r"\b(?:by|on|group_left)\s*\(([^)]*)\)", query):
        labels |= {label.strip() for label in group.split(",") if label.strip()}
    if found := re.fullmatch(r"label_values\(\w+, (\w+)\)", query):
        labels.add(found[1])
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|on|group_left)\s*\([^)]*\)", " ", query)
    names = set(re.findall(r"\b[a-z_]\w*", bare)) - WORDS - labels
    return names, labels


@pytest.mark.parametrize("query", queries())
def test_each_query_is_of_what_there_is(query: str) -> None:
    """Names and labels; and a bucket's bound only where there are buckets."""
    known = on_a_page()
    names, labels = words_of(query)
    assert names, query
    assert names <= set(known), names - set(known)
    for name in names:
        assert labels - known[name] <= OF_ALL, f"{name} has {sorted(known[name])}"


def test_legends_are_of_what_is_left() -> None:
    """A legend names labels that its query's result has."""
    known = on_a_page()
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            names, _ = words_of(target["expr"])
            groups = re.findall(r"\bby\s*\(([^)]*)\)", target["expr"])
            left = {label.strip() for group in groups for label in group.split(",")} or set.union(
                *(known[name] for name in names)
            )
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= left


def test_it_can_be_imported() -> None:
    """Panels have places of their own, ids differ, and the data source is chosen by who imports."""
    board = dashboard()
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    taken = set[tuple[int, int]]()
    for panel in board["panels"]:
        at = panel["gridPos"]
        assert panel["datasource"]["uid"] == "${datasource}"
        places = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not places & taken
        assert max(x for x, _ in places) < 24
        taken |= places
    used = set(re.findall(r"\$(\w+)", json.dumps([q.replace("$__", "") for q in queries()])))
    assert used <= {each["name"] for each in board["templating"]["list"]}
