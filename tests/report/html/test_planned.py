"""A plan as a page."""

from eiload.report.html.planned import page
from eiload.report.planning import planned
from tests import golden

SIZES = {"gpu": ((1000,),), "ei": ((1000,),)}

CLOSED = """
name: closed
targets: {gpu: {server: "127.0.0.1:8500", model: ssd}}
payload: {synthetic: 64x48}
traffic: [{phase: users, users: 3, for: 30 s}]
"""


def test_a_plan() -> None:
    """The rate is drawn with its phases, the tables are those of the command."""
    made = page(planned(golden.scenario(), SIZES), "A <question>.\n")
    assert "<p>A &lt;question&gt;.</p>" in made
    assert "requests per second at each target" in made
    assert "warm-up" in made
    for title in ("phases", "targets", "in flight", "what it can decide"):
        assert f"<h2>{title}</h2>" in made


def test_nothing_by_the_clock() -> None:
    """A closed loop has no rate to draw."""
    made = page(planned(golden.scenario(CLOSED), {"gpu": ((1000,),)}), "")
    assert "<svg" not in made
    assert "of 3 users" in made
