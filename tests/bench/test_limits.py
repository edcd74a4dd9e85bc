"""What is to be reached, and the word on whether it was."""

from bench.figures import spread
from bench.limits import LIMITS, SCENARIO, Key, reached
from bench.server import LARGE, SMALL


def test_words() -> None:
    """Reached or not, by the median of the rounds; without a ratio nothing was measured."""
    key: Key = (SCENARIO, LARGE, 1)
    other: Key = (SCENARIO, SMALL, 16)
    ratios = {
        (key, "h2load"): spread([0.5, 0.7, 3.0]),
        (other, "h2load"): spread([4.1]),
        (key, "perf_analyzer"): spread([]),
    }
    table = reached(ratios, [0.1, 0.2, 0.12], "3 rounds")
    words = {row[:3]: (row[4], row[5]) for row in table.rows}
    assert len(table.rows) == sum(len(flights) for _, flights, *_ in LIMITS) + 1
    cpu = f"CPU of {SCENARIO} / of "
    assert words[LARGE.name, "1", f"{cpu}h2load"] == ("0.70 (0.50 .. 3.00)", "yes")
    assert words[SMALL.name, "16", f"{cpu}h2load"] == ("4.10", "no")
    assert words[LARGE.name, "1", f"{cpu}perf_analyzer"] == ("-", "not measured")
    assert words[LARGE.name, "16", f"{cpu}h2load"] == ("-", "not measured")
    assert words[SMALL.name, "1", f"p50 of {SCENARIO}, ms"][1] == "yes"
