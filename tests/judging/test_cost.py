"""cost: prices add up, unverified ones say so, and a saving takes objectives that hold."""

import math

import pytest

from eiload.base.errors import ScenarioError
from eiload.judging import cost as cost_module
from eiload.judging.cost import check, cost, priced
from eiload.judging.prices import PRICES, Standing
from tests.golden import ONE, TWO, Floats, away, golden_run, scenario, steady, with_target

MACHINES = (
    "p2.xlarge", "p3.2xlarge", "g4dn.xlarge", "t2.medium", "t3.xlarge", "c5.large", "m5.large",
    "eia1.medium", "eia1.large", "eia1.xlarge", "eia2.medium", "eia2.large", "eia2.xlarge",
    "ml.eia1.medium", "ml.eia1.large", "ml.eia1.xlarge", "ml.eia2.medium", "ml.eia2.large",
    "ml.eia2.xlarge", "ml.p2.xlarge", "ml.p3.2xlarge", "ml.g4dn.xlarge", "ml.t2.medium",
    "ml.c5.large", "ml.m5.large",
)  # fmt: skip


@pytest.mark.parametrize("machine", MACHINES)
def test_the_machines_of_the_question_have_prices(machine: str) -> None:
    """Each with a source, a date and how well it is founded."""
    price = PRICES[machine]
    assert price.name == machine
    assert 0 < price.usd_per_h < 10
    assert price.source
    assert price.date


def test_derived_prices_follow_their_ratio() -> None:
    """SageMaker's accelerators cost 1.4 times EC2's, its hosts 1.25 times; medium is half large."""
    for size in ("eia1.medium", "eia2.medium", "eia2.large", "eia2.xlarge"):
        assert PRICES[f"ml.{size}"].usd_per_h / PRICES[size].usd_per_h == pytest.approx(1.4, 0.001)
    for host in ("p2.xlarge", "p3.2xlarge", "g4dn.xlarge", "t2.medium", "c5.large", "m5.large"):
        assert PRICES[f"ml.{host}"].usd_per_h / PRICES[host].usd_per_h == pytest.approx(1.25)
    for generation in ("eia1", "eia2", "ml.eia1", "ml.eia2"):
        medium, large = (PRICES[f"{generation}.{size}"].usd_per_h for size in ("medium", "large"))
        assert medium * 2 == pytest.approx(large)


@pytest.mark.parametrize(
    ("text", "usd_per_h", "parts"),
    [
        ("0.90 USD/h", 0.90, 0),
        ("0.085 USD/h + 0.12 USD/h", 0.205, 0),
        ("p2.xlarge", 0.90, 1),
        ("t2.medium + eia2.medium", 0.1664, 2),
        ("T2.Medium+0.12 USD/h", 0.1664, 1),
    ],
)
def test_prices_are_amounts_names_and_sums(text: str, usd_per_h: float, parts: int) -> None:
    """As scenarios write them."""
    price = priced(text)
    assert price.usd_per_h == pytest.approx(usd_per_h)
    assert len(price.parts) == parts


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("p2.xlrge", r"no published price, got 'p2.xlrge' \(did you mean 'p2.xlarge'\?\)"),
        ("0.90", "no unit"),
        ("", "not a price"),
        ("t2.medium +", "not a price"),
    ],
)
def test_wrong_prices_are_refused_with_a_hint(text: str, match: str) -> None:
    """Misspelt machines and amounts without a unit."""
    with pytest.raises(ValueError, match=match):
        priced(text)


def test_wrong_prices_are_found_before_the_run() -> None:
    """All of them, each with its target: exit 2."""
    check(scenario())
    wrong = scenario(TWO.replace("0.90 USD/h", "p9.huge"))
    with pytest.raises(ScenarioError, match=r"^golden\.yaml: targets\.gpu\.price: no published"):
        check(wrong)
    assert cost(golden_run(TWO.replace("0.90 USD/h", "p9.huge")), holds=True) is not None


def test_derived_prices_say_so() -> None:
    """Wherever the price is shown, its standing can be."""
    caveats = priced("t2.medium + eia2.medium").caveats
    assert len(caveats) == 2
    assert caveats[0].startswith("eia2.medium at 0.12 USD/h is derived: half of a large one")
    assert PRICES["t2.medium"].standing is Standing.PUBLISHED


