"""Truth: what a wire adds to a law."""

from bench.laws import Law
from bench.truth import WIRES, Reported, adds
from eiload.scenario.standin import StandIn

LAW = Law("constant 50 ms", StandIn.of(compute="50 ms", concurrency=1000), 200, 1.0, 10)


def test_what_a_wire_adds() -> None:
    """It is the reported less the true quantile, of each wire; one that failed has no figure."""
    ours, other = WIRES.values()
    reports: dict[str, Reported | str] = {
        ours: Reported(200, {0.5: 50.4, 0.99: 52.0}),
        other: "failed: no sender",
    }
    table = adds([(LAW, reports)])
    assert table.rows == (
        ("constant 50 ms", ours, "+0.40", "+2.00"),
        ("constant 50 ms", other, "-", "-"),
    )
