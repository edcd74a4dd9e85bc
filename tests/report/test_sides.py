"""Where the time went on both sides, and what a comparison's excess is made of, in a sentence."""

import re

import pytest

from eiload.report import sides
from tests.golden import golden_run
from tests.observe.test_parts import observed as observed_servers
from tests.observe.test_parts import pages, run_of
from tests.report.observed_runs import observed


def test_parts_in_their_order() -> None:
    """Each target's, with shares and limits; p99 only where it can be told."""
    section = sides.section(observed())
    names = [row.cells[1] for row in section.rows]
    assert names == ["lag", "upload", "outside", "handling", "runtime", "download"] * 2
    shares = [float(str(row.cells[2]).removesuffix(" %")) for row in section.rows[:6]]
    assert sum(shares) == pytest.approx(100, abs=0.5)
    runtime = section.rows[4].cells
    assert runtime[3:] == ("50.0", "37.5-67.5", "-")


def test_the_excess_in_one_sentence() -> None:
    """14 ms: most of it outside of the server, 3 ms runtime; it adds up."""
    (line,) = sides.section(observed()).lines
    said = "".join(map(str, line))
    found = re.fullmatch(
        r"ei is (.+) ms slower at the mean: (.+) ms network and transfer, 3\.00 ms runtime"
        r" \(without intervals, no verdict\)",
        said,
    )
    assert found is not None, said
    assert float(found[1]) == pytest.approx(float(found[2]) + 3, abs=0.1)
    assert float(found[1]) == pytest.approx(14, abs=1)


def test_faster_is_said_so() -> None:
    """And what has grown all the same has another sign."""
    run = observed_servers(
        run_of(114, 100), gpu=pages("ssd", 60_000, 50_000), ei=pages("ssdresnet", 63_000, 53_000)
    )
    said = "".join(map(str, sides.sentence(run)))
    assert re.match(
        r"ei is .+ ms faster at the mean: .+ network and transfer, -3\.00 ms runtime", said
    )


def test_a_server_that_says_longer_than_we_waited() -> None:
    """Its account is not of our requests alone."""
    run = observed_servers(run_of(100, 100), gpu=pages("ssd", 200_000, 50_000))
    (line,) = sides.section(run).lines
    assert "longer than we have waited" in "".join(map(str, line))


def test_nothing_was_observed() -> None:
    """Nothing is said."""
    section = sides.section(golden_run())
    assert not section.rows
    assert not section.lines
