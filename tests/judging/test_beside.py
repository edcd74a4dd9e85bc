"""Cautions from what was observed: others' load, restarts, GPUs that were held back, steal."""

from dataclasses import replace

from eiload.judging import beside, health
from eiload.record.served import Served
from tests.golden import golden_run
from tests.observe.made import series, source, with_sources
from tests.observe.test_foreign import counted as page
from tests.observe.test_foreign import run_of
from tests.observe.test_server import AT_S, requests
from tests.report.observed_runs import observed


def test_others_load_is_loud() -> None:
    """Over one per cent; below it is in the tables alone."""
    (said, *_) = beside.cautions(with_sources(run_of(), {"gpu": [page(105)]}))
    assert said == (
        "FOREIGN LOAD: at least 5 requests (4.76 %) that the server of gpu counted are not ours:"
        " its times are those of another load than this one"
    )
    assert list(beside.cautions(with_sources(run_of(), {"gpu": [page(101)]}))) == []


def test_a_restart() -> None:
    """It is told where the verdict is read."""
    counts = [0, 10, 20, 30, None, 10, 20, 30, 40, 50, 60, 60]
    run = with_sources(run_of(), {"gpu": [source(requests(counts), at_s=AT_S)]})
    assert list(beside.cautions(run)) == ["the server of gpu was restarted between 3 s and 4 s"]


def test_another_servers_page() -> None:
    """Good answers that are in nobody's counts."""
    (said,) = beside.cautions(with_sources(run_of(), {"gpu": [page(60)]}))
    assert said.startswith("40 good answers of gpu are not in its server's counts")


def test_devices() -> None:
    """A GPU that was power-capped, a host whose hypervisor took a tenth."""
    said = list(beside.cautions(observed()))
    assert said == [
        "a GPU of gpu was power-capped in 9.09 % of the phases",
        "the hypervisor took 10 % of the CPU time of gpu's host",
    ]
    assert set(said) <= set(health.check(observed()).cautions)


VARIANT = """
name: variants
targets:
  a: {api: sagemaker, endpoint: ssd, region: eu-west-1, variant: A}
payload: {synthetic: 64x48}
traffic:
  - {phase: steady, rate: 20/s, for: 5 min}
"""


def test_another_variant_answered() -> None:
    """Of the addresses, those that are none: answers by nobody are no other variant's."""
    run = golden_run(VARIANT)
    told = "ANOTHER VARIANT: of 60 requests to a, which asked for A, 2 by B, 1 by C: its times"
    for addresses, cautions in (
        ({"A": 60}, []),
        ({"A": 60, "10.0.0.7:443": 3}, []),
        ({"A": 57, "B": 2, "C": 1}, [f"{told} are those of several systems"]),
    ):
        served = (Served(answers=60, addresses=addresses),)
        facts = replace(run.targets[0], served=served)
        assert list(beside.cautions(replace(run, targets=(facts,)))) == cautions


def test_nothing_was_observed() -> None:
    """Nothing is said."""
    assert list(beside.cautions(golden_run())) == []
    idle = source(series("gpu_use", [1.0], gpu="a", name="b"), at_s=[0.0], kind="gpu")
    assert list(beside.cautions(with_sources(golden_run(), {"gpu": [idle]}))) == []