@pytest.mark.parametrize("name", ["eia1.large", "eia2.xlarge", "ml.eia2.medium"])
def test_what_has_ended_is_history(name: str) -> None:
    """Nobody shall plan with the price of an accelerator that is not sold any more."""
    assert PRICES[name].history
    said = priced(f"{name} + c5.large").caveats[-1]
    assert said.startswith(name)
    assert "was the price in 2019" in said
    assert "ended Elastic Inference in April 2024" in said
    assert not PRICES["ml.m5.large"].history


def test_usd_per_million_is_price_over_measured_throughput() -> None:
    """0.90 USD/h at 20/s: 72,000 an hour, 12.50 USD a million."""
    text = TWO.replace("rate: 20/s", "rate: 20/s, arrivals: constant")
    found = cost(golden_run(text), holds=True)
    assert found is not None
    gpu, ei = found.targets
    assert gpu.usd_per_million == pytest.approx(12.5, rel=0.005)
    assert ei.usd_per_million == pytest.approx(12.5 * 0.17 / 0.9, rel=0.005)
    assert gpu.in_flight == pytest.approx(2, rel=0.05)
    assert found.saving == pytest.approx(1 - 0.17 / 0.9, rel=0.01)
    assert found.ratio is not None
    assert found.ratio.low <= found.ratio.value <= found.ratio.high
    assert "a saving of 81.1 %" in found.statement


def test_cheaper_is_no_saving_unless_the_objectives_hold() -> None:
    """A target that misses its objectives is not the same thing for less."""
    found = cost(golden_run(), holds=False)
    assert found is not None
    assert found.saving is None
    assert "not called a saving" in found.statement


def test_the_cost_line_of_an_emulated_run_says_so() -> None:
    """It is a sentence that is quoted alone."""
    run = with_target(golden_run(), "ei", emulated="eia2.medium")
    found = cost(run, holds=True)
    assert found is not None
    assert found.statement.startswith("emulated: ei costs ")


def test_dearer_is_never_a_saving() -> None:
    """The sign is the candidate's."""
    found = cost(golden_run(TWO.replace("0.17 USD/h", "p3.2xlarge")), holds=True)
    assert found is not None
    assert found.saving is None
    assert "saving" not in found.statement


def test_it_says_at_which_load_this_holds() -> None:
    """The cheaper one may merely be less loaded."""
    found = cost(golden_run(), holds=True)
    assert found is not None
    assert found.notes[0].startswith("at 20.1/s offered to each, in flight on average: gpu 2, ei 2")
    assert "less loaded" in found.notes[0]


def test_failed_requests_make_the_good_ones_dearer() -> None:
    """Only good inferences count."""
    found = cost(golden_run(answers={"ei": away(steady(100, 1), 100, 200)}), holds=False)
    assert found is not None
    assert found.targets[1].usd_per_million > 1.3 * 12.5 * 0.17 / 0.9


def test_no_good_inference_has_no_price() -> None:
    """Infinite, without a ratio, and no division by zero."""

    def fails(due_s: Floats) -> Floats:
        return due_s * math.inf + math.inf

    found = cost(golden_run(answers={"ei": fails}), holds=False)
    assert found is not None
    assert math.isinf(found.targets[1].usd_per_million)
    assert found.ratio is None
    assert found.statement == ""


def test_no_prices_no_cost() -> None:
    """Without `price:` there is nothing to say."""
    assert cost(golden_run(ONE), holds=True) is None
    alone = cost(golden_run(ONE.replace("model: ssd", "model: ssd, price: p2.xlarge")), holds=True)
    assert alone is not None
    assert alone.ratio is None
    assert cost_module.MILLION == 10**6


def test_a_short_run_has_a_ratio_without_an_interval() -> None:
    """Under 12 blocks the ratio is said and its interval is not."""
    found = cost(golden_run(TWO.replace("5 min", "30 s")), holds=True)
    assert found is not None
    assert found.ratio is not None
    assert math.isnan(found.ratio.low)
    assert found.saving is None


def test_a_price_that_is_not_known_is_said() -> None:
    """In a run file from elsewhere: the other target's cost is shown, and what is missing named."""
    text = TWO.replace("price: 0.17 USD/h", "price: x9.huge")
    found = cost(golden_run(text), holds=True)
    assert found is not None
    assert [each.name for each in found.targets] == ["gpu"]
    assert any("the cost of ei is not known" in note and "x9.huge" in note for note in found.notes)
