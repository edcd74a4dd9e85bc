"""Who answered, in a report for people."""

from eiload.base.clock import NS_PER_S
from eiload.record.served import Served, Version
from eiload.report import served
from tests.golden import ONE, golden_run, with_target


def said(of: Served) -> list[str]:
    """Return the lines on a target that was served so."""
    run = with_target(golden_run(), "gpu", served=(Served(), of))
    return ["".join(map(str, line)) for line in served.lines(run, 0)]


def test_versions_addresses_and_sizes() -> None:
    """A line each; of one version no times."""
    one = Served(100, 120_000, 2_000, (Version(3, 0, 9, 12),), {"10.0.0.1:1": 60, "10.0.0.2:1": 40})
    assert said(one) == [
        "  answered as version 3, by 12 answers that were looked at",
        "  sent to 10.0.0.1:1 60 %, 10.0.0.2:1 40 %",
        "  size of an answer: mean 1.2 kB, largest 2 kB",
    ]
    several = Served(versions=(Version(1, 0, NS_PER_S, 1), Version(2, NS_PER_S, 9 * NS_PER_S, 2)))
    (line,) = said(several)
    assert line.startswith(
        "  answered as version 1 (0.0 s to 1.0 s), version 2 (1.0 s to 9.0 s), by 3 "
    )
    assert said(Served()) == []


def test_answers_that_other_clients_would_refuse() -> None:
    """4 MiB is what gRPC's clients take."""
    (line,) = said(Served(2, 4_194_305 + 820, 4_194_305))
    assert "mean 2.1 MB, largest 4.19 MB; over the 4 MiB that gRPC's clients take" in line
    (line,) = said(Served(1, 4_194_304, 4_194_304))
    assert "over" not in line
    assert said(Served(1, 820, 820)) == ["  size of an answer: mean 820 B, largest 820 B"]


def test_many_addresses() -> None:
    """The busiest are listed."""
    (line,) = said(Served(addresses={f"10.0.0.{n}:1": n for n in range(1, 11)}))
    assert line.startswith("  sent to 10.0.0.10:1 18.2 %, 10.0.0.9:1 16.4 %")
    assert line.endswith(", and to 2 others")


def test_what_a_client_does_not_tell() -> None:
    """What gRPC's own cannot say: to which address a request went."""
    text = ONE.replace("model: ssd}", "model: ssd, client: grpcio}")
    run = with_target(golden_run(text), "gpu", served=(Served(1, 10, 10),))
    lines = ["".join(map(str, line)) for line in served.lines(run, 0)]
    assert lines[0] == "  sent over grpcio, which does not tell to which of the server's addresses"


def test_variants_of_an_endpoint() -> None:
    """They have answered, wherever it was sent."""
    text = ONE.replace(
        '{server: "127.0.0.1:8500", model: ssd}',
        "{api: sagemaker, endpoint: ssd, region: eu-west-1}",
    )
    run = with_target(golden_run(text), "gpu", served=(Served(addresses={"A": 3, "B": 1}),))
    (line,) = ["".join(map(str, each)) for each in served.lines(run, 0)]
    assert line == "  answered by A 75 %, B 25 %"
