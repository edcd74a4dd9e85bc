"""bench.equal, and by it: a real server compared with itself has no favourite."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bench.equal import LISTED, Said, mean, one_run, scenario, table

LENGTH_S = 62
"""The shortest comparison that gets a verdict, and a little."""

TIMES = 3
"""Tries, where the machine was too busy for a valid run."""


def valid(number: int) -> Said:
    """Return what a run says that was not too busy to be judged."""
    for _ in range(TIMES):
        said = one_run(number, LENGTH_S)
        if said.word != "invalid":
            return said
    pytest.skip(f"the machine was too busy for {TIMES} runs of a generator that keeps its schedule")


def test_a_real_server_has_no_favourite() -> None:
    """One ``eiload serve --compute "50 ms" --concurrency 1`` is as quick as itself, either way.

    The arrivals of these seeds are far from an alarm: of all seeds, 5 in 100 may give one.
    """
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(valid, (0, 1)))
    assert {each.first for each in said} == {listed[0] for listed in LISTED}
    assert {each.word for each in said} <= {"no increase", "inconclusive"}
    assert all(0.9 < each.ratio < 1.1 for each in said)


def test_either_target_is_listed_first() -> None:
    """Both listings ask the same of the same server, with one baseline."""
    one, other = (scenario("127.0.0.1:1", listed, 1, 62) for listed in LISTED)
    assert list(one.targets) == [*reversed(other.targets)]
    assert one.compare == other.compare
    assert one.traffic == other.traffic


def test_table_counts_words_by_listing() -> None:
    """A row for each listing, a column for each word that was said."""
    said = [
        Said("baseline", "no increase", 1.01),
        Said("candidate", "no increase", 0.98),
        Said("candidate", "inconclusive", 1.02),
        Said("candidate", "invalid", float("nan")),
    ]
    lines = [line.replace(" ", "") for line in table(said).splitlines()]
    assert "|baseline|1|0|0|1|-|" in lines
    assert "|candidate|3|1|1|1|1.000[0.775,1.289]|" in lines


def test_mean_of_ratios_has_its_interval() -> None:
    """Twice as slow and twice as fast are equal on average; of one run there is no interval."""
    assert mean([2.0, 0.5, 1.0]) == "1.000 [0.179, 5.595]"
    assert mean([1.5]) == "-"
